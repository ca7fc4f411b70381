"""The load: a process of its own that sends messages through the gateway and times each until its reply is seen.

Run as `python -m balie.cli.bench.load GATEWAY MESSAGES IN_FLIGHT SECONDS`; prints one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import grpc

from balie.cli import talk
from balie.client import Balie

_CONTACT = "bench"
_MESSAGES_PER_CONVERSATION = 5
_WAIT_SECONDS = 60.0


class Load:
    """Keeps a number of messages in flight for a while."""

    def __init__(self, client: Balie, messages: Iterator[str], seconds: float) -> None:
        self._client = client
        self._messages = messages
        self._end = time.monotonic() + seconds
        self.latencies: list[float] = []
        self.unanswered = 0
        self.failed = 0

    async def run(self, in_flight: int) -> None:
        """Returns when the time is over and every message was answered or given up."""
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(self._one())

    async def _one(self) -> None:
        while time.monotonic() < self._end:
            conversation = await talk.begin(self._client, _CONTACT, channel="bench")
            for _ in range(_MESSAGES_PER_CONVERSATION):
                if time.monotonic() >= self._end:
                    return
                await self._say(conversation.id)

    async def _say(self, conversation: str) -> None:
        begin = time.perf_counter()
        try:
            sent = await talk.say(
                self._client, conversation, next(self._messages), wait_seconds=_WAIT_SECONDS
            )
        except grpc.RpcError:
            self.failed += 1
            return
        if sent.replies:
            self.latencies.append(time.perf_counter() - begin)
        else:
            self.unanswered += 1


async def measure(gateway: str, texts: list[str], in_flight: int, seconds: float) -> dict[str, object]:
    """Returns the latencies in seconds, the time it took, and what went wrong."""
    async with Balie(gateway=gateway, act_as=f"contact:{_CONTACT}") as client:
        load = Load(client, cycle(texts), seconds)
        begin, cpu = time.perf_counter(), time.process_time()
        await load.run(in_flight)
        return {
            "seconds": time.perf_counter() - begin,
            "cpu_seconds": time.process_time() - cpu,
            "latencies": load.latencies,
            "unanswered": load.unanswered,
            "failed": load.failed,
        }


if __name__ == "__main__":
    address, file, in_flight_argument, seconds_argument = sys.argv[1:]
    lines = json.loads(Path(file).read_text(encoding="utf-8"))
    result = asyncio.run(measure(address, lines, int(in_flight_argument), float(seconds_argument)))
    sys.stdout.write(json.dumps(result))
