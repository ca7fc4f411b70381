"""Vectors in lists of neighbours, in 8 bits a number: a search reads a few lists, a deletion takes out at once.

Source: Jégou et al. 2011, "Product Quantization for Nearest Neighbor Search", section IV (inverted file), with the
scalar quantizer of FAISS in place of product codes.
"""

import math
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

_LISTS = 2  # times the square root of the vectors
_TRAINED_ON = 64  # vectors of a list that its centre is learned from, at most
_ROUNDS = 10  # of k-means
_LEAST_PROBES = 16
_PROBED_SHARE = 32  # one list of so many is read, and `_LEAST_PROBES` at least
_GROWTH = 4  # times the vectors it was laid out for make it worn


class IvfIndex(FaissIndex):
    """Not exact: about 99 of 100 best entries are found at the first effort.

    Args:
        index: of FAISS, laid out or read from a file.
    """

    kind: ClassVar[Kind] = Kind.IVF
    efforts: ClassVar[int] = 3

    def __init__(self, index: Any) -> None:
        super().__init__(index.d)
        self._index = index
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # finds a vector by its id
        self._cut_off = 0
        self._recount(self._contents()[0])

    @classmethod
    def laid_out(cls, dimensions: int, rows: "Vector", vectors: int) -> Self:
        """Returns an index without vectors.

        Args:
            dimensions: length of a vector.
            rows: shape (sample, dimensions), from which its lists are learned; one vector at least.
            vectors: how many it is laid out for.
        """
        lists = max(1, min(len(rows), round(_LISTS * math.sqrt(vectors))))
        centres = faiss.IndexFlatIP(dimensions)
        index = faiss.IndexIVFScalarQuantizer(
            centres,
            dimensions,
            lists,
            faiss.ScalarQuantizer.QT_8bit_uniform,
            faiss.METRIC_INNER_PRODUCT,
            False,  # noqa: FBT003  codes of vectors, not of what is left beside their list's centre
        )
        centres.this.disown()
        index.own_fields = True
        index.cp.min_points_per_centroid = 1
        index.cp.max_points_per_centroid = _TRAINED_ON
        index.cp.niter = _ROUNDS
        index.train(rows)
        set_range(index.sq, rows)
        return cls(index)

    @property
    def size_bytes(self) -> int:
        """Returns what its vectors take in memory, about."""
        return len(self) * (self.dimensions + 8) + int(self._index.nlist) * self.dimensions * 4

    @property
    def wear(self) -> float:
        """Returns the share of vectors that are cut off; 1 when there are far more than it was laid out for."""
        laid_out_for = (self._index.nlist / _LISTS) ** 2
        if len(self) > _GROWTH * max(laid_out_for, 1.0):
            return 1.0
        return self._cut_off / max(1, len(self))

    def _add(self, rows: "Vector", ids: "Ids") -> None:
        self._cut_off += beyond_range(self._index.sq, rows)
        self._index.add_with_ids(rows, ids)

    def _remove(self, ids: "Ids") -> None:
        self._index.remove_ids(faiss.IDSelectorArray(ids))  # the kind that a table of ids can follow

    def _rows(self, ids: "Ids") -> "Vector":
        rows: Vector = self._index.reconstruct_batch(ids)
        return rows

    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        lists = self._index.nlist
        probes = max(_LEAST_PROBES, lists // _PROBED_SHARE) * _GROWTH**effort
        parameters = faiss.SearchParametersIVF(nprobe=lists if effort == self.efforts - 1 else probes)
        if only is not None:
            parameters = faiss.SearchParametersIVF(sel=faiss.IDSelectorBatch(only), nprobe=lists)
        return found(self._index.search(query, wanted, params=parameters))

    def _contents(self) -> "tuple[Ids, Vector]":
        lists, ids, codes = self._index.invlists, [np.empty(0, np.int64)], []
        for place in range(self._index.nlist):
            size = lists.list_size(place)
            if size:
                ids.append(faiss.rev_swig_ptr(lists.get_ids(place), size).copy())
                held = faiss.rev_swig_ptr(lists.get_codes(place), size * self._index.code_size)
                codes.append(held.reshape(size, -1).copy())
        if not codes:
            return ids[0], np.empty((0, self.dimensions), np.float32)
        return np.concatenate(ids), to_unit_length(self._index.sq.decode(np.concatenate(codes)))

    def _saved(self) -> Any:
        return self._index
