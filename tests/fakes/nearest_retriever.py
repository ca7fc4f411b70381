"""A retriever that knows vectors alone, so that scores can be told from the texts: sure of what is near, and near alone."""

from collections.abc import Sequence

import numpy as np

from balie.faq.index.port import SLOTS
from balie.faq.retrieval.judged import NOTHING
from balie.faq.retrieval.port import Parts, Query, Ranked, View

_SHARPNESS = 8
_ODDS = 10.0


class NearestRetriever:
    """Ranks by the nearest way to ask; as sure as that is near, shared with the others that are about as near.

    Args:
        version: its own.
    """

    def __init__(self, version: str = "nearest.v1") -> None:
        self.version = version
        self.reference = NOTHING

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the entries by how near they are."""
        assert query.vector is not None
        numbers = [number for number in view.entries if view.allowed(number)]
        near = sorted(
            (-_likeness(query, view, number), view.entries[number].id, number) for number in numbers
        )
        shared = sum(max(-likeness, 0.0) ** _SHARPNESS for likeness, _, _ in near)
        return [
            Ranked(
                view.entries[number],
                0,
                -_ODDS * likeness,
                Parts(-likeness, 0.0, 0.0, 0.0, 0.0),
                max(-likeness, 0.0) ** (_SHARPNESS + 1) / (shared or 1.0),
            )
            for likeness, _, number in near[:top]
        ]


def _likeness(query: Query, view: View, number: int) -> float:
    entry = view.entries[number]
    slots = [
        number * SLOTS + start + place
        for start, text in zip(entry.slots, entry.texts, strict=False)
        for place in range(len(text.asked()))
    ]
    rows = view.vectors.rows(np.asarray(slots, np.int64))
    return round(float((rows @ query.vector).max()), 6)
