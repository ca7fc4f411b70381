"""Vectors in a graph of neighbours, in 8 bits a number. A graph lets no vector go: what is deleted is passed over.

Source: Malkov and Yashunin 2018, arXiv:1603.09320.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from balie.faq.index.codes import beyond_range, set_range, to_unit_length
from balie.faq.index.faiss_index import FaissIndex, found
from balie.faq.index.library import faiss
from balie.faq.index.port import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]

_NEIGHBOURS = 32
_BUILD_EFFORT = 80
_SEARCH_EFFORT = 64
_HARDER = 8  # times the effort, when the first attempt found too few
_GONE = -1  # the id of a vector that was deleted
_CHUNK = 8192  # vectors decoded at a time when all are looked at


class HnswIndex(FaissIndex):
    """Not exact: about 99 of 100 best entries are found at the first effort.

    Args:
        index: of FAISS, laid out or read from a file.
    """

    kind: ClassVar[Kind] = Kind.HNSW
    efforts: ClassVar[int] = 3

    def __init__(self, index: Any) -> None:
        super().__init__(index.d)
        self._index = index
        self._graph = faiss.downcast_index(index.index)
        self._storage = faiss.downcast_index(self._graph.storage)
        self._ids: Ids = faiss.vector_to_array(index.id_map)
        self._there = _bits(self._ids)
        self._cut_off = 0
        self._recount(self._ids[self._ids != _GONE])

    @classmethod
    def laid_out(cls, dimensions: int, rows: "Vector") -> Self:
        """Returns an index without vectors.

        Args:
            dimensions: length of a vector.
            rows: shape (sample, dimensions), from which the range of the codes is taken; one vector at least.
        """
        graph = faiss.IndexHNSWSQ(
            dimensions, faiss.ScalarQuantizer.QT_8bit_uniform, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT
        )
        graph.hnsw.efConstruction = _BUILD_EFFORT
        graph.train(rows[:1])
        set_range(faiss.downcast_index(graph.storage).sq, rows)
        return cls(faiss.IndexIDMap(graph))

    @property
    def size_bytes(self) -> int:
        """Returns what its vectors and their neighbours take in memory, about."""
        return len(self._ids) * (self.dimensions + 8 + _NEIGHBOURS * 2 * 4)

    @property
    def wear(self) -> float:
        """Returns the share of vectors that are deleted or cut off."""
        held = len(self._ids)
        return (held - len(self) + self._cut_off) / max(1, held)

    def _add(self, rows: "Vector", ids: "Ids") -> None:
        self._cut_off += beyond_range(self._storage.sq, rows)
        self._index.add_with_ids(rows, ids)
        self._ids = np.concatenate([self._ids, ids])
        self._there = _bits(self._ids)

    def _remove(self, ids: "Ids") -> None:
        self._ids = np.where(np.isin(self._ids, ids), _GONE, self._ids)
        self._there = _bits(self._ids)
        faiss.copy_array_to_vector(self._ids, self._index.id_map)

    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        if only is not None:
            return self._compared(query, wanted, np.flatnonzero(np.isin(self._ids, only)))
        if effort == self.efforts - 1:
            return self._compared(query, wanted, np.flatnonzero(self._ids != _GONE))
        parameters = faiss.SearchParametersHNSW(
            sel=faiss.IDSelectorBitmap(len(self._ids), faiss.swig_ptr(self._there)),
            efSearch=max(_SEARCH_EFFORT, wanted) * _HARDER**effort,
        )
        scores, places = found(self._graph.search(query, wanted, params=parameters))
        return scores, self._ids[places]

    def _rows(self, ids: "Ids") -> "Vector":
        rows: Vector = self._storage.reconstruct_batch(self._places(ids, lambda: self._ids))
        return rows

    def _compared(self, query: "Vector", wanted: int, places: "Ids") -> "tuple[Vector, Ids]":
        """Returns the nearest of the vectors at some places, each compared."""
        scores = np.empty(len(places), np.float32)
        for start in range(0, len(places), _CHUNK):
            some = places[start : start + _CHUNK]
            scores[start : start + _CHUNK] = self._storage.reconstruct_batch(some) @ query[0]
        order = np.argsort(-scores, kind="stable")[:wanted]
        return scores[order], self._ids[places[order]]

    def _contents(self) -> "tuple[Ids, Vector]":
        places = np.flatnonzero(self._ids != _GONE)
        if not places.size:
            return self._ids[:0], np.empty((0, self.dimensions), np.float32)
        return self._ids[places], to_unit_length(self._storage.reconstruct_batch(places))

    def _saved(self) -> Any:
        return self._index


def _bits(ids: "Ids") -> "NDArray[np.uint8]":
    """Returns a bit for each place, set where a vector is that was not deleted."""
    return np.packbits(ids != _GONE, bitorder="little")
