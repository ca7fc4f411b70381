"""What the FAISS kinds have in common: which vectors an entry has, and how a search is made full."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from balie.faq.index.library import faiss
from balie.faq.index.port import SLOTS, Allowed, Hit, Kind, Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]

_DIGITS = 6
"""Digits of a score: float32 sums of equal vectors differ beyond them, and ties are to be ties."""

_FIRST = 8  # vectors asked for at first, for each entry that is wanted
_MORE = 4  # times as many in the next attempt
_PICK_FROM = 500
"""From so many vectors on, those of the allowed entries are picked out beforehand: nearly none may be allowed."""


class FaissIndex(ABC):
    """An index in this process's memory; a kind adds how vectors are kept, removed and looked through.

    Args:
        dimensions: length of a vector.
    """

    kind: ClassVar[Kind]
    efforts: ClassVar[int] = 1
    """How hard a search can try, in steps; the last looks at everything."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._counts: dict[int, int] = {}
        self._total = 0
        self._sorted: tuple[Ids, Ids] | None = None

    def __len__(self) -> int:
        return self._total

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """Returns what its vectors take in memory, about."""

    @property
    def wear(self) -> float:
        """Returns how far it is from one built anew."""
        return 0.0

    def replace(self, removed: Iterable[int], added: "Mapping[int, Sequence[Vector]]") -> None:
        """Removes the vectors of entries, then adds those of others or of the same ones."""
        going = {number: self._counts.pop(number) for number in {*removed, *added} & self._counts.keys()}
        if going:
            self._remove(_ids(going))
            self._total -= sum(going.values())
        coming = {number: len(rows) for number, rows in added.items() if len(rows)}
        if coming:
            rows = np.stack([vector for rows in added.values() for vector in rows]).astype(np.float32)
            self._add(rows, _ids(coming))
            self._counts |= coming
            self._total += len(rows)
        self._sorted = None

    def search(self, vector: "Vector", top: int, *, allowed: Allowed | None = None) -> list[Hit]:
        """Returns the best `top` entries, best first, and those that tie with the last of them; each entry once."""
        total, wanted, effort = len(self), _FIRST * top, 0
        only: Ids | None = None
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        while total:
            wanted = min(wanted, total)
            scores, ids = self._nearest(query, wanted, effort, only)
            hits = _grouped(scores, ids, allowed if only is None else None)
            all_of_them = len(ids) < wanted or wanted == total
            if len(hits) >= top and (all_of_them or hits[top - 1].score > _score(scores[-1])):
                return _with_ties(hits, top)
            if all_of_them and effort == self.efforts - 1:
                return hits
            if all_of_them:
                effort += 1
            wanted *= _MORE
            if allowed is not None and only is None and wanted >= min(_PICK_FROM, total):
                only = _ids({number: count for number, count in self._counts.items() if allowed(number)})
                total, wanted, effort = len(only), _FIRST * top, self.efforts - 1
        return []

    def numbers(self) -> set[int]:
        """Returns the numbers of the entries that have vectors here."""
        return set(self._counts)

    def ids(self) -> list[int]:
        """Returns the ids of all vectors, rising."""
        found: list[int] = np.sort(self._contents()[0]).tolist()
        return found

    def snapshot(self) -> Snapshot:
        """Returns a copy of everything, in the order of ids."""
        ids, rows = self._contents()
        order = np.argsort(ids)
        return Snapshot(ids[order] // SLOTS, rows.reshape(-1, self.dimensions)[order])

    def count(self, number: int) -> int:
        """Returns how many vectors an entry has here."""
        return self._counts.get(number, 0)

    def rows(self, ids: "Ids") -> "Vector":
        """Returns the vectors of ids that are there, in their order, shape (ids, dimensions)."""
        return self._rows(np.asarray(ids, np.int64))

    def write(self, path: Path) -> None:
        """Writes everything into a file; raises OSError when it cannot."""
        try:
            faiss.write_index(self._saved(), str(path))
        except RuntimeError as error:  # FAISS has no error of its own for it
            raise OSError(f"FAISS could not write {path.name}") from error

    def _recount(self, ids: "Ids") -> None:
        """Takes over the ids of an index that was read."""
        numbers, counts = np.unique(ids // SLOTS, return_counts=True)
        self._counts = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        self._total = len(ids)

    def _places(self, ids: "Ids", held: "Callable[[], Ids]") -> "Ids":
        """Returns where in a row of ids some of them stand; the row is looked through once after each change."""
        found = self._sorted
        if found is None:
            every = held()
            order = np.argsort(every, kind="stable")
            found = self._sorted = every[order], order
        in_order, order = found
        places: Ids = order[np.searchsorted(in_order, ids)]
        return places

    @abstractmethod
    def _rows(self, ids: "Ids") -> "Vector":
        """Returns the vectors of ids that are there, in their order."""

    @abstractmethod
    def _add(self, rows: "Vector", ids: "Ids") -> None:
        """Adds vectors, shape (ids, dimensions), whose ids are not there."""

    @abstractmethod
    def _remove(self, ids: "Ids") -> None:
        """Removes vectors that are there."""

    @abstractmethod
    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        """Returns scores and ids of at most `wanted` vectors, best first; fewer when this effort finds no more."""

    @abstractmethod
    def _contents(self) -> "tuple[Ids, Vector]":
        """Returns ids and vectors of everything that can be found, in any order."""

    @abstractmethod
    def _saved(self) -> Any:
        """Returns the FAISS index that is written."""


def use_one_thread() -> None:
    """Keeps FAISS to the calling thread; each thread that searches calls it once.

    OpenMP keeps the number for each thread, and a search that takes all cores stands in the way of the others.
    """
    faiss.omp_set_num_threads(1)


def found(answer: "tuple[Vector, Ids]") -> "tuple[Vector, Ids]":
    """Returns what FAISS answered to one query, without the places that it could not fill."""
    scores, ids = answer[0][0], answer[1][0]
    there = ids >= 0
    return scores[there], ids[there]


def _ids(counts: Mapping[int, int]) -> "Ids":
    """Returns the ids of entries with so many vectors each."""
    numbers = np.fromiter(counts.keys(), np.int64, len(counts))
    sizes = np.fromiter(counts.values(), np.int64, len(counts))
    first = np.repeat(numbers * SLOTS - (np.cumsum(sizes) - sizes), sizes)
    return first + np.arange(first.size)


def _grouped(scores: "Vector", ids: "Ids", allowed: Allowed | None) -> list[Hit]:
    """Returns the best hit of each entry that is allowed; FAISS gives best first."""
    numbers, slots = np.divmod(ids, SLOTS)
    first = np.sort(np.unique(numbers, return_index=True)[1])
    values = np.clip(np.round(scores[first].astype(np.float64), _DIGITS), -1.0, 1.0)
    hits = zip(numbers[first].tolist(), slots[first].tolist(), values.tolist(), strict=True)
    return [Hit(*hit) for hit in hits if allowed is None or allowed(hit[0])]


def _with_ties(hits: list[Hit], top: int) -> list[Hit]:
    if len(hits) <= top:
        return hits
    return [hit for hit in hits if hit.score >= hits[top - 1].score]


def _score(value: float) -> float:
    """Returns a similarity that is no further than a float's error outside [-1, 1]."""
    return max(-1.0, min(1.0, round(float(value), _DIGITS)))
