"""Runs the bench of NLU: both sides learn the same, then take turns in short rounds."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from balie.cli.bench.machine import machine, memory_mb
from balie.cli.bench.nlu import server, yardstick
from balie.cli.bench.nlu.figures import EARLY, WHOLE, YARDSTICK, Answers, Report
from balie.cli.bench.nlu.messages import Messages
from balie.cli.bench.rounds import Way, ask_all, bar, speed, take_turns, written
from balie.cli.bench.speeds import ALONE, TOGETHER


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


async def run(plan: Plan) -> Report:
    """Returns the report; takes the time of learning, of sending all messages once, and of all rounds."""
    messages = Messages.read(plan.train, plan.messages)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balie-bench-")))
        step = stack.enter_context(bar())
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
            file = written(folder, YARDSTICK, [yardstick.request(text) for text in texts])
            ways.insert(0, Way(YARDSTICK, running.address, yardstick.METHOD, running.pid, file))
        await ask_all(ways, step)
        samples = await take_turns(ways, plan.rounds, plan.seconds, step)
        return Report(
            machine=machine(),
            described=f"{len(messages.learned)} messages of {plan.train.parent.name}/{plan.train.name} learned, "
            f"{len(texts)} others sent",
            trained_seconds=trained,
            rounds=plan.rounds,
            seconds=plan.seconds,
            speeds=[
                speed(way.name, in_flight, samples, yardstick=YARDSTICK)
                for in_flight in (ALONE, TOGETHER)
                for way in ways
            ],
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


def _answers(way: Way, ways: Sequence[Way], messages: Messages) -> Answers:
    intent_of = yardstick.intent_of if way.name == YARDSTICK else server.intent_of
    known = [n for n in way.replies if messages.sent[n].label is not None]
    whole = next(one.replies for one in ways if one.name == WHOLE)
    return Answers(
        way=way.name,
        right=sum(intent_of(way.replies[n]) == messages.sent[n].label for n in known),
        of=len(known),
        encoded=None if way.name == YARDSTICK else server.encoded_share(way.replies, whole),
        memory_mb=memory_mb(way.pid),
    )


def _way(folder: Path, name: str, own: server.Server, requests: Sequence[bytes]) -> Way:
    return Way(name, own.address, server.METHOD, own.pid, written(folder, name, requests))
