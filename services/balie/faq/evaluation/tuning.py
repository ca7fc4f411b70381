"""Proposes weights and confidences for one's own questions, and shows on questions that were held out what they do.

The weights are pulled towards those that ship, and of the confidence only scale and bias are learned: a hundred questions
teach that much. Each question is judged by a proposal that did not know it, in five folds; the one that is written knows
all of them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.evaluation.learning import choice, learn_weights, recalibrated, shown, used_parts
from balie.faq.evaluation.offline import OfflineCollection
from balie.faq.evaluation.queries import EvalQuery
from balie.faq.retrieval.analysis import primary
from balie.faq.retrieval.blend import Blend, BlendRetriever
from balie.faq.retrieval.judged import NOTHING, Judged, Policy, digest
from balie.faq.retrieval.port import Query

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.faq.evaluation.learning import Choice, Shown

_FOLDS = 5
_PULL = 3e-3
LEAST_QUERIES = 50
"""With fewer, a proposal would be chance."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a blend does on the questions.

    Attributes:
        p_at_1: share of the answerable whose best entry answers.
        threshold: confidence from which an answer is given; None when none can be proven.
        coverage: share of the answerable that are answered.
        wrong_rate: wrong among the answers given.
    """

    p_at_1: float
    threshold: float | None
    coverage: float
    wrong_rate: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed.

    Attributes:
        blend: with what it did on the questions as its reference.
        before: the blend that was there.
        after: the proposal, each question judged without it.
    """

    blend: Blend
    before: Side
    after: Side


@dataclass(frozen=True)
class Tuner:
    """Learns from a collection's questions.

    Args:
        collection: what is asked; its retriever is what is tuned.
        queries: questions with known answers, `LEAST_QUERIES` at least, some of them right at first and some not.
        vectors: shape (queries, dimensions), one for each.
        policy: the promise that thresholds have to keep.
    """

    collection: OfflineCollection
    queries: Sequence[EvalQuery]
    vectors: "NDArray[np.float32]"
    policy: Policy

    def propose(self, retriever: BlendRetriever) -> Proposal:
        """Returns a proposal in place of a retriever's blend."""
        kind, old = type(retriever), retriever.blend
        every = range(len(self.queries))
        before = self._judged(retriever, every)
        parts = []
        for fold in range(_FOLDS):
            held_out = [place for place in every if _fold(self.queries[place]) == fold]
            kept = [place for place in every if _fold(self.queries[place]) != fold]
            if held_out:
                parts.append(self._judged(kind(self._learned(kind, old, kept)), held_out))
        after = Judged.joined(parts)
        learned = self._learned(kind, old, every)
        # Where one's own questions are too few to prove a threshold, those from before are asked as well.
        is_proven = after.threshold(self.policy, "tuned") is not None
        reference = after if is_proven else Judged.joined([after, old.reference])
        blend = Blend(learned.weights, learned.confidence, reference)
        return Proposal(blend, self._side(before, old.reference), self._side(after, reference))

    def _judged(self, retriever: BlendRetriever, places: Sequence[int]) -> Judged:
        """Returns what a retriever does on some of the questions."""
        confidences, right, answerable, digests = [], [], [], []
        for place in places:
            asked, query = self.queries[place], self._query(place)
            ranked = self.collection.live.look(lambda view, query=query: retriever.rank(query, view, 1))  # type: ignore[misc]
            confidences.append(ranked[0].confidence if ranked else 0.0)
            right.append(bool(ranked) and ranked[0].entry.id in asked.entry_ids)
            answerable.append(bool(asked.entry_ids))
            digests.append(digest(asked.text, asked.entry_ids, ranked[0].entry.id if ranked else ""))
        return Judged(np.asarray(confidences), np.asarray(right), np.asarray(answerable), tuple(digests))

    def _learned(self, kind: type[BlendRetriever], old: Blend, places: Sequence[int]) -> Blend:
        """Returns a blend that knows some of the questions."""
        weights = dict(old.weights)
        for language in {self._language(place) for place in places}:
            choices = list(
                self._choices(kind(old), [one for one in places if self._language(one) == language])
            )
            if choices:
                weights[language] = learn_weights(
                    [choices],
                    used=used_parts(kind),
                    towards=old.of_language(language).tolist(),
                    pull=_PULL,
                )
        ranking = kind(Blend(weights, old.confidence, NOTHING))
        examples = list(self._examples(ranking, places))
        return Blend(weights, recalibrated(old.confidence, examples), NOTHING)

    def _choices(self, retriever: BlendRetriever, places: Sequence[int]) -> "Iterator[Choice]":
        for place in places:
            query, ids = self._query(place), self.queries[place].entry_ids
            found = self.collection.live.look(
                lambda view, query=query, ids=ids: choice(retriever, query, view, ids)  # type: ignore[misc]
            )
            if found is not None:
                yield found

    def _examples(self, retriever: BlendRetriever, places: Sequence[int]) -> "Iterator[Shown]":
        for place in places:
            query, ids = self._query(place), self.queries[place].entry_ids
            found = self.collection.live.look(
                lambda view, query=query, ids=ids: shown(retriever, query, view, ids)  # type: ignore[misc]
            )
            if found is not None:
                yield found

    def _query(self, place: int) -> Query:
        return self.collection.query(self.queries[place], self.vectors[place])

    def _language(self, place: int) -> str:
        return primary(self.queries[place].language or next(iter(self.collection.languages), ""))

    def _side(self, judged: Judged, reference: Judged) -> Side:
        found = reference.threshold(self.policy, "tuned")
        answered = judged.confidences >= found.threshold if found else np.zeros(judged.right.size, np.bool_)
        right = int((judged.right & answered).sum())
        return Side(
            float(judged.right[judged.answerable].mean()),
            found.threshold if found else None,
            float(answered[judged.answerable].mean()),
            1 - right / int(answered.sum()) if answered.any() else 0.0,
        )


def _fold(query: EvalQuery) -> int:
    return int(hashlib.sha256(query.text.encode()).hexdigest(), 16) % _FOLDS
