"""Trains and activates models while messages come in, and measures what the messages feel of it.

    python -m tests.integration.nlu.activation_under_load

Runs NLU as a process of its own, with the encoder that ships and the sample desk's examples; keeps some messages in
flight, none of which was seen before; trains two models meanwhile, then activates one and the other in turn. Compares
calls that overlap an activation with those between activations, all of one run, so that a busy machine slows both alike.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import grpc
from tests.encoder_fixture import encoder_folder
from tests.fakes.model_desk import ModelDesk

from balie.api.nlu.v1 import model_pb2, model_service_pb2
from balie.kit.ids import new_id
from balie.kit.testing import free_address
from balie.nlu.examples import Example
from balie.nlu.models.memory import resident_bytes
from balie.nlu.training_data import read_examples

DESK = Path(__file__).parents[3] / "services" / "balie" / "cli" / "waddenveer"
LANGUAGES = ("nl", "de", "en")
_MB = 1_000_000


@dataclass(frozen=True)
class Call:
    """One message: when it began and ended, on the clock `time.perf_counter`, and whether it was understood."""

    begin: float
    end: float
    ok: bool

    @property
    def milliseconds(self) -> float:
        return (self.end - self.begin) * 1000

    def overlaps(self, spans: Sequence[tuple[float, float]]) -> bool:
        return any(self.begin < end and begin < self.end for begin, end in spans)


@dataclass
class Load:
    """Keeps messages in flight.

    Attributes:
        calls: those that ended.
    """

    desk: ModelDesk
    texts: Sequence[str]
    in_flight: int
    calls: list[Call] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._one(number)) for number in range(self.in_flight)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, number: int) -> None:
        for turn in count(number, self.in_flight):
            begin = time.perf_counter()
            try:
                found = await self.desk.analyze(f"{self.texts[turn % len(self.texts)]} {turn}")
                ok = bool(found.model_version)
            except grpc.RpcError:
                ok = False
            self.calls.append(Call(begin, time.perf_counter(), ok))


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        training: of calls while a model was trained, milliseconds.
        during: of calls that overlap an activation.
        between: of those that do not.
        megabytes: memory of the service before the first activation, then after each.
    """

    failed: int
    activations: Sequence[float]
    training: Sequence[float]
    during: Sequence[float]
    between: Sequence[float]
    megabytes: Sequence[float]


async def measure(
    *, intents: Path = DESK / "intents.yaml", activations: int, in_flight: int, pause_seconds: float
) -> Figures:
    """Returns the figures of one run.

    Args:
        intents: file of examples, which models are trained from, and messages made of.
        activations: how many are measured.
        in_flight: messages at a time.
        pause_seconds: between two activations.
    """
    examples = read_examples(intents, LANGUAGES).items
    with tempfile.TemporaryDirectory(prefix="balie-activation-") as folder:
        async with _service(Path(folder)) as (pid, desk):
            return await _measured(pid, desk, examples, activations, in_flight, pause_seconds)


async def _measured(
    pid: int,
    desk: ModelDesk,
    examples: Sequence[Example],
    activations: int,
    in_flight: int,
    pause_seconds: float,
) -> Figures:
    load = Load(desk, [example.text for example in examples], in_flight)
    spans: list[tuple[float, float]] = []
    first = await _trained(desk, examples, 0.05)
    await desk.activate(first)
    async with load.running():
        begin = time.perf_counter()
        second = await _trained(desk, examples, 0.1)
        trained = (begin, time.perf_counter())
        for version in (second, first):  # both were in use once: what is loaded lazily is there
            await desk.activate(version)
        await asyncio.sleep(2 * pause_seconds)
        megabytes = [_megabytes(pid)]
        quiet = time.perf_counter()
        for turn in range(activations):
            begin = time.perf_counter()
            await desk.activate((second, first)[turn % 2])
            spans.append((begin, time.perf_counter()))
            await asyncio.sleep(pause_seconds)
            megabytes.append(_megabytes(pid))
    later = [call for call in load.calls if call.begin > quiet]
    return Figures(
        failed=sum(not call.ok for call in load.calls),
        activations=[(end - begin) * 1000 for begin, end in spans],
        training=[call.milliseconds for call in load.calls if call.overlaps([trained])],
        during=[call.milliseconds for call in later if call.overlaps(spans)],
        between=[call.milliseconds for call in later if not call.overlaps(spans)],
        megabytes=megabytes,
    )


async def _trained(desk: ModelDesk, examples: Sequence[Example], max_wrong: float) -> str:
    promise = model_pb2.Promise(max_wrong=max_wrong)

    async def parts() -> AsyncIterator[model_service_pb2.TrainModelRequest]:
        header = model_service_pb2.TrainingHeader(
            spec=model_pb2.TrainingSpec(promise=promise), request_id=new_id()
        )
        yield model_service_pb2.TrainModelRequest(header=header)
        found = [
            model_pb2.LabelledExample(intent=one.intent, text=one.text, language=one.language)
            for one in examples
        ]
        for start in range(0, len(found), 500):
            part = model_service_pb2.ExamplePart(examples=found[start : start + 500])
            yield model_service_pb2.TrainModelRequest(examples=part)

    models = [message.model async for message in desk.models.TrainModel(parts(), timeout=600)]
    assert models[-1].state == model_pb2.MODEL_STATE_READY, models[-1].failure.message
    return models[-1].version


@asynccontextmanager
async def _service(folder: Path) -> AsyncIterator[tuple[int, ModelDesk]]:
    address = free_address()
    environment = os.environ | {
        "BALIE_NLU_LISTEN": address,
        "BALIE_NLU_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'nlu.sqlite3'}",
        "BALIE_NLU_MODEL_FOLDER": str(folder / "models"),
        "BALIE_NLU_DRAIN_SECONDS": "0",
        "BALIE_ENCODER_FOLDER": str(encoder_folder()),
        "BALIE_ENCODER_VERIFY": "size",
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "balie.nlu", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await channel.channel_ready()
            yield running.pid, ModelDesk(channel)
        finally:
            running.terminate()
            await running.wait()


def _megabytes(pid: int) -> float:
    return resident_bytes(pid=pid) / _MB


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(figures: Figures) -> str:
    """Returns the figures as a table for the docs."""
    lines = ["| calls | number | p50, ms | p99, ms |", "| --- | ---: | ---: | ---: |"]
    for name, values in (
        ("while a model is trained", figures.training),
        ("between activations", figures.between),
        ("during an activation", figures.during),
    ):
        lines.append(
            f"| {name} | {len(values)} | {percentile(values, 0.5):.1f} | {percentile(values, 0.99):.1f} |"
        )
    ratio = percentile(figures.during, 0.99) / percentile(figures.between, 0.99)
    before, after = figures.megabytes[0], statistics.median(figures.megabytes[-3:])
    return "\n".join(
        [
            *lines,
            "",
            f"Failed calls: {figures.failed}. p99 during an activation: {ratio:.2f} of that between activations.",
            f"{len(figures.activations)} activations, median {statistics.median(figures.activations):.0f} ms.",
            f"Memory: {before:.0f} MB before, {max(figures.megabytes):.0f} MB at most, {after:.0f} MB after the last.",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(shown(asyncio.run(measure(activations=20, in_flight=4, pause_seconds=1.0))) + "\n")
