"""A service of no domain: every kind of RPC, in both styles of handler, around one function that a test provides."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodOptions
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.wrappers_pb2 import StringValue

from balie.kit.caller import CallerResolver, LocalCallers
from balie.kit.errors import NotFound
from balie.kit.server import Serving

SERVICE = "balie.tests.Probe"
UNARY = "Unary"
CLIENT_STREAM = "ClientStream"
GENERATED = "ServerStreamGenerated"
WRITTEN = "ServerStreamWritten"
BOTH_GENERATED = "BothGenerated"
BOTH_WRITTEN = "BothWritten"
ALL = (UNARY, CLIENT_STREAM, GENERATED, WRITTEN, BOTH_GENERATED, BOTH_WRITTEN)
LONG_LIVED = (GENERATED, WRITTEN, BOTH_GENERATED, BOTH_WRITTEN)
REQUEST_STREAMS = (CLIENT_STREAM, BOTH_GENERATED, BOTH_WRITTEN)

Work = Callable[[str], Awaitable[str]]


class ThingNotFound(NotFound):
    """The failure that tests raise."""

    reason = "THING_NOT_FOUND"

    def __init__(self, thing: str) -> None:
        super().__init__(f"thing {thing} does not exist", thing=thing)


class Probe:
    """The servicer: `work` makes an answer of each text."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def _one(self, request: StringValue) -> StringValue:
        return StringValue(value=await self._work(request.value))

    async def unary(self, request: StringValue, context: Any) -> StringValue:
        return await self._one(request)

    async def client_stream(self, requests: AsyncIterator[StringValue], context: Any) -> StringValue:
        return StringValue(value=",".join([(await self._one(request)).value async for request in requests]))

    async def generated(self, request: StringValue, context: Any) -> AsyncIterator[StringValue]:
        for text in request.value.split(","):
            yield await self._one(StringValue(value=text))

    async def written(self, request: StringValue, context: Any) -> None:
        for text in request.value.split(","):
            await context.write(await self._one(StringValue(value=text)))

    async def both_generated(
        self, requests: AsyncIterator[StringValue], context: Any
    ) -> AsyncIterator[StringValue]:
        async for request in requests:
            yield await self._one(request)

    async def both_written(self, requests: AsyncIterator[StringValue], context: Any) -> None:
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(await self._one(request))


def add_probe(probe: Probe, server: Any) -> None:
    """Does what generated code does with a servicer."""
    forms = {
        "request_deserializer": StringValue.FromString,
        "response_serializer": StringValue.SerializeToString,
    }
    handlers = {
        UNARY: grpc.unary_unary_rpc_method_handler(probe.unary, **forms),
        CLIENT_STREAM: grpc.stream_unary_rpc_method_handler(probe.client_stream, **forms),
        GENERATED: grpc.unary_stream_rpc_method_handler(probe.generated, **forms),
        WRITTEN: grpc.unary_stream_rpc_method_handler(probe.written, **forms),
        BOTH_GENERATED: grpc.stream_stream_rpc_method_handler(probe.both_generated, **forms),
        BOTH_WRITTEN: grpc.stream_stream_rpc_method_handler(probe.both_written, **forms),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)


@asynccontextmanager
async def probing(
    work: Work,
    *,
    ready: Callable[[], Awaitable[None]] | None = None,
    callers: CallerResolver | None = None,
) -> AsyncIterator[Serving]:
    """The lifespan of the probe."""
    yield Serving([(add_probe, Probe(work))], ready=ready, callers=callers or LocalCallers())


def call(channel: Any, rpc: str, *texts: str, raw: bytes | None = None, **kwargs: Any) -> Any:
    """Starts a call of any kind on an asyncio channel; `raw` sends these bytes as the one request."""
    kind = {
        UNARY: "unary_unary",
        CLIENT_STREAM: "stream_unary",
        GENERATED: "unary_stream",
        WRITTEN: "unary_stream",
    }
    make = getattr(channel, kind.get(rpc, "stream_stream"))
    callable_ = make(
        f"/{SERVICE}/{rpc}", request_serializer=bytes, response_deserializer=StringValue.FromString
    )
    requests = [StringValue(value=text).SerializeToString() for text in texts] if raw is None else [raw]
    if rpc in REQUEST_STREAMS:
        return callable_(iter(requests), **kwargs)
    if raw is None:
        requests = [StringValue(value=",".join(texts)).SerializeToString()]
    return callable_(requests[0], **kwargs)


async def ask(channel: Any, rpc: str, *texts: str, **kwargs: Any) -> list[str]:
    """Calls an RPC of any kind on an asyncio channel; returns its answers' texts, a joined one taken apart."""
    started = call(channel, rpc, *texts, **kwargs)
    if rpc in LONG_LIVED:
        return [answer.value async for answer in started]
    return (await started).value.split(",")


def described_service(repeatable: tuple[str, ...]) -> ServiceDescriptor:
    """The probe's descriptor, whose methods in `repeatable` say that they are idempotent."""
    file = FileDescriptorProto(name="probe.proto", package="balie.tests", dependency=["wrappers.proto"])
    service = file.service.add(name="Probe")
    for rpc in ALL:
        method = service.method.add(
            name=rpc,
            input_type=".google.protobuf.StringValue",
            output_type=".google.protobuf.StringValue",
            client_streaming=rpc in REQUEST_STREAMS,
            server_streaming=rpc in LONG_LIVED,
        )
        if rpc in repeatable:
            method.options.idempotency_level = MethodOptions.IDEMPOTENT
    pool = DescriptorPool()
    wrappers = FileDescriptorProto()
    StringValue.DESCRIPTOR.file.CopyToProto(wrappers)
    wrappers.name = "wrappers.proto"
    pool.Add(wrappers)
    pool.Add(file)
    return pool.FindServiceByName(SERVICE)
