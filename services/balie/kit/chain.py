"""The chain of links around every call: one adapter for all four kinds of RPC, and no link knows which kind it serves.

gRPC's asyncio server hands an interceptor a handler of one of four shapes. The adapter wraps each in a coroutine that
runs in one task from the first link to the last, takes requests and gives answers as bytes, and does the parsing and
serialising itself: so that bytes that do not parse, and answers that do not serialise, pass the links like any other
mistake.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError

from balie.kit import call as calls
from balie.kit.call import Call
from balie.kit.caller import Caller, Role
from balie.kit.errors import RequestMalformed

_NOBODY = Caller("", Role.CONTACT, "")
_INFRASTRUCTURE = "/grpc."


@dataclass(slots=True)
class Exchange:
    """One call on its way through the chain.

    Attributes:
        call: what the service sees of it; links fill it in.
        context: gRPC's own view of it.
        metadata: the text metadata it came with; names in lower case, the last value of a repeated name.
        streams_requests: whether it is asked with a stream.
        streams_answers: whether it answers with a stream, which may be open for days.
        headers: initial metadata of the answer. They are sent with the first answer and never before a failure:
            gRPC's retries take a call that has headers for answered, and would give up on it.
        code: its status, once a link knows it; None means what the handler set, OK by default.
        reason: the reason of its failure.
        field: the request field at fault, when a field is.
        error: the bug it hit.
    """

    call: Call
    context: Any
    metadata: Mapping[str, str]
    streams_requests: bool
    streams_answers: bool
    headers: tuple[tuple[str, str], ...] = ()
    code: grpc.StatusCode | None = None
    reason: str = ""
    field: str = ""
    error: BaseException | None = None

    @property
    def is_infrastructure(self) -> bool:
        """Tells whether it asks for health or reflection, which always answer and are no news."""
        return self.call.method.startswith(_INFRASTRUCTURE)

    @property
    def is_resolved(self) -> bool:
        """Tells whether its caller is known yet."""
        return self.call.caller is not _NOBODY


class Link(Protocol):
    """One concern around a call.

    Attributes:
        name: what it is called in the chain.
        serves_infrastructure: whether it is also around health and reflection.
    """

    name: str
    serves_infrastructure: bool

    def around(self, exchange: Exchange) -> AbstractAsyncContextManager[None]:
        """Returns a context in which the rest of the chain, and at last the handler, runs."""


@dataclass(frozen=True)
class Chain:
    """Links in order, the outermost first."""

    links: tuple[Link, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the links' names, the outermost first."""
        return tuple(link.name for link in self.links)

    def replacing(self, name: str, link: Link) -> "Chain":
        """Returns a chain with `link` in the place of the one called `name`.

        Raises:
            KeyError: there is none.
        """
        if name not in self.names:
            raise KeyError(f"the chain has no link {name!r}; it has {', '.join(self.names)}")
        return Chain(tuple(link if old.name == name else old for old in self.links))

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[Exchange]:
        """Runs the block within every link that concerns this call, and makes it the call being served."""
        with calls.serving(exchange.call):
            async with AsyncExitStack() as stack:
                for link in self.links:
                    if link.serves_infrastructure or not exchange.is_infrastructure:
                        await stack.enter_async_context(link.around(exchange))
                yield exchange


