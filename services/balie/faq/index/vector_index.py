"""Vectors of entries in FAISS: the only module that knows the library.

An id is the entry's number and the vector's slot within the entry, so it is stable whatever else changes: no mapping
shifts when something is deleted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import faiss
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS = 2048
"""Ids of one entry: the contract allows 20 languages with a question and 100 phrasings each, 2020 vectors."""

_DIGITS = 6
"""Digits of a score: float32 sums of equal vectors differ beyond them, and ties are to be ties."""


@dataclass(frozen=True, slots=True)
class Hit:
    """The nearest vector of one entry."""

    number: int
    slot: int
    score: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All vectors of an index at one moment.

    Attributes:
        numbers: shape (vectors,), int64, each vector's entry; rising.
        vectors: shape (vectors, dimensions), float32.
    """

    numbers: "NDArray[np.int64]"
    vectors: "NDArray[np.float32]"


class VectorIndex:
    """Finds entries by the cosine similarity of their vectors; exact. Not safe for a change beside anything else.

    Args:
        dimensions: length of a vector.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self._counts: dict[int, int] = {}

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def replace(self, removed: Iterable[int], added: "Mapping[int, Sequence[NDArray[np.float32]]]") -> None:
        """Removes the vectors of entries, then adds those of others or of the same ones.

        Args:
            removed: numbers of entries; those that have no vectors here are passed over.
            added: unit vectors by the number of their entry, at most `SLOTS` each; removed first if they are there.
        """
        going = {number: self._counts.pop(number) for number in {*removed, *added} & self._counts.keys()}
        if going:
            ids = [number * SLOTS + slot for number, count in going.items() for slot in range(count)]
            self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(ids, dtype=np.int64)))
        ids = [number * SLOTS + slot for number, rows in added.items() for slot in range(len(rows))]
        if ids:
            rows = np.stack([vector for rows in added.values() for vector in rows]).astype(np.float32)
            self._index.add_with_ids(rows, np.asarray(ids, dtype=np.int64))
            self._counts |= {number: len(rows) for number, rows in added.items()}

    def search(
        self, vector: "NDArray[np.float32]", top: int, *, allowed: Callable[[int], bool] | None = None
    ) -> list[Hit]:
        """Returns the best `top` entries, best first, and those that tie with the last of them; each entry once.

        Args:
            vector: shape (dimensions,), float32, of length 1.
            top: 1 or more.
            allowed: says by its number whether an entry is looked at; None for all of them.
        """
        total = len(self)
        wanted = min(total, 8 * top)
        while wanted:
            scores, ids = self._index.search(vector.reshape(1, -1), wanted)
            hits = _grouped(scores[0], ids[0], allowed)
            last = _score(scores[0][-1])
            if wanted == total:
                return _with_ties(hits, top)
            if len(hits) >= top and hits[top - 1].score > last:
                return _with_ties(hits, top)
            wanted = min(total, 4 * wanted)
        return []

    def ids(self) -> list[int]:
        """Returns the ids of all vectors, rising."""
        found: list[int] = np.sort(faiss.vector_to_array(self._index.id_map)).tolist()
        return found

    def snapshot(self) -> Snapshot:
        """Returns a copy of everything, in the order of ids."""
        ids = faiss.vector_to_array(self._index.id_map)
        order = np.argsort(ids)
        rows = faiss.downcast_index(self._index.index).reconstruct_n(0, len(self))
        return Snapshot(ids[order] // SLOTS, rows.reshape(-1, self.dimensions)[order])


def use_one_thread() -> None:
    """Keeps FAISS to the calling thread; each thread that searches calls it once.

    OpenMP keeps the number for each thread, and a search that takes all cores stands in the way of the others.
    """
    faiss.omp_set_num_threads(1)


def _grouped(
    scores: "NDArray[np.float32]", ids: "NDArray[np.int64]", allowed: Callable[[int], bool] | None
) -> list[Hit]:
    """Returns the best hit of each entry allowed; FAISS gives best first."""
    best: dict[int, Hit] = {}
    for score, vector_id in zip(scores.tolist(), ids.tolist(), strict=True):
        number, slot = divmod(vector_id, SLOTS)
        if number not in best and (allowed is None or allowed(number)):
            best[number] = Hit(number, slot, _score(score))
    return list(best.values())


def _with_ties(hits: list[Hit], top: int) -> list[Hit]:
    if len(hits) <= top:
        return hits
    return [hit for hit in hits if hit.score >= hits[top - 1].score]


def _score(value: float) -> float:
    """Returns a similarity that is no further than a float's error outside [-1, 1]."""
    return max(-1.0, min(1.0, round(float(value), _DIGITS)))
