"""Runs the bench of FAQ: both sides are filled with the same questions, then take turns in short rounds."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from balie.cli.bench.calls import HTTP
from balie.cli.bench.faq import server, txtai
from balie.cli.bench.faq.corpus import Corpus
from balie.cli.bench.faq.figures import ENCODED, GIVEN, Held, Report
from balie.cli.bench.faq.txtai import TXTAI
from balie.cli.bench.machine import machine, memory_mb
from balie.cli.bench.rounds import Step, Way, bar, speed, take_turns, written
from balie.cli.bench.speeds import ALONE, TOGETHER
from balie.encoders import EncoderSettings, open_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 32
_BALIE = "balie"


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        data: folder with the evaluation data.
        entries: that the collection holds.
        phrasings: of each entry, beside its question.
        encoder: folder that `balie encoder build` wrote.
        txtai: interpreter with txtai, or None.
        rounds: of each measurement.
        seconds: of one measurement.
    """

    data: Path
    entries: int
    phrasings: int
    encoder: Path
    txtai: str | None
    rounds: int
    seconds: float


async def run(plan: Plan) -> Report:
    """Returns the report; takes the time of filling both sides one after the other, and of all rounds."""
    corpus = Corpus.read(plan.data, plan.entries, plan.phrasings)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balie-bench-")))
        step = stack.enter_context(bar())
        step("encoding what is asked", 0.0)
        vectors, fingerprint = await asyncio.to_thread(_encoded, plan.encoder, corpus, step)
        given = written(folder, GIVEN, server.requests_with(corpus.asked, vectors, fingerprint))
        encoded = written(folder, ENCODED, server.requests(corpus.asked))
        begin = time.perf_counter()
        own = await stack.enter_async_context(server.Server(folder / "data", plan.encoder).serving())
        index = await own.fill(corpus, step)
        filled = time.perf_counter() - begin
        ways = [
            Way(GIVEN, own.address, server.METHOD, own.pid, given),
            Way(ENCODED, own.address, server.METHOD, own.pid, encoded),
        ]
        rival = None
        if plan.txtai:
            begin = time.perf_counter()
            step("txtai starts", 0.0)
            rival = await stack.enter_async_context(txtai.serving(plan.txtai, corpus.questions, folder, step))
            rival_filled = time.perf_counter() - begin
            file = written(folder, TXTAI, txtai.requests(corpus.asked))
            ways.insert(0, Way(TXTAI, rival.address, HTTP, rival.pid, file))
        samples = await take_turns(ways, plan.rounds, plan.seconds, step)
        held = [Held(_BALIE, index.entry_count, index.vector_count, filled, own.memory_mb)]
        if rival:
            count = len(corpus.questions)
            held.insert(0, Held(TXTAI, count, count, rival_filled, memory_mb(rival.pid)))
        return Report(
            machine=machine(),
            described=f"{plan.entries:,} entries with {plan.phrasings} phrasings and an answer each; "
            f"{len(corpus.asked):,} others asked",
            rounds=plan.rounds,
            seconds=plan.seconds,
            speeds=[
                speed(way.name, in_flight, samples, yardstick=TXTAI)
                for in_flight in (ALONE, TOGETHER)
                for way in ways
            ],
            held=held,
        )


def _encoded(folder: Path, corpus: Corpus, step: Step) -> "tuple[NDArray[np.float32], str]":
    """Returns the embeddings of what is asked, and the fingerprint of the encoder that FAQ reads too."""
    import numpy as np

    encoder = open_encoder(EncoderSettings.load().model_copy(update={"folder": folder}))
    parts = []
    for start in range(0, len(corpus.asked), _BATCH):
        step("encoding what is asked", start / len(corpus.asked))
        parts.append(encoder.encode(corpus.asked[start : start + _BATCH]))
    return np.concatenate(parts), encoder.fingerprint
