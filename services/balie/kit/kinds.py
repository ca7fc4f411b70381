"""The kinds of failure, and what all failures have in common; use them through `balie.kit.errors`.

A failure knows its reason and its facts, and no status code: `balie.kit.status` maps kinds to gRPC in one place, so
that a domain module can raise without knowing how it is served.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, ClassVar

_REASON = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_REASON_CHARACTERS = 63  # AIP-193
_EXACT = 1 << 53
"""Below it every whole number is a float of its own."""


class Failure(Exception):
    """Something a caller is told about, with a reason that a machine can act on.

    Direct subclasses are kinds (`NotFound`, `Conflict`, …); only subclasses of a kind, which name a reason, can be
    raised. The message is one sentence for a developer and holds no text of a customer; every part of it that
    varies is repeated in the metadata, so that no machine has to read the sentence.

    Attributes:
        reason: a name of the contract's ErrorReason, without its `ERROR_REASON_` prefix.
        message: one sentence for a developer.
        metadata: the facts of this failure, by name.
    """

    reason: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if Failure in cls.__bases__:
            return
        reason = getattr(cls, "reason", "")
        if len(reason) > _REASON_CHARACTERS or not _REASON.fullmatch(reason):
            raise TypeError(f"{cls.__qualname__} needs a reason in UPPER_SNAKE_CASE of at most 63 characters")

    def __init__(self, message: str, /, **metadata: object) -> None:
        if not hasattr(type(self), "reason"):
            raise TypeError(f"{type(self).__qualname__} is a kind: raise a subclass that names its reason")
        super().__init__(message)
        self.message = message
        self.metadata: dict[str, str] = {
            name: as_text(value) for name, value in metadata.items() if value is not None
        }

    def __reduce__(self) -> tuple[Callable[..., "Failure"], tuple[type["Failure"], str], dict[str, Any]]:
        """Lets a failure cross a process boundary although its subclass takes other arguments than a message."""
        return _restored, (type(self), self.message), self.__dict__


def _restored(kind: type[Failure], message: str) -> Failure:
    return kind.__new__(kind, message)


def as_text(value: object) -> str:
    """Returns `value` as metadata and messages write it: numbers short, sequences joined by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return as_text(value.value)
    if isinstance(value, float):
        # Whole numbers are written out, where `g` alone would say 7.776e+06.
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else f"{value:g}"
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return ", ".join(as_text(item) for item in value)
    return str(value)


class InvalidRequest(Failure):
    """The request can never succeed as it is."""


class NotFound(Failure):
    """A thing that the request names does not exist, or not for this caller."""


class AlreadyExists(Failure):
    """A name or id is taken by something else."""


class FailedPrecondition(Failure):
    """The thing exists and is in a state in which this cannot be done."""


class Conflict(Failure):
    """Another change came first; the caller may read again and repeat the whole step."""


class OutOfRange(Failure):
    """A position lies outside what is kept."""


class Exhausted(Failure):
    """A limit is reached; the same request may succeed later.

    Attributes:
        retry_after_seconds: how long to wait before trying again, seconds.
    """

    def __init__(self, message: str, /, *, retry_after_seconds: float = 1.0, **metadata: object) -> None:
        super().__init__(message, **metadata)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Failure):
    """The service, or something it cannot do without, does not answer now.

    Attributes:
        retry_after_seconds: how long to wait before trying again, seconds; None when nobody knows.
    """

    def __init__(
        self, message: str, /, *, retry_after_seconds: float | None = None, **metadata: object
    ) -> None:
        super().__init__(message, **metadata)
        self.retry_after_seconds = retry_after_seconds


class Unauthenticated(Failure):
    """Who is calling cannot be told."""


class Forbidden(Failure):
    """The caller is known and may not do this."""


class DeadlineExceeded(Failure):
    """The time the caller gave is over, or too short to begin."""
