"""What can go wrong: the kinds of failure, and the failures that every service shares.

A service's own `errors.py` subclasses a kind and names a reason of the contract:

    class ConversationNotFound(NotFound):
        reason = "CONVERSATION_NOT_FOUND"

        def __init__(self, conversation_id: str) -> None:
            super().__init__(f"conversation {conversation_id} does not exist", conversation_id=conversation_id)
"""

from collections.abc import Iterable

from balie.kit.kinds import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    Exhausted,
    FailedPrecondition,
    Failure,
    Forbidden,
    InvalidRequest,
    NotFound,
    OutOfRange,
    Unauthenticated,
    Unavailable,
    as_text,
)

__all__ = [
    "AlreadyExists",
    "CallerForbidden",
    "CallerUnknown",
    "Conflict",
    "CursorExpired",
    "CursorMalformed",
    "DatabaseUnavailable",
    "DeadlineExceeded",
    "DeadlinePassed",
    "DeadlineTooShort",
    "DependencyUnavailable",
    "EtagMismatch",
    "Exhausted",
    "FailedPrecondition",
    "Failure",
    "FieldMalformed",
    "FieldOutOfRange",
    "FieldRequired",
    "FieldTooLong",
    "FieldUnknownValue",
    "Forbidden",
    "ImportOutOfOrder",
    "InvalidRequest",
    "NotFound",
    "OutOfRange",
    "RequestIdReused",
    "RequestMalformed",
    "ServerBusy",
    "ServerStopping",
    "TooManyItems",
    "Unauthenticated",
    "Unavailable",
    "WriteConflict",
]


class FieldRequired(InvalidRequest):
    """A required field is missing or blank."""

    reason = "FIELD_REQUIRED"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is required", field=field)


class FieldTooLong(InvalidRequest):
    """A text or bytes field is longer than its limit."""

    reason = "FIELD_TOO_LONG"

    def __init__(self, field: str, *, limit: int, actual: int, unit: str = "characters") -> None:
        super().__init__(
            f"{field} has {actual} {unit}, at most {limit} are allowed",
            field=field,
            limit=limit,
            actual=actual,
            unit=unit,
        )


class FieldMalformed(InvalidRequest):
    """A field's text does not have the expected form; the text itself is not repeated."""

    reason = "FIELD_MALFORMED"

    def __init__(self, field: str, *, expected: str) -> None:
        super().__init__(f"{field} must be {expected}", field=field, expected=expected)


class FieldOutOfRange(InvalidRequest):
    """A number or duration lies outside its bounds, which are inclusive."""

    reason = "FIELD_OUT_OF_RANGE"

    def __init__(self, field: str, *, minimum: float, maximum: float, actual: float) -> None:
        super().__init__(
            f"{field} is {as_text(actual)}, must be {as_text(minimum)} to {as_text(maximum)}",
            field=field,
            minimum=minimum,
            maximum=maximum,
            actual=actual,
        )


class FieldUnknownValue(InvalidRequest):
    """A field holds a value outside a closed set, such as an unknown enum number; never free text."""

    reason = "FIELD_UNKNOWN_VALUE"

    def __init__(self, field: str, *, value: object, known: Iterable[object]) -> None:
        names = as_text(list(known))
        super().__init__(
            f"{field} is {as_text(value)}, known values are {names}", field=field, value=value, known=names
        )


class TooManyItems(InvalidRequest):
    """A repeated field holds more items than its limit."""

    reason = "TOO_MANY_ITEMS"

    def __init__(self, field: str, *, limit: int, actual: int) -> None:
        super().__init__(
            f"{field} has {actual} items, at most {limit} are allowed",
            field=field,
            limit=limit,
            actual=actual,
        )


class RequestMalformed(InvalidRequest):
    """The bytes of a request do not parse as the RPC's request type."""

    reason = "REQUEST_MALFORMED"

    def __init__(self, rpc: str) -> None:
        super().__init__("the request's bytes do not parse as this RPC's request", rpc=rpc)


