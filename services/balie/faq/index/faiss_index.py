"""What the FAISS kinds have in common: which vectors are taken out and put in, and how they are written."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from balie.faq.index.library import faiss
from balie.faq.index.port import SLOTS, Kind, Snapshot
from balie.faq.index.searching import SearchedIndex, ids_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]


class FaissIndex(SearchedIndex):
    """An index in this process's memory; a kind adds how vectors are kept, removed and looked through.

    Args:
        dimensions: length of a vector.
    """

    kind: ClassVar[Kind]

    def __init__(self, dimensions: int) -> None:
        super().__init__(dimensions)
        self._sorted: tuple[Ids, Ids] | None = None

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
            self._remove(ids_of(going))
            self._total -= sum(going.values())
        coming = {number: len(rows) for number, rows in added.items() if len(rows)}
        if coming:
            rows = np.stack([vector for rows in added.values() for vector in rows]).astype(np.float32)
            self._add(rows, ids_of(coming))
            self._counts |= coming
            self._total += len(rows)
        self._sorted = None

    def ids(self) -> list[int]:
        """Returns the ids of all vectors, rising."""
        found: list[int] = np.sort(self._contents()[0]).tolist()
        return found

    def snapshot(self) -> Snapshot:
        """Returns a copy of everything, in the order of ids."""
        ids, rows = self._contents()
        order = np.argsort(ids)
        return Snapshot(ids[order] // SLOTS, rows.reshape(-1, self.dimensions)[order])

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
