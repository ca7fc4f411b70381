"""A service on a free port, in the test's own process."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import grpc

from balie.kit.chain import Chain
from balie.kit.server import Server, Serving
from balie.kit.settings import ServiceSettings


@dataclass(frozen=True)
class Served:
    """A running service.

    Attributes:
        address: where it listens, host:port.
        channel: a plain channel to it, without retries, closed with the service.
        server: the server itself, for its health and chain.
    """

    address: str
    channel: grpc.aio.Channel
    server: Server


@asynccontextmanager
async def serve(
    lifespan: AbstractAsyncContextManager[Serving],
    *,
    settings: ServiceSettings | None = None,
    chain: Callable[[Chain], Chain] = lambda standard: standard,
) -> AsyncIterator[Served]:
    """Runs a service as production does, on a free port of 127.0.0.1, and yields how to reach it.

    Args:
        lifespan: the service's composition root, called with test settings: `serve(lifespan(settings))`.
        settings: the server's limits and times; where it listens is not taken from them.
        chain: changes the standard chain, such as `lambda chain: chain.replacing("limit", mine)`.
    """
    given = settings or ServiceSettings(listen="127.0.0.1:0", grace_seconds=2)
    async with lifespan as serving:
        server = Server(serving, given.model_copy(update={"listen": "127.0.0.1:0"}), chain=chain)
        async with server.listening() as address, grpc.aio.insecure_channel(address) as channel:
            yield Served(address, channel, server)


def free_address() -> str:
    """Returns an address of 127.0.0.1 on which nobody listens now; for processes that take an address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
