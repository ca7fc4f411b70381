"""The one place where a failure becomes a gRPC status: its code, its text and its machine-readable details.

Every error carries exactly one `google.rpc.ErrorInfo` (AIP-193), in the trailing metadata that gRPC reserves for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from balie.kit.errors import (
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
)

DOMAIN = "balie"
DETAILS_KEY = "grpc-status-details-bin"
INTERNAL_MESSAGE = "internal error"

# Trailing metadata share 8 KiB with whatever proxies add; beyond it a client sees RESOURCE_EXHAUSTED instead.
_MESSAGE_CHARACTERS = 512
_VALUE_CHARACTERS = 256

CODES: Mapping[type[Failure], grpc.StatusCode] = {
    InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    Conflict: grpc.StatusCode.ABORTED,
    OutOfRange: grpc.StatusCode.OUT_OF_RANGE,
    Exhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""The status of each kind of failure; whatever is no failure is INTERNAL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as gRPC sends it.

    Attributes:
        code: the status.
        reason: the ErrorInfo's reason.
        message: one sentence for a developer.
        metadata: the ErrorInfo's facts.
        retry_after_seconds: how long the client should wait, seconds; None without a RetryInfo.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str]
    retry_after_seconds: float | None = None

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """Returns the metadata that carry the details: a serialised `google.rpc.Status`."""
        number: int = self.code.value[0]
        status = Status(code=number, message=self.message)
        status.details.add().Pack(ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata))
        if self.retry_after_seconds is not None:
            delay = Duration()
            delay.FromNanoseconds(round(self.retry_after_seconds * 1e9))
            status.details.add().Pack(RetryInfo(retry_delay=delay))
        return ((DETAILS_KEY, status.SerializeToString()),)


def code_of(failure: Failure) -> grpc.StatusCode:
    """Returns the status of a failure, by its kind."""
    return next(CODES[base] for base in type(failure).__mro__ if base in CODES)


def answer_to(failure: Failure, request_id: str) -> Answer:
    """Returns how a failure is told to the caller of the call `request_id`."""
    metadata = {name: _cut(value, _VALUE_CHARACTERS) for name, value in failure.metadata.items()}
    return Answer(
        code=code_of(failure),
        reason=failure.reason,
        message=_cut(failure.message, _MESSAGE_CHARACTERS),
        metadata=metadata | {"request_id": request_id},
        retry_after_seconds=getattr(failure, "retry_after_seconds", None),
    )


def internal(request_id: str) -> Answer:
    """Returns how a bug is told to the caller: not at all, beside the id under which the log tells it."""
    return Answer(grpc.StatusCode.INTERNAL, "INTERNAL", INTERNAL_MESSAGE, {"request_id": request_id})


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
