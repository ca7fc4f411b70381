"""Runs the bench of the index: each size is built in one process, and opened again in another."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from balie.cli.bench import texts
from balie.cli.bench.faq_index.cloud import NOISE
from balie.cli.bench.faq_index.entries import LANGUAGE
from balie.cli.bench.faq_index.figures import Report, Row
from balie.cli.bench.faq_index.order import Built, Order, Reopened, What
from balie.cli.bench.machine import machine, python
from balie.cli.bench.rounds import Step, bar
from balie.cli.console import fail
from balie.encoders import EncoderSettings, open_encoder

_MODULE = "balie.cli.bench.faq_index.child"
_QUERIES = 200
_ANSWERS = 10_000
_TOP = 10
_BATCH = 32


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        data: folder with the evaluation data.
        sizes: numbers of entries.
        whole_up_to: most entries of the whole index.
        texts: that are encoded; vectors beyond these are made of them.
        encoder: folder that `balie encoder build` wrote.
    """

    data: Path
    sizes: Sequence[int]
    whole_up_to: int
    texts: int
    encoder: Path


async def run(plan: Plan) -> Report:
    """Returns the report; a million entries take some minutes and four gigabytes."""
    with tempfile.TemporaryDirectory(prefix="balie-bench-") as name, bar() as step:
        folder = Path(name)
        count = await asyncio.to_thread(_prepare, plan, folder, step)
        wanted: list[tuple[What, int]] = [
            *(("vectors", size) for size in plan.sizes),
            *(("whole", size) for size in plan.sizes if size <= plan.whole_up_to),
        ]
        rows = []
        for done, (what, size) in enumerate(wanted):
            rows.append(await _row(folder, what, size, lambda said, at=done: step(said, at / len(wanted))))  # type: ignore[misc]
    low, high = NOISE
    return Report(
        machine=machine(),
        described=f"vectors of {count:,} real texts; beyond these the same with noise of length {low:g} to {high:g} added, "
        f"cosine {_cosine(high):.2f} to {_cosine(low):.2f}; {_QUERIES} others searched for",
        top=_TOP,
        rows=rows,
    )


async def _row(folder: Path, what: What, size: int, say: Callable[[str], None]) -> Row:
    own = folder / f"{what}-{size}"
    own.mkdir()
    order = Order(what, size, own, folder / "texts.npy", folder / "queries.npy", folder / "words.json", _TOP)
    file = str(order.write(folder / "order.json"))
    named = f"{size:,} entries, {what}"
    say(f"{named}: building")
    built = Built(**json.loads(await python(_MODULE, "build", file)))
    say(f"{named}: opening and searching")
    reopened = Reopened(**json.loads(await python(_MODULE, "reopen", file)))
    return Row(what, size, built, reopened)


def _prepare(plan: Plan, folder: Path, step: Step) -> int:
    """Writes the vectors and words that all sizes are made of; returns how many texts there are."""
    every = texts.questions(plan.data, (LANGUAGE,))[: _QUERIES + min(plan.texts, max(plan.sizes))]
    if len(every) <= _QUERIES:
        fail(f"{plan.data} has {len(every)} texts; the bench takes more than {_QUERIES}.")
    queries, held = every[:_QUERIES], every[_QUERIES:]
    answers = texts.answers(plan.data, min(_ANSWERS, max(plan.sizes)))
    words = {"questions": held, "answers": answers, "queries": queries}
    (folder / "words.json").write_text(json.dumps(words), encoding="utf-8")
    encoder = open_encoder(EncoderSettings.load().model_copy(update={"folder": plan.encoder}))
    # Texts of a length together: none is filled up to that of a longer one.
    order = sorted(range(len(every)), key=lambda place: len(every[place]))
    vectors = np.empty((len(every), encoder.dimensions), np.float32)
    for start in range(0, len(order), _BATCH):
        step(f"encoding {len(every):,} texts", start / len(order))
        places = order[start : start + _BATCH]
        vectors[places] = encoder.encode([every[place] for place in places])
    np.save(folder / "queries.npy", vectors[:_QUERIES])
    np.save(folder / "texts.npy", vectors[_QUERIES:].astype(np.float16))
    return len(held)


def _cosine(noise: float) -> float:
    """Returns how alike a vector is to itself with noise of a length at a right angle."""
    return float(1.0 / np.sqrt(1.0 + noise * noise))
