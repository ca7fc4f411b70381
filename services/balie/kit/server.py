"""The life of a server: signals, then the service's own lifespan, then the port; and the same backwards.

The port opens when everything behind it is built, so that a startup probe waits. On SIGTERM or SIGINT readiness goes
first, calls are still answered while load balancers take notice, those in flight get their grace, and only then does
the service close what it holds.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from balie.kit import log
from balie.kit.caller import CallerResolver, LocalCallers
from balie.kit.chain import Chain, ChainInterceptor
from balie.kit.errors import Failure
from balie.kit.health import Health
from balie.kit.interceptors import standard_chain
from balie.kit.limits import StoppingLink
from balie.kit.settings import ServiceSettings
from balie.kit.signals import Signals

S = TypeVar("S", bound=ServiceSettings)

_FAILED = 1


@dataclass(frozen=True)
class Serving:
    """What a service's lifespan yields: what is served, and when it can be.

    Attributes:
        servicers: pairs of a generated `add_…Servicer_to_server` and the servicer.
        ready: raises a failure while the service cannot serve; checked every second, so readiness flips both ways.
        callers: tells who is calling.
    """

    servicers: Sequence[tuple[Callable[[Any, Any], None], object]]
    ready: Callable[[], Awaitable[None]] | None = None
    callers: CallerResolver = field(default_factory=LocalCallers)


Lifespan = Callable[[S], AbstractAsyncContextManager[Serving]]


class CannotListen(Exception):
    """The address is taken, or not this machine's."""

    def __init__(self, address: str) -> None:
        super().__init__(f"cannot listen on {address}: the address is taken, or not this machine's")


class Server:
    """A gRPC server around one service, with the chain, health and reflection.

    Args:
        serving: what is served.
        settings: limits and times.
        chain: changes the standard chain; tests put a link in another's place.
    """

    def __init__(
        self,
        serving: Serving,
        settings: ServiceSettings,
        *,
        chain: Callable[[Chain], Chain] = lambda standard: standard,
    ) -> None:
        self._settings = settings
        self._stopping = StoppingLink()
        self.chain = chain(standard_chain(settings, serving.callers, self._stopping))
        self._server = grpc.aio.server(
            interceptors=[ChainInterceptor(self.chain)], options=_options(settings)
        )
        names = _Names(self._server)
        for add, servicer in serving.servicers:
            add(servicer, names)
        self.services = tuple(names.found)
        self.health = Health(serving.ready, self.services)
        health_pb2_grpc.add_HealthServicer_to_server(self.health.servicer, self._server)
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection(
            (*self.services, health_name, reflection.SERVICE_NAME), self._server
        )

    @asynccontextmanager
    async def listening(self, hurry: asyncio.Event | None = None) -> AsyncIterator[str]:
        """Opens the port and yields its address; stops taking calls afterwards and gives those in flight their grace.

        Args:
            hurry: cuts the grace short once it is set.

        Raises:
            CannotListen: the address cannot be had.
        """
        await self.health.begin()
        address = self._bind()
        await self._server.start()
        await self.health.live()
        self.health.follow()
        try:
            yield address
        finally:
            await self.health.stop()
            self.stop_streams()
            await self._stop(hurry or asyncio.Event())

    def stop_streams(self) -> None:
        """Ends open streams of answers, and each that opens from now on; their clients reconnect elsewhere."""
        self._stopping.stop()

    async def _stop(self, hurry: asyncio.Event) -> None:
        stopped = asyncio.create_task(self._server.stop(self._settings.grace_seconds))
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait({stopped, hurried}, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not stopped.done():
            await self._server.stop(None)
        await stopped

    def _bind(self) -> str:
        host, _, _ = self._settings.listen.rpartition(":")
        try:
            return f"{host}:{self._server.add_insecure_port(self._settings.listen)}"
        except RuntimeError:
            raise CannotListen(self._settings.listen) from None


def _probe(address: str) -> None:
    """Finds out before anything is loaded, and before gRPC writes lines of its own, that an address cannot be had.

    Raises:
        CannotListen: it cannot.
    """
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen()
    except OSError:
        raise CannotListen(address) from None


def _options(settings: ServiceSettings) -> list[tuple[str, int]]:
    age_milliseconds = settings.max_connection_age_seconds * 1000
    return [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_connection_age_ms", age_milliseconds),
        ("grpc.max_connection_age_grace_ms", age_milliseconds),
        # Clients may ask whether the line is alive, also between calls; the server asks less often.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # A second process on the same port is a mistake, not a second worker.
        ("grpc.so_reuseport", 0),
    ]


class _Names:
    """Stands in for the server while servicers are added, to learn the services' full names."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.found: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self.found += [
            handler.service_name() for handler in handlers if isinstance(handler, grpc.ServiceRpcHandler)
        ]
        self._server.add_generic_rpc_handlers(handlers)


async def serve(lifespan: Lifespan[S], settings: S) -> None:
    """Serves until a signal comes, and returns when everything is closed.

    The first SIGTERM or SIGINT drains, and during the start gives up; the second cancels what is in flight.

    Raises:
        CannotListen: the address cannot be had.
    """
    _probe(settings.listen)
    logger = structlog.get_logger()
    loop = asyncio.get_running_loop()
    log.watch_loop(loop)
    with Signals() as signals:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(None) as start:
                    signals.on_first(lambda: start.reschedule(loop.time()))
                    serving = await stack.enter_async_context(lifespan(settings))
                    server = Server(serving, settings)
                    address = await stack.enter_async_context(server.listening(signals.second))
                    signals.on_first(None)
            except TimeoutError:
                if not start.expired():
                    raise
                logger.info("stopped before serving")
                return
            logger.info("serving", address=address, services=list(server.services))
            await signals.first.wait()
            logger.info("draining", drain_seconds=settings.drain_seconds)
            await server.health.stop()
            with suppress(TimeoutError):
                await asyncio.wait_for(signals.second.wait(), settings.drain_seconds)
    logger.info("stopped")


def run(lifespan: Lifespan[S], settings: S) -> None:
    """Serves until a signal comes; what a service's `__main__` calls.

    A start that fails for a reason ends the process with one line and code 1.
    """
    service = settings.service()
    log.configure(service=service, level=settings.log_level, form=settings.log_format)
    try:
        asyncio.run(serve(lifespan, settings))
    except (CannotListen, Failure) as error:
        sys.stderr.write(f"{service}: {error}\n")
        sys.exit(_FAILED)
