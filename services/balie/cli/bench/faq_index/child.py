"""Builds an index, or opens a saved one: a process of its own for each, so that its memory is the index's.

Run as `python -m balie.cli.bench.faq_index.child build|reopen ORDER.json`; prints one JSON object.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from balie.cli.bench.faq_index.cloud import Cloud, nearest
from balie.cli.bench.faq_index.entries import LANGUAGE, VECTORS, entries, nameless
from balie.cli.bench.faq_index.order import Built, Order, Reopened
from balie.cli.bench.figures import percentile
from balie.cli.bench.machine import memory_mb
from balie.faq.domain import Calibration
from balie.faq.index.faiss_index import use_one_thread
from balie.faq.index.files import IndexFiles, Owner
from balie.faq.index.kinds import Kinds
from balie.faq.index.live_index import LiveIndex
from balie.faq.index.port import VectorIndex
from balie.faq.retrieval.port import Query
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

_GENERATION = 1
_FINGERPRINT = "bench"
_EVENT = "bench"
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_SEARCHES = 1000
_MOST_SECONDS = 10.0


def build(order: Order) -> Built:
    """Returns what building and saving an index took."""
    cloud = Cloud.read(order.texts)
    files, owner = IndexFiles(order.folder), _owner(cloud.dimensions)
    whole = order.what == "whole"
    rows = cloud.rows(order.size * (VECTORS if whole else 1))
    begin = time.perf_counter()
    if whole:
        live = _live(cloud.dimensions)
        questions, answers, _ = _words(order)
        held = entries(questions, answers, order.size)
        begin = time.perf_counter()
        vectors = {one: [rows[one.number], rows[order.size + one.number]] for one in held}
        live.load(vectors, languages=(LANGUAGE,), generation=_GENERATION, as_of=_MOMENT)
        seconds, peak = time.perf_counter() - begin, _peak_mb()
        kind, count = live.look(lambda view: (str(view.vectors.kind), len(view.vectors)))
        live.write(lambda generation, index, held: files.write(owner, generation, _EVENT, index, held))
    else:
        index = Kinds().build(cloud.dimensions, {number: [row] for number, row in enumerate(rows)})
        seconds, peak = time.perf_counter() - begin, _peak_mb()
        kind, count = str(index.kind), len(index)
        files.write(owner, _GENERATION, _EVENT, index, nameless(order.size))
        del index
        truth, _ = nearest(rows, np.load(order.queries), min(order.top, order.size))
        np.save(order.truth, truth)
    saved = sum(file.stat().st_size for file in order.folder.glob("*/*")) / 1e6
    return Built(kind, count, seconds, peak, saved)


def reopen(order: Order) -> Reopened:
    """Returns what opening a saved index took, and how it searches."""
    bare = memory_mb(os.getpid())
    queries: Rows = np.load(order.queries)
    saved = IndexFiles(order.folder).read(_owner(queries.shape[1]))
    if saved is None:
        raise FileNotFoundError(order.folder)
    if order.what == "whole":
        search = _whole_search(order, saved.index, queries)
    else:
        search = _vector_search(order, saved.index, queries)
    search(0)
    first = time.time() - psutil.Process().create_time()
    resident = memory_mb(os.getpid())
    times, found = _timed(search, len(queries))
    recall = None if order.what == "whole" else _recall(found, np.load(order.truth))
    return Reopened(first, bare, resident, percentile(times, 0.5), percentile(times, 0.99), recall)


_Search = Callable[[int], Sequence[int]]
"""Returns the numbers of the entries that a query, by its place, finds."""


def _vector_search(order: Order, index: VectorIndex, queries: "Rows") -> _Search:
    return lambda place: [hit.number for hit in index.search(queries[place], order.top)[: order.top]]


def _whole_search(order: Order, index: VectorIndex, queries: "Rows") -> _Search:
    questions, answers, asked = _words(order)
    live = _live(index.dimensions)
    live.load(
        {one: [] for one in entries(questions, answers, order.size)},
        languages=(LANGUAGE,),
        generation=_GENERATION,
        as_of=_MOMENT,
        base=index,
    )

    def search(place: int) -> Sequence[int]:
        query = Query(asked[place], queries[place], (LANGUAGE,))
        return [one.entry.number for one in live.search(query, order.top).ranked]

    return search


def _timed(search: _Search, queries: int) -> tuple[list[float], list[Sequence[int]]]:
    """Returns the times of searches, milliseconds, and what each query found."""
    found = [search(place) for place in range(queries)]  # also warms up
    times: list[float] = []
    end = time.perf_counter() + _MOST_SECONDS
    while len(times) < _MOST_SEARCHES and time.perf_counter() < end:
        begin = time.perf_counter()
        search(len(times) % queries)
        times.append(1000 * (time.perf_counter() - begin))
    return times, found


def _recall(found: Sequence[Sequence[int]], truth: "NDArray[np.int64]") -> float:
    right = [len(set(one) & set(true.tolist())) / len(true) for one, true in zip(found, truth, strict=True)]
    return float(np.mean(right))


def _live(dimensions: int) -> LiveIndex:
    return LiveIndex(
        fingerprint=_FINGERPRINT,
        dimensions=dimensions,
        calibration=Calibration(0.5, "bench"),
        as_of=_MOMENT,
        retriever=open_retriever(DEFAULT_RETRIEVER, {}),
    )


def _words(order: Order) -> tuple[list[str], list[str], list[str]]:
    plain = json.loads(order.words.read_text(encoding="utf-8"))
    return plain["questions"], plain["answers"], plain["queries"]


def _owner(dimensions: int) -> Owner:
    return Owner("bench", "bench", _FINGERPRINT, dimensions)


def _peak_mb() -> float:
    """Returns the most memory that was ever resident; Linux tells it of this process alone, others with its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6  # bytes there, kibibytes elsewhere


if __name__ == "__main__":
    use_one_thread()
    told = Order.read(Path(sys.argv[2]))
    said = build(told) if sys.argv[1] == "build" else reopen(told)
    sys.stdout.write(json.dumps(asdict(said)))