class ChainInterceptor(grpc.aio.ServerInterceptor):
    """Puts a chain around every handler of a server."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any] | None"]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Returns the handler within the chain, or None when the server has no such method."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        served = _Served(self.chain, handler_call_details, handler)
        answer: Any = served.answer_with_stream if handler.response_streaming else served.answer
        match handler.request_streaming, handler.response_streaming:
            case False, False:
                return grpc.unary_unary_rpc_method_handler(answer)
            case False, True:
                return grpc.unary_stream_rpc_method_handler(answer)
            case True, False:
                return grpc.stream_unary_rpc_method_handler(answer)
            case _:
                return grpc.stream_stream_rpc_method_handler(answer)


@dataclass(slots=True)
class _Served:
    """One handler, serving one call in bytes within the chain."""

    chain: Chain
    details: grpc.HandlerCallDetails
    handler: "grpc.RpcMethodHandler[Any, Any]"
    behaviour: Callable[[Any, Any], Any] = field(init=False)

    def __post_init__(self) -> None:
        handler = self.handler
        found = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        if found is None:
            raise TypeError(f"{self.details.method} has no handler of any kind")
        self.behaviour = found

    async def answer(self, raw: Any, context: Any) -> bytes:
        """Returns the one answer of a unary or client-streaming RPC."""
        async with self.chain.around(self._exchange(context)) as exchange:
            opened = _MessageContext(exchange, self._parsed, self._serialised)
            result = await _checked(self.behaviour(self._request(raw, opened), opened))
            if context.code() not in (None, grpc.StatusCode.OK):
                return b""  # gRPC drops the answer of a call that sets another code
            serialised = self._serialised(result)
            await opened.send_headers()
            return serialised

    async def answer_with_stream(self, raw: Any, context: Any) -> None:
        """Writes the answers of a server-streaming or two-way RPC, from a generator or by its own `context.write`."""
        async with self.chain.around(self._exchange(context)) as exchange:
            opened = _MessageContext(exchange, self._parsed, self._serialised)
            result = self.behaviour(self._request(raw, opened), opened)
            if not hasattr(result, "__aiter__"):
                await _checked(result)
            else:
                try:
                    async for message in result:
                        await opened.write(message)
                finally:
                    if inspect.isasyncgen(result):
                        await result.aclose()
            await opened.send_headers()

    def _exchange(self, context: Any) -> Exchange:
        pairs: Iterable[tuple[str, str | bytes]] = self.details.invocation_metadata or ()
        return Exchange(
            call=Call(method=self.details.method, request_id="", caller=_NOBODY),
            context=context,
            metadata={name: value for name, value in pairs if isinstance(value, str)},
            streams_requests=self.handler.request_streaming,
            streams_answers=self.handler.response_streaming,
        )

    def _request(self, raw: Any, opened: "_MessageContext") -> Any:
        return _Requests(opened) if self.handler.request_streaming else self._parsed(raw)

    def _parsed(self, raw: bytes) -> Any:
        if self.handler.request_deserializer is None:
            return raw
        try:
            return self.handler.request_deserializer(raw)
        except (DecodeError, ValueError):
            raise RequestMalformed(self.details.method) from None

    def _serialised(self, message: Any) -> bytes:
        if self.handler.response_serializer is None:
            serialised: bytes = message
            return serialised
        return self.handler.response_serializer(message)


class _MessageContext:
    """gRPC's context, which the adapter took the serialisers from, reading and writing messages again."""

    def __init__(
        self, exchange: Exchange, parse: Callable[[bytes], Any], serialise: Callable[[Any], bytes]
    ) -> None:
        self._context = exchange.context
        self._exchange = exchange
        self._parse = parse
        self._serialise = serialise
        self._has_headers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def read(self) -> Any:
        raw = await self._context.read()
        return raw if raw is grpc.aio.EOF else self._parse(raw)

    async def write(self, message: Any) -> None:
        serialised = self._serialise(message)
        await self.send_headers()
        await self._context.write(serialised)

    async def send_initial_metadata(self, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        self._has_headers = True
        await self._context.send_initial_metadata((*metadata, *self._exchange.headers))

    async def send_headers(self) -> None:
        if not self._has_headers and self._exchange.headers:
            await self.send_initial_metadata(())


class _Requests:
    """The stream of requests of one call; no generator, so that nothing is left to close when a handler stops early."""

    def __init__(self, context: _MessageContext) -> None:
        self._context = context

    def __aiter__(self) -> "_Requests":
        return self

    async def __anext__(self) -> Any:
        message = await self._context.read()
        if message is grpc.aio.EOF:
            raise StopAsyncIteration
        return message


async def _checked(result: Any) -> Any:
    if not inspect.isawaitable(result):
        raise TypeError("a handler must be a coroutine or an asynchronous generator")
    return await result
