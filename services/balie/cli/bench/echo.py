"""The floor of every call: a gRPC server in Python that gives back the bytes it got, with nothing of ours in it.

Run as `python -m balie.cli.bench.echo serve`, which prints its port, or `… call PORT IN_FLIGHT SECONDS`, which prints the
calls per second.
"""

import asyncio
import sys
import time

import grpc

_METHOD = "/bench.Echo/Echo"
_PAYLOAD = b"x" * 64


async def serve() -> None:
    """Serves until the process ends."""

    async def echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return request

    server = grpc.aio.server()
    handler = grpc.method_handlers_generic_handler(
        "bench.Echo", {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    )
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


async def call(port: int, in_flight: int, seconds: float) -> float:
    """Returns the calls per second with so many in flight."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_METHOD)
        await method(_PAYLOAD, timeout=10)
        done = 0
        begin = time.perf_counter()
        end = begin + seconds

        async def one() -> None:
            nonlocal done
            while time.perf_counter() < end:
                await method(_PAYLOAD, timeout=10)
                done += 1

        await asyncio.gather(*(one() for _ in range(in_flight)))
        return done / (time.perf_counter() - begin)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        port_argument, in_flight_argument, seconds_argument = sys.argv[2:]
        rate = asyncio.run(call(int(port_argument), int(in_flight_argument), float(seconds_argument)))
        sys.stdout.write(f"{rate}\n")
