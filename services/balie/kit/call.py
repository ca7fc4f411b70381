"""The call being served: who asks, under which request id, how long there is, and what its log line says.

The interceptor chain sets it for the task that serves the call, and tasks started from there see it too. A turn that
goes on after its call has ended keeps its own deadline and never reads this one's.
"""

import hashlib
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from google.protobuf.message import Message

from balie.kit import bounds
from balie.kit.caller import Caller
from balie.kit.ledger import Write

_REQUEST_ID_FIELD = "request_id"
_OF_EVERY_LINE = frozenset(
    {"event", "level", "service", "time", "rpc", "code", "reason", "duration_ms", "request_id"}
)
_LEAST_TIMEOUT_SECONDS = 0.001


@dataclass(slots=True)
class Call:
    """One call while it is served.

    Attributes:
        method: full name, such as `/balie.api.gateway.v1.ConversationService/SendMessage`.
        request_id: from the metadata `balie-request-id`, else made by the server; names the call in the logs of
            every service it passes.
        caller: who asks.
        deadline: when it is over, on the clock `time.monotonic`; infinity for a stream without one.
        fields: what its log line says beside the usual; never a customer's text.
    """

    method: str
    request_id: str
    caller: Caller
    deadline: float = math.inf
    fields: dict[str, object] = field(default_factory=dict)

    def remaining(self) -> float:
        """Returns the seconds left, 0 when it is over, infinity without a deadline."""
        return max(0.0, self.deadline - time.monotonic())


_current: ContextVar[Call] = ContextVar("balie_call")


def current() -> Call:
    """Returns the call being served.

    Raises:
        LookupError: none is.
    """
    try:
        return _current.get()
    except LookupError:
        raise LookupError("no call is being served here") from None


def caller() -> Caller:
    """Returns who asks, of the call being served."""
    return current().caller


def remaining() -> float:
    """Returns the seconds left of the call being served, infinity when it has no deadline."""
    return current().remaining()


def timeout(at_most: float, margin: float = 0.05) -> float:
    """Returns the timeout of a call that this one makes, seconds.

    It leaves `margin` seconds to answer with what came back, and is never zero, so that the callee refuses it and
    not the stub.

    Args:
        at_most: what the callee gets when this call has all the time in the world, seconds.
        margin: what this call keeps for itself, seconds.
    """
    return max(_LEAST_TIMEOUT_SECONDS, min(at_most, remaining() - margin))


def log(**fields: object) -> None:
    """Adds to the one log line of the call being served; ids, counts and states, never a customer's text.

    Raises:
        ValueError: a name is one that every line has.
    """
    if taken := _OF_EVERY_LINE & fields.keys():
        raise ValueError(f"every log line has {', '.join(sorted(taken))} of its own")
    current().fields.update(fields)


def write(request: Message, *, ignoring: Iterable[str] = ()) -> Write:
    """Returns the write that a request asks for, named by its `request_id` and told apart by its other fields.

    Args:
        request: a message with a `request_id` field.
        ignoring: fields in which a replay may differ, such as how long to wait for a reply.

    Raises:
        FieldRequired: the request has no request id.
        FieldTooLong: it has more than 64 characters.
        FieldMalformed: it has others than letters, digits and any of `._:-`.
    """
    call = current()
    request_id = bounds.request_id(getattr(request, _REQUEST_ID_FIELD))
    content = type(request)()
    content.CopyFrom(request)
    for name in (_REQUEST_ID_FIELD, *ignoring):
        content.ClearField(name)
    return Write(
        tenant=call.caller.tenant,
        caller=call.caller.key,
        rpc=call.method,
        request_id=request_id,
        digest=hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest(),
    )


@contextmanager
def serving(call: Call) -> Iterator[Call]:
    """Makes `call` the one being served within the block; for the chain, and for tests of domain code."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
