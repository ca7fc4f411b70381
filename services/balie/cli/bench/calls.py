"""The load: a process of its own that makes calls with requests that were written before, and times each of them.

It sends and receives bytes, so that it does the same work for every server and leaves as much of the machine to each.

Run as `python -m balie.cli.bench.calls ADDRESS METHOD FILE IN_FLIGHT SECONDS FIRST`; a METHOD of gRPC, or `http` for
requests of HTTP/1.1 as they are. The file is a JSON array of requests in Base64, which are sent in turn from number FIRST
on; 0 seconds send each once and give the replies back. Prints one JSON object.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from balie.cli.bench.http import Http, HttpFailed

HTTP = "http"
"""Stands for a method, where calls are those of HTTP."""

_TIMEOUT_SECONDS = 60.0

_Call = Callable[[bytes], Awaitable[bytes]]


class Calls:
    """Keeps a number of calls in flight.

    Args:
        call: makes one.
        requests: what to send, in turn.
        seconds: after which no call is begun any more; 0 sends each request once.
        first: number of the request to begin with.
    """

    def __init__(self, call: _Call, requests: Sequence[bytes], seconds: float, first: int) -> None:
        self._call, self._requests = call, requests
        self._next, self._most = first, None if seconds else first + len(requests)
        self._end = time.perf_counter() + (seconds or float("inf"))
        self.latencies: list[float] = []
        self.replies: dict[int, bytes] = {}
        self.failed = 0

    async def run(self, in_flight: int) -> None:
        """Returns when the time is over and every call has ended."""
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(self._one_after_another())

    async def _one_after_another(self) -> None:
        while self._next != self._most and time.perf_counter() < self._end:
            number = self._next % len(self._requests)
            self._next += 1
            begin = time.perf_counter()
            try:
                reply = await self._call(self._requests[number])
            except (grpc.RpcError, HttpFailed):
                self.failed += 1
                continue
            self.latencies.append(time.perf_counter() - begin)
            if self._most is not None:
                self.replies[number] = reply


async def measure(
    address: str, method: str, requests: Sequence[bytes], in_flight: int, seconds: float, first: int
) -> dict[str, object]:
    """Returns the latencies in seconds, the time it took, how many calls failed, and the replies by number."""
    async with _opened(address, method) as call:
        await call(requests[first % len(requests)])  # connects
        begin, calls = time.perf_counter(), Calls(call, requests, seconds, first)
        await calls.run(in_flight)
        return {
            "seconds": time.perf_counter() - begin,
            "latencies": calls.latencies,
            "failed": calls.failed,
            "replies": {n: base64.b64encode(reply).decode() for n, reply in calls.replies.items()},
        }


@asynccontextmanager
async def _opened(address: str, method: str) -> AsyncIterator[_Call]:
    """Gives what makes a call."""
    if method == HTTP:
        async with Http(address, _TIMEOUT_SECONDS) as http:
            yield http.call
        return
    async with grpc.aio.insecure_channel(address) as channel:
        stub: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)

        async def call(request: bytes) -> bytes:
            reply: bytes = await stub(request, timeout=_TIMEOUT_SECONDS)
            return reply

        yield call


if __name__ == "__main__":
    to, name, file, in_flight_argument, seconds_argument, first_argument = sys.argv[1:]
    written = [base64.b64decode(one) for one in json.loads(Path(file).read_text(encoding="ascii"))]
    found = measure(to, name, written, int(in_flight_argument), float(seconds_argument), int(first_argument))
    sys.stdout.write(json.dumps(asyncio.run(found)))
