"""What every call of a channel carries unless it says otherwise: who calls, for whom, under which id, and for how long.

A call's own metadata and timeout win. On an asyncio channel this is done in the multi-callables and not by
interceptors, which there cost a task per call and change what a stream's call object can do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

import grpc

TENANT = "balie-tenant"
ACT_AS = "balie-act-as"
REQUEST_ID = "balie-request-id"

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What calls carry by default.

    Attributes:
        tenant: whose desk is meant.
        act_as: for whom the caller acts, as `role:id`.
        request_id: names calls in the logs, or returns the name of the next; the server makes one up without.
        timeout_seconds: timeout of a call with one request and one answer, seconds.
    """

    tenant: str | None
    act_as: str | None
    request_id: str | Callable[[], str | None] | None
    timeout_seconds: float

    def metadata(self, given: Iterable[tuple[str, str | bytes]] | None) -> Metadata:
        """Returns the metadata of a call, its own first."""
        own = tuple(given or ())
        names = {name for name, _ in own}
        request_id = self.request_id() if callable(self.request_id) else self.request_id
        added = ((TENANT, self.tenant), (ACT_AS, self.act_as), (REQUEST_ID, request_id))
        return (*own, *((name, value) for name, value in added if value is not None and name not in names))

    def timeout(self, given: float | None) -> float:
        """Returns the timeout of a call with one request and one answer, seconds."""
        return self.timeout_seconds if given is None else given


class DefaultsChannel(grpc.aio.Channel):
    """An asyncio channel whose calls carry defaults."""

    def __init__(self, channel: grpc.aio.Channel, defaults: Defaults) -> None:
        self._channel = channel
        self._defaults = defaults

    async def __aenter__(self) -> Self:
        await self._channel.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._channel.__aexit__(kind, error, trace)

    async def close(self, grace: float | None = None) -> None:
        """Closes the channel; calls in flight get `grace` seconds, None cancels them."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 — gRPC's
        """Returns whether the channel is connected, and connects an idle one when asked to."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Returns when the channel is in another state than the one given."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Returns when the channel is connected."""
        await self._channel.channel_ready()

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a callable for one request and one answer."""
        return _WithDefaults(self._channel.unary_unary(*args, **kwargs), self._defaults, has_timeout=True)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a callable for one request and a stream of answers."""
        return _WithDefaults(self._channel.unary_stream(*args, **kwargs), self._defaults)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a callable for a stream of requests and one answer."""
        return _WithDefaults(self._channel.stream_unary(*args, **kwargs), self._defaults)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a callable for streams both ways."""
        return _WithDefaults(self._channel.stream_stream(*args, **kwargs), self._defaults)


class _WithDefaults:
    def __init__(self, callable_: Any, defaults: Defaults, *, has_timeout: bool = False) -> None:
        self._callable = callable_
        self._defaults = defaults
        self._has_timeout = has_timeout

    def __call__(self, *args: Any, timeout: float | None = None, metadata: Any = None, **kwargs: Any) -> Any:
        if self._has_timeout:
            timeout = self._defaults.timeout(timeout)
        return self._callable(*args, timeout=timeout, metadata=self._defaults.metadata(metadata), **kwargs)


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Metadata
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class DefaultsInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Gives the calls of a blocking channel their defaults."""

    def __init__(self, defaults: Defaults) -> None:
        self._defaults = defaults

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        """Returns the call with its defaults, the timeout among them."""
        timeout = self._defaults.timeout(client_call_details.timeout)
        return continuation(self._details(client_call_details, timeout), request)

    def intercept_unary_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        """Returns the call with its defaults."""
        return continuation(self._details(client_call_details, client_call_details.timeout), request)

    def intercept_stream_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Returns the call with its defaults."""
        return continuation(self._details(client_call_details, client_call_details.timeout), request_iterator)

    def intercept_stream_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Returns the call with its defaults."""
        return continuation(self._details(client_call_details, client_call_details.timeout), request_iterator)

    def _details(self, given: Any, timeout: float | None) -> grpc.ClientCallDetails:
        details = _Details(
            method=given.method,
            timeout=timeout,
            metadata=self._defaults.metadata(given.metadata),
            credentials=given.credentials,
            wait_for_ready=getattr(given, "wait_for_ready", None),
            compression=getattr(given, "compression", None),
        )
        return cast(grpc.ClientCallDetails, details)
