"""What becomes of questions, and the figures of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import auroc
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.one_thread import one_thread
from balie.faq.evaluation.queries import EvalQuery
from balie.faq.retrieval.judged import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Vectors = NDArray[np.float32]

Progress = Callable[[str, float], None]

_SHOWN = 5
_RANKED = 1000
_EVERY = 25


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and what was found.

    Attributes:
        ranks: places of the entries that answer, from 1, rising; those beyond the thousandth are left out.
        best: id of the best entry; empty when there is none.
        confidence: how sure that one is.
        seconds: that the search took, with its vector given.
        parts: what the fit of that one is made of, in the order of `PARTS`; empty when there is none.
        answer_parts: those of the first entry that answers; empty when none was found.
    """

    query: EvalQuery
    ranks: tuple[int, ...]
    best: str
    confidence: float
    seconds: float
    parts: tuple[float, ...] = ()
    answer_parts: tuple[float, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Returns whether an entry answers it."""
        return bool(self.query.entry_ids)

    @property
    def is_right(self) -> bool:
        """Returns whether the best entry answers it."""
        return self.best in self.query.entry_ids


def ask(
    collection: OfflineCollection, queries: Sequence[EvalQuery], vectors: "Vectors", progress: Progress
) -> list[Asked]:
    """Returns what becomes of each question, asked one after another on one thread.

    Args:
        collection: what is asked.
        queries: the questions.
        vectors: shape (questions, dimensions), one for each.
        progress: told how far it is.
    """
    found = []
    with one_thread():
        for place, (query, vector) in enumerate(zip(queries, vectors, strict=True)):
            if not place:
                collection.rank(collection.query(query, vector), _SHOWN)  # what is made once counts for none
            found.append(_asked(collection, query, vector))
            if place % _EVERY == 0:
                progress("asking", place / len(queries))
    return found


def _asked(collection: OfflineCollection, asked: EvalQuery, vector: "Vector") -> Asked:
    query = collection.query(asked, vector)
    started = time.perf_counter()
    shown = collection.rank(query, _SHOWN, without=asked.without)
    seconds = time.perf_counter() - started
    order = {one.entry.id: one for one in shown}
    if asked.entry_ids - order.keys():
        every = collection.rank(query, min(_RANKED, len(collection.ids)), without=asked.without)
        order = {one.entry.id: one for one in (*shown, *every)}
    ranks = tuple(rank for rank, entry_id in enumerate(order, 1) if entry_id in asked.entry_ids)
    best = shown[0] if shown else None
    if best is None:
        return Asked(asked, ranks, "", 0.0, seconds)
    answer = next((one for entry_id, one in order.items() if entry_id in asked.entry_ids), None)
    return Asked(
        asked,
        ranks,
        best.entry.id,
        best.confidence,
        seconds,
        best.parts.values,
        answer.parts.values if answer else (),
    )


def judged(asked: Sequence[Asked]) -> Judged:
    """Returns what thresholds are learned from."""
    return Judged(
        np.asarray([one.confidence for one in asked], np.float64),
        np.asarray([one.is_right for one in asked], np.bool_),
        np.asarray([one.is_answerable for one in asked], np.bool_),
    )


@dataclass(frozen=True, slots=True)
class FaqFigures:
    """Figures of a set of questions; None where a set cannot tell.

    Attributes:
        queries: questions.
        answerable: those that an entry answers.
        p_at_1: share of these whose best entry answers.
        hit_at_5: share of these with an answer among the best five.
        mrr: mean of one over the place of the first answer, of these.
        map: mean average precision, of these.
        answerable_auroc: chance that a question with an answer is surer than one without.
        threshold: confidence from which an answer is given.
        coverage: share of the answerable that are answered, rightly or not.
        right_rate: share of the answerable that are answered rightly.
        wrong_rate: wrong among the answers given; those to questions without an answer are wrong.
        answered: answers given.
        latency_ms: of a search with its vector given: `p50` and `p99`.
    """

    queries: int
    answerable: int
    p_at_1: float | None
    hit_at_5: float | None
    mrr: float | None
    map: float | None
    answerable_auroc: float | None
    threshold: float
    coverage: float | None
    right_rate: float | None
    wrong_rate: float
    answered: int
    latency_ms: dict[str, float]


def figures(asked: Sequence[Asked], threshold: float) -> FaqFigures:
    """Returns the figures of questions, at least one, when answers are given from a confidence on."""
    answerable = [one for one in asked if one.is_answerable]
    answered = [one for one in asked if one.confidence >= threshold]
    right = sum(one.is_right for one in answered)
    seconds = [one.seconds * 1000 for one in asked]
    is_mixed = 0 < len(answerable) < len(asked)
    return FaqFigures(
        queries=len(asked),
        answerable=len(answerable),
        p_at_1=_mean([one.is_right for one in answerable]),
        hit_at_5=_mean([is_hit(one) for one in answerable]),
        mrr=_mean([reciprocal_rank(one) for one in answerable]),
        map=_mean([average_precision(one) for one in answerable]),
        # What is told apart stands for "out of scope": here what an entry answers, which is to be surer.
        answerable_auroc=auroc([one.confidence for one in asked], [not one.is_answerable for one in asked])
        if is_mixed
        else None,
        threshold=threshold,
        coverage=_mean([one.confidence >= threshold for one in answerable]),
        right_rate=_mean([one.confidence >= threshold and one.is_right for one in answerable]),
        wrong_rate=1 - right / len(answered) if answered else 0.0,
        answered=len(answered),
        latency_ms={
            "p50": float(np.percentile(seconds, 50)),
            "p99": float(np.percentile(seconds, 99)),
        },
    )


def is_hit(one: Asked) -> bool:
    """Returns whether an answer is among the best five."""
    return bool(one.ranks) and one.ranks[0] <= _SHOWN


def reciprocal_rank(one: Asked) -> float:
    """Returns one over the place of the first answer, 0 without one."""
    return 1 / one.ranks[0] if one.ranks else 0.0


def average_precision(one: Asked) -> float:
    """Returns the mean over a question's answers of the share of answers down to the place of each; 0 for one not found."""
    return sum(place / rank for place, rank in enumerate(one.ranks, 1)) / len(one.query.entry_ids)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