class RequestIdReused(AlreadyExists):
    """A request id was used before, by the same caller on the same RPC, with another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"request_id {request_id} was used with another request", reused_request_id=request_id
        )


class CursorMalformed(InvalidRequest):
    """A cursor was not made by this service for this stream."""

    reason = "CURSOR_MALFORMED"

    def __init__(self, field: str = "cursor") -> None:
        super().__init__(f"{field} is not a cursor of this stream", field=field)


class CursorExpired(OutOfRange):
    """A cursor points before what is kept, or beyond what was written; the client starts from a snapshot."""

    reason = "CURSOR_EXPIRED"

    def __init__(self, field: str = "cursor") -> None:
        super().__init__(f"{field} points outside what is kept: start from a snapshot", field=field)


class WriteConflict(Conflict):
    """The database gave up one of two concurrent writes."""

    reason = "WRITE_CONFLICT"

    def __init__(self) -> None:
        super().__init__("a concurrent write came first")


class ServerBusy(Exhausted):
    """As many calls are in flight as the server takes."""

    reason = "SERVER_BUSY"

    def __init__(self, *, limit: int, retry_after_seconds: float = 1.0) -> None:
        super().__init__(
            f"{limit} calls are in flight, more are not taken",
            retry_after_seconds=retry_after_seconds,
            limit=limit,
        )


class DatabaseUnavailable(Unavailable):
    """The service's database does not answer; the driver's text stays in the log."""

    reason = "DATABASE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the database does not answer")


class DependencyUnavailable(Unavailable):
    """A service that this one calls does not answer."""

    reason = "DEPENDENCY_UNAVAILABLE"

    def __init__(self, dependency: str) -> None:
        super().__init__(f"{dependency} does not answer", dependency=dependency)


class ServerStopping(Unavailable):
    """This replica is going away; the client finds another by calling again."""

    reason = "SERVER_STOPPING"

    def __init__(self) -> None:
        super().__init__("the server is stopping: call again to reach another", retry_after_seconds=0.1)


class DeadlineTooShort(DeadlineExceeded):
    """The caller's deadline leaves less time than the call could ever need; nothing was begun."""

    reason = "DEADLINE_TOO_SHORT"

    def __init__(self, *, remaining_seconds: float, least_seconds: float) -> None:
        super().__init__(
            f"{as_text(remaining_seconds)} seconds are left, at least {as_text(least_seconds)} are needed",
            remaining_seconds=remaining_seconds,
            least_seconds=least_seconds,
        )


class DeadlinePassed(DeadlineExceeded):
    """The call's deadline, its own or the server's default, passed while it was worked on."""

    reason = "DEADLINE_TOO_SHORT"

    def __init__(self) -> None:
        super().__init__("the deadline passed before the call was done")


class CallerUnknown(Unauthenticated):
    """The call's metadata does not say who is calling, or not in a form that can be read."""

    reason = "CALLER_UNKNOWN"

    def __init__(self, key: str, *, expected: str) -> None:
        super().__init__(f"the metadata {key} must be {expected}", key=key, expected=expected)


class CallerForbidden(Forbidden):
    """The caller's role, or the one it acts for, may not do this."""

    reason = "CALLER_FORBIDDEN"

    def __init__(self, *, role: str, needed: Iterable[str]) -> None:
        roles = as_text(list(needed))
        super().__init__(
            f"a caller of role {role} may not do this, needed is {roles}", role=role, needed=roles
        )


class EtagMismatch(FailedPrecondition):
    """What is to be changed was changed by somebody else since its etag was read."""

    reason = "ETAG_MISMATCH"

    def __init__(self, etag: str, current_etag: str) -> None:
        now = f"is {current_etag} now" if current_etag else "is none, as it does not exist"
        super().__init__(f"the etag {now}: read it again", etag=etag, current_etag=current_etag)


class ImportOutOfOrder(InvalidRequest):
    """The parts of an import come in another order than header first, then items."""

    reason = "IMPORT_OUT_OF_ORDER"

    def __init__(self, expected: str) -> None:
        super().__init__(f"the import's next message must be its {expected}", expected=expected)
