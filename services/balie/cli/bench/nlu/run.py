"""Runs the bench of NLU: both sides learn the same, then take turns in short rounds."""

import asyncio
import base64
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.cli.bench.figures import percentile
from balie.cli.bench.machine import cpu_seconds, machine, python
from balie.cli.bench.nlu import server, yardstick
from balie.cli.bench.nlu.figures import ALONE, EARLY, TOGETHER, WHOLE, YARDSTICK, Answers, Report, Speed
from balie.cli.bench.nlu.messages import Messages
from balie.cli.console import errors

_MODULE = "balie.cli.bench.nlu.calls"

Step = Callable[[str, float], None]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        train: file that both sides learn from.
        messages: file of what is sent, or None for a fifth of `train`.
        learning: what NLU learns with.
        script: the yardstick, or None.
        rounds: of each measurement.
        seconds: of one measurement.
    """

    train: Path
    messages: Path | None
    learning: server.Learning
    script: yardstick.Script | None
    rounds: int
    seconds: float


@dataclass
class _Way:
    """Who is asked, and how; and what came of it.

    Attributes:
        pid: of the server's process.
        requests: file of what is sent.
        intent_of: reads a reply.
        sent: calls that were made in rounds, so that the next begins with other messages.
    """

    name: str
    address: str
    method: str
    pid: int
    requests: Path
    intent_of: Callable[[bytes], str]
    replies: dict[int, bytes] = field(default_factory=dict)
    sent: int = 0


@dataclass(frozen=True)
class _Sample:
    rate: float
    cpu_ms: float
    latencies: Sequence[float]
    failed: int

    def percentile(self, share: float) -> float:
        return percentile([1000 * latency for latency in self.latencies], share)


async def run(plan: Plan) -> Report:
    """Returns the report; takes the time of learning, of sending all messages once, and of all rounds."""
    messages = Messages.read(plan.train, plan.messages)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balie-bench-")))
        step = stack.enter_context(_bar())
        own = await stack.enter_async_context(server.Server(folder / "data", plan.learning.encoder).serving())
        step("both sides learn" if plan.script else "learning", 0.0)
        trained: dict[str, float] = {}
        rival = asyncio.create_task(_rival(stack, plan, messages, folder, trained))
        try:
            trained["balie"] = await own.learn(plan.learning, messages.learned, step)
            step("waiting for the yardstick", 1.0)
            running = await rival
        finally:
            rival.cancel()
        texts = [row.text for row in messages.sent]
        ways = [
            _way(folder, WHOLE, own, [server.request(text, encoded=True) for text in texts]),
            _way(folder, EARLY, own, [server.request(text, encoded=False) for text in texts]),
        ]
        if running:
            file = _written(folder, YARDSTICK, [yardstick.request(text) for text in texts])
            ways.insert(
                0,
                _Way(YARDSTICK, running.address, yardstick.METHOD, running.pid, file, yardstick.intent_of),
            )
        samples = await _measured(plan, ways, step)
        return Report(
            machine=machine(),
            described=f"{len(messages.learned)} messages of {plan.train.parent.name}/{plan.train.name} learned, "
            f"{len(texts)} others sent",
            trained_seconds=trained,
            rounds=plan.rounds,
            seconds=plan.seconds,
            speeds=[_speed(way, in_flight, samples) for in_flight in (ALONE, TOGETHER) for way in ways],
            answers=[_answers(way, ways, messages) for way in ways],
        )


async def _rival(
    stack: AsyncExitStack, plan: Plan, messages: Messages, folder: Path, trained: dict[str, float]
) -> yardstick.Running | None:
    if plan.script is None:
        return None
    begin = time.perf_counter()
    running = await stack.enter_async_context(yardstick.serving(plan.script, messages.learned, folder))
    trained[YARDSTICK] = time.perf_counter() - begin
    return running


async def _measured(plan: Plan, ways: Sequence[_Way], step: Step) -> dict[tuple[str, int], list[_Sample]]:
    """Asks every way for every message once, then lets the ways take turns."""
    samples: dict[tuple[str, int], list[_Sample]] = {
        (way.name, in_flight): [] for in_flight in (ALONE, TOGETHER) for way in ways
    }
    for place, way in enumerate(ways):
        step(f"all messages once: {way.name}", place / len(ways))
        result = await _calls(way, TOGETHER, 0)
        way.replies = {int(n): base64.b64decode(reply) for n, reply in result["replies"].items()}
    done = 0
    for number in range(plan.rounds):
        for in_flight in (ALONE, TOGETHER):
            for place in range(len(ways)):
                way = ways[(place + number) % len(ways)]  # each begins as often as the others
                share = done / (plan.rounds * 2 * len(ways))
                step(f"round {number + 1} of {plan.rounds}, {in_flight} in flight: {way.name}", share)
                samples[way.name, in_flight].append(await _sample(way, in_flight, plan.seconds))
                done += 1
    return samples


async def _sample(way: _Way, in_flight: int, seconds: float) -> _Sample:
    before = cpu_seconds(way.pid)
    result = await _calls(way, in_flight, seconds)
    spent = cpu_seconds(way.pid) - before
    latencies = result["latencies"]
    way.sent += len(latencies)
    return _Sample(
        rate=len(latencies) / result["seconds"],
        cpu_ms=1000 * spent / max(1, len(latencies)),
        latencies=latencies,
        failed=result["failed"],
    )


async def _calls(way: _Way, in_flight: int, seconds: float) -> dict[str, Any]:
    arguments = (way.address, way.method, str(way.requests), str(in_flight), str(seconds), str(way.sent))
    found: dict[str, Any] = json.loads(await python(_MODULE, *arguments))
    return found


def _speed(way: _Way, in_flight: int, samples: Mapping[tuple[str, int], Sequence[_Sample]]) -> Speed:
    own = samples[way.name, in_flight]
    rival = samples.get((YARDSTICK, in_flight), ()) if way.name != YARDSTICK else ()
    pairs = [
        (one, other) for one, other in zip(own, rival, strict=False) if one.latencies and other.latencies
    ]
    return Speed(
        way=way.name,
        in_flight=in_flight,
        calls=sum(len(one.latencies) for one in own),
        failed=sum(one.failed for one in own),
        messages_per_second=statistics.median(one.rate for one in own),
        p50_ms=statistics.median(one.percentile(0.5) for one in own),
        p99_ms=statistics.median(one.percentile(0.99) for one in own),
        cpu_ms_per_message=statistics.median(one.cpu_ms for one in own),
        times_yardstick=_median([one.rate / other.rate for one, other in pairs]),
        share_of_its_p50=_median([one.percentile(0.5) / other.percentile(0.5) for one, other in pairs]),
    )


def _answers(way: _Way, ways: Sequence[_Way], messages: Messages) -> Answers:
    known = [n for n in way.replies if messages.sent[n].label is not None]
    whole = next(one.replies for one in ways if one.name == WHOLE)
    return Answers(
        way=way.name,
        right=sum(way.intent_of(way.replies[n]) == messages.sent[n].label for n in known),
        of=len(known),
        encoded=None if way.name == YARDSTICK else server.encoded_share(way.replies, whole),
        memory_mb=psutil.Process(way.pid).memory_info().rss / 1e6,
    )


def _way(folder: Path, name: str, own: server.Server, requests: Sequence[bytes]) -> _Way:
    return _Way(name, own.address, server.METHOD, own.pid, _written(folder, name, requests), server.intent_of)


def _written(folder: Path, name: str, requests: Sequence[bytes]) -> Path:
    file = folder / f"{name.replace(' ', '-')}.json"
    file.write_text(json.dumps([base64.b64encode(one).decode() for one in requests]), encoding="ascii")
    return file


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


@contextmanager
def _bar() -> Iterator[Step]:
    columns = (TextColumn("bench"), BarColumn(bar_width=32), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share)
