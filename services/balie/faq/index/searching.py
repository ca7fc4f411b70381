"""How a search is made full, whoever keeps the vectors: which vectors an entry has, and when to try harder."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from balie.faq.index.port import SLOTS, Allowed, Hit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]

_DIGITS = 6
"""Digits of a score: float32 sums of equal vectors differ beyond them, and ties are to be ties."""

_MORE = 4  # times as many in the next attempt


class SearchedIndex(ABC):
    """Counts the vectors of entries, and searches; a kind adds how the nearest vectors are found.

    Args:
        dimensions: length of a vector.
    """

    efforts: ClassVar[int] = 1
    """How hard a search can try, in steps; the last looks at everything."""

    first: ClassVar[int] = 8
    """Vectors asked for at first, for each entry that is wanted."""

    pick_from: ClassVar[int] = 500
    """From so many vectors on, those of the allowed entries are picked out beforehand: nearly none may be allowed."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._counts: dict[int, int] = {}
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def search(self, vector: "Vector", top: int, *, allowed: Allowed | None = None) -> list[Hit]:
        """Returns the best `top` entries, best first, and those that tie with the last of them; each entry once."""
        total, wanted, effort = len(self), self.first * top, 0
        only: Ids | None = None
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        while total:
            wanted = min(wanted, total)
            scores, ids = self._nearest(query, wanted, effort, only)
            hits = _grouped(scores, ids, top, allowed if only is None else None)
            all_of_them = len(ids) < wanted or wanted == total
            if len(hits) >= top and (all_of_them or hits[top - 1].score > _score(scores[-1])):
                return hits
            if all_of_them and effort == self.efforts - 1:
                return hits
            if all_of_them:
                effort += 1
            wanted *= _MORE
            if allowed is not None and only is None and wanted >= min(self.pick_from, total):
                only = ids_of({number: count for number, count in self._counts.items() if allowed(number)})
                total, wanted, effort = len(only), self.first * top, self.efforts - 1
        return []

    def numbers(self) -> set[int]:
        """Returns the numbers of the entries that have vectors here."""
        return set(self._counts)

    def count(self, number: int) -> int:
        """Returns how many vectors an entry has here."""
        return self._counts.get(number, 0)

    @abstractmethod
    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        """Returns scores and ids of at most `wanted` vectors, best first; fewer when this effort finds no more."""


def ids_of(counts: Mapping[int, int]) -> "Ids":
    """Returns the ids of entries with so many vectors each."""
    numbers = np.fromiter(counts.keys(), np.int64, len(counts))
    sizes = np.fromiter(counts.values(), np.int64, len(counts))
    first = np.repeat(numbers * SLOTS - (np.cumsum(sizes) - sizes), sizes)
    return first + np.arange(first.size)


def _grouped(scores: "Vector", ids: "Ids", top: int, allowed: Allowed | None) -> list[Hit]:
    """Returns the best hits of entries that are allowed, of vectors that come best first: `top`, and their ties."""
    hits: list[Hit] = []
    seen: set[int] = set()
    for value, id_ in zip(scores.tolist(), ids.tolist(), strict=True):
        number, slot = divmod(id_, SLOTS)
        if number in seen:
            continue
        seen.add(number)
        score = _score(value)
        if len(hits) >= top and score < hits[top - 1].score:
            break  # most of what FAISS gives is beyond: whether it is allowed need not be asked
        if allowed is None or allowed(number):
            hits.append(Hit(number, slot, score))
    return hits


def _score(value: float) -> float:
    """Returns a similarity that is no further than a float's error outside [-1, 1]."""
    return max(-1.0, min(1.0, round(float(value), _DIGITS)))
