"""Learns from a collection itself from which confidence an answer may be given, by leaving one phrasing out.

Every question and phrasing is asked once, as if a customer had put it, with its own words and vector out of the index. So
that there are questions without an answer too, a share of them is asked with the whole entry taken out: whatever is found
then is wrong. This needs nobody's labels. Where it proves nothing, because entries are asked in one way alone or are few,
what the ranking did on real questions of other collections stands in for it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.domain import Calibration
from balie.faq.index.port import SLOTS
from balie.faq.retrieval.judged import Judged, Policy
from balie.faq.retrieval.port import LeftOut, Query, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.faq.index.live_index import LiveIndex
    from balie.faq.retrieval.port import Retriever

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_NEVER = 1.0
"""No answer is given where nothing proves a threshold; a pinned one still is."""

_LEAST_QUESTIONS = 40
"""With fewer nothing can be proven of the mix that customers ask."""


def learn(live: "LiveIndex", retriever: "Retriever", policy: Policy) -> Calibration:
    """Returns the calibration of a collection: its own when it proves one, else the one of `default`."""
    return leave_one_out(live, retriever, policy).threshold(policy, "leave-one-out") or default(
        retriever, policy
    )


def default(retriever: "Retriever", policy: Policy) -> Calibration:
    """Returns what questions of other collections prove for the retriever; without any, never to answer."""
    return _proven(retriever.reference, policy) or Calibration(_NEVER, "none.v1")


@lru_cache(maxsize=8)
def _proven(reference: Judged, policy: Policy) -> Calibration | None:
    return reference.threshold(policy, "reference")


def leave_one_out(live: "LiveIndex", retriever: "Retriever", policy: Policy) -> Judged:
    """Returns what becomes of the collection's own questions; the same for the same index, on every replica."""
    confidences, right, answerable = [], [], []
    for left_out in live.look(lambda view: _questions(view, policy)):
        judged = live.look(lambda view, asked=left_out: _ask(view, retriever, asked))  # type: ignore[misc]
        if judged is not None:
            confidences.append(judged[0])
            right.append(judged[1])
            answerable.append(not left_out.whole)
    return Judged(
        np.asarray(confidences, np.float64), np.asarray(right, np.bool_), np.asarray(answerable, np.bool_)
    )


def _ask(view: View, retriever: "Retriever", left_out: LeftOut) -> tuple[float, bool] | None:
    entry = view.entries.get(left_out.number)
    if entry is None or left_out.place >= len(entry.texts):
        return None  # it went meanwhile
    text = entry.texts[left_out.place]
    if left_out.asked >= len(text.asked()):
        return None
    slot = entry.number * SLOTS + entry.slots[left_out.place] + left_out.asked
    [vector] = view.vectors.rows(np.asarray([slot]))
    query = Query(text.asked()[left_out.asked], vector, (text.language,), left_out)
    ranked = retriever.rank(query, view, 1)
    if not ranked:
        return None
    return ranked[0].confidence, ranked[0].entry.number == left_out.number


def _questions(view: View, policy: Policy) -> Sequence[LeftOut]:
    """Returns what to leave out: of entries that are asked in several ways one way, of others all of the entry."""
    if len(view.entries) < 2:
        return []
    every = [
        (number, place, asked, len(text.asked()) > 1)
        for number, entry in sorted(view.entries.items())
        for place, text in enumerate(entry.texts)
        for asked in range(len(text.asked()))
    ]
    dice = np.random.default_rng(0)
    shuffled = [every[place] for place in dice.permutation(len(every))]
    several = sum(is_several for *_, is_several in shuffled)
    share = policy.expected_unanswerable
    wanted = min(policy.max_questions, len(shuffled), math.floor(several / (1.0 - share)))
    if wanted < _LEAST_QUESTIONS:
        return []
    answered = round(wanted * (1.0 - share))
    kept: list[LeftOut] = []
    others: list[LeftOut] = []
    for number, place, asked, is_several in shuffled:
        if is_several and len(kept) < answered:
            kept.append(LeftOut(number, place, asked, whole=False))
        else:
            others.append(LeftOut(number, place, asked, whole=True))
    return kept + others[: wanted - len(kept)]
