"""Lets several ways to be answered take turns in short rounds, so that a slow moment of the machine meets them all."""

import base64
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.cli.bench.figures import percentile
from balie.cli.bench.machine import cpu_seconds, python
from balie.cli.bench.speeds import ALONE, TOGETHER, Speed
from balie.cli.console import errors

Step = Callable[[str, float], None]
"""Is told what is done now, and the share that is behind it, in [0, 1]."""

_MODULE = "balie.cli.bench.calls"


@dataclass
class Way:
    """Who is asked, and how; and what came of it.

    Attributes:
        address: host:port.
        method: of gRPC, or `calls.HTTP`.
        pid: of the server's process.
        requests: file of what is sent.
        replies: to all requests, by number, once they were sent.
        sent: calls that were made in rounds, so that the next begins with other requests.
    """

    name: str
    address: str
    method: str
    pid: int
    requests: Path
    replies: dict[int, bytes] = field(default_factory=dict)
    sent: int = 0


@dataclass(frozen=True)
class Sample:
    """One way in one round."""

    rate: float
    cpu_ms: float
    latencies: Sequence[float]
    failed: int

    def percentile_ms(self, share: float) -> float:
        """Returns the time below which a share in (0, 1) of the calls lies, milliseconds."""
        return percentile([1000 * latency for latency in self.latencies], share)


Samples = Mapping[tuple[str, int], Sequence[Sample]]
"""By the way's name and the number in flight."""


async def ask_all(ways: Sequence[Way], step: Step) -> None:
    """Sends every way all of its requests once, and keeps the replies."""
    for place, way in enumerate(ways):
        step(f"all messages once: {way.name}", place / len(ways))
        result = await _calls(way, TOGETHER, 0)
        way.replies = {int(n): base64.b64decode(reply) for n, reply in result["replies"].items()}


async def take_turns(ways: Sequence[Way], rounds: int, seconds: float, step: Step) -> Samples:
    """Returns what was measured of each way, alone and together.

    Args:
        ways: what is measured.
        rounds: of each measurement.
        seconds: of one measurement.
        step: is told how far it is.
    """
    samples: dict[tuple[str, int], list[Sample]] = {
        (way.name, in_flight): [] for in_flight in (ALONE, TOGETHER) for way in ways
    }
    done = 0
    for number in range(rounds):
        for in_flight in (ALONE, TOGETHER):
            for place in range(len(ways)):
                way = ways[(place + number) % len(ways)]  # each begins as often as the others
                share = done / (rounds * 2 * len(ways))
                step(f"round {number + 1} of {rounds}, {in_flight} in flight: {way.name}", share)
                samples[way.name, in_flight].append(await _sample(way, in_flight, seconds))
                done += 1
    return samples


def speed(way: str, in_flight: int, samples: Samples, *, yardstick: str) -> Speed:
    """Returns the medians of a way, and how it compares with the yardstick's within each round."""
    own = samples[way, in_flight]
    rival = samples.get((yardstick, in_flight), ()) if way != yardstick else ()
    pairs = [
        (one, other) for one, other in zip(own, rival, strict=False) if one.latencies and other.latencies
    ]
    return Speed(
        way=way,
        in_flight=in_flight,
        calls=sum(len(one.latencies) for one in own),
        failed=sum(one.failed for one in own),
        messages_per_second=statistics.median(one.rate for one in own),
        p50_ms=statistics.median(one.percentile_ms(0.5) for one in own),
        p99_ms=statistics.median(one.percentile_ms(0.99) for one in own),
        cpu_ms_per_message=statistics.median(one.cpu_ms for one in own),
        times_yardstick=_median([one.rate / other.rate for one, other in pairs]),
        share_of_its_p50=_median([one.percentile_ms(0.5) / other.percentile_ms(0.5) for one, other in pairs]),
    )


def written(folder: Path, name: str, requests: Sequence[bytes]) -> Path:
    """Returns the file that requests were written to, for the load to read."""
    file = folder / f"{name.replace(' ', '-')}.json"
    file.write_text(json.dumps([base64.b64encode(one).decode() for one in requests]), encoding="ascii")
    return file


@contextmanager
def bar() -> Iterator[Step]:
    """Draws a bar on standard error for the length of a block; gives what is told the steps."""
    columns = (TextColumn("bench"), BarColumn(bar_width=32), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share)


async def _sample(way: Way, in_flight: int, seconds: float) -> Sample:
    before = cpu_seconds(way.pid)
    result = await _calls(way, in_flight, seconds)
    spent = cpu_seconds(way.pid) - before
    latencies = result["latencies"]
    way.sent += len(latencies)
    return Sample(
        rate=len(latencies) / result["seconds"],
        cpu_ms=1000 * spent / max(1, len(latencies)),
        latencies=latencies,
        failed=result["failed"],
    )


async def _calls(way: Way, in_flight: int, seconds: float) -> dict[str, Any]:
    arguments = (way.address, way.method, str(way.requests), str(in_flight), str(seconds), str(way.sent))
    found: dict[str, Any] = json.loads(await python(_MODULE, *arguments))
    return found


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
