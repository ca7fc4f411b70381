"""All vectors in a row, compared one by one: nothing to learn, nothing to miss, and as slow as there are many."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from balie.faq.index.codes import to_unit_length
from balie.faq.index.faiss_index import FaissIndex, found
from balie.faq.index.library import faiss
from balie.faq.index.port import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Ids = NDArray[np.int64]


class FlatIndex(FaissIndex):
    """Vectors as they are: exact.

    Args:
        index: of FAISS, new or read from a file.
    """

    kind: ClassVar[Kind] = Kind.FLAT
    _number_bytes: ClassVar[int] = 4

    def __init__(self, index: Any) -> None:
        super().__init__(index.d)
        self._index = index
        self._recount(faiss.vector_to_array(index.id_map))

    @classmethod
    def empty(cls, dimensions: int) -> Self:
        """Returns an index without vectors."""
        return cls(faiss.IndexIDMap(cls._empty(dimensions)))

    @property
    def size_bytes(self) -> int:
        """Returns what its vectors take in memory, about."""
        return len(self) * (self.dimensions * self._number_bytes + 8)

    @staticmethod
    def _empty(dimensions: int) -> Any:
        return faiss.IndexFlatIP(dimensions)

    def _add(self, rows: "Vector", ids: "Ids") -> None:
        self._index.add_with_ids(rows, ids)

    def _remove(self, ids: "Ids") -> None:
        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def _nearest(self, query: "Vector", wanted: int, effort: int, only: "Ids | None") -> "tuple[Vector, Ids]":
        if only is None:
            return found(self._index.search(query, wanted))
        parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(only))
        return found(self._index.search(query, wanted, params=parameters))

    def _rows(self, ids: "Ids") -> "Vector":
        places = self._places(ids, lambda: faiss.vector_to_array(self._index.id_map))
        rows: Vector = self._index.index.reconstruct_batch(places)
        return rows

    def _contents(self) -> "tuple[Ids, Vector]":
        rows = faiss.downcast_index(self._index.index).reconstruct_n(0, len(self))
        return faiss.vector_to_array(self._index.id_map), rows

    def _saved(self) -> Any:
        return self._index


class HalfFlatIndex(FlatIndex):
    """Vectors in 16 bits a number: half the memory and twice the speed, for scores that are off by some 0.0005."""

    kind: ClassVar[Kind] = Kind.FP16
    _number_bytes: ClassVar[int] = 2

    @staticmethod
    def _empty(dimensions: int) -> Any:
        return faiss.IndexScalarQuantizer(
            dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )

    def _contents(self) -> "tuple[Ids, Vector]":
        ids, rows = super()._contents()
        return ids, to_unit_length(rows)
