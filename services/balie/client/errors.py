"""What went wrong, read from a failed call: a reason to act on, not a text to search in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from balie.client.defaults import REQUEST_ID

DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class CallError:
    """Why a call failed.

    Attributes:
        code: gRPC's status.
        reason: a name of ErrorReason without its `ERROR_REASON_` prefix; empty when the service did not answer
            itself, as when nobody listens.
        message: one sentence for a developer.
        metadata: the facts, such as the field at fault and its limit.
        request_id: names the call in the services' logs; empty when the service did not answer itself.
        retry_after_seconds: how long to wait before trying again, seconds; None when the service does not say.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    retry_after_seconds: float | None = None


def error_of(error: grpc.RpcError) -> CallError:
    """Returns what a failed call tells, of an asyncio or a blocking channel."""
    failed: Any = error
    code = failed.code() if hasattr(failed, "code") else None
    trailers = dict(_pairs(failed.trailing_metadata() if hasattr(failed, "trailing_metadata") else None))
    info, retry = _details(trailers.get(DETAILS_KEY))
    metadata = dict(info.metadata)
    return CallError(
        code=code or grpc.StatusCode.UNKNOWN,
        reason=info.reason,
        message=(failed.details() if hasattr(failed, "details") else None) or "",
        metadata=metadata,
        request_id=metadata.get("request_id") or str(trailers.get(REQUEST_ID, "")),
        retry_after_seconds=None if retry is None else retry.retry_delay.ToNanoseconds() / 1e9,
    )


def _pairs(metadata: Iterable[Any] | None) -> list[tuple[str, str | bytes]]:
    return [(name, value) for name, value in metadata or ()]


def _details(raw: str | bytes | None) -> tuple[ErrorInfo, RetryInfo | None]:
    info, retry, found = ErrorInfo(), RetryInfo(), False
    try:
        status = Status.FromString(raw) if isinstance(raw, bytes) else Status()
    except DecodeError:
        status = Status()  # written by a proxy, or by nobody we know
    for detail in status.details:
        detail.Unpack(info)
        found = detail.Unpack(retry) or found
    return info, retry if found else None
