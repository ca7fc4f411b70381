"""Chooses the kind of an index by how many vectors it holds, and makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from balie.faq.index.faiss_flat import FlatIndex, HalfFlatIndex
from balie.faq.index.faiss_hnsw import HnswIndex
from balie.faq.index.faiss_index import FaissIndex
from balie.faq.index.faiss_ivf import IvfIndex
from balie.faq.index.library import faiss
from balie.faq.index.port import Kind, VectorIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = Mapping[int, Sequence[NDArray[np.float32]]]

Choice = Literal["auto", "flat", "fp16", "hnsw", "ivf", "pgvector"]

_SHRUNK = 2
"""An index changes back to a smaller kind at this part of the size from which it was chosen: it is not to swing."""


_SLICE = 20_000  # entries added at a time, so that no second copy of all vectors is made
_LEARNED_FROM = 130_000
"""Vectors, about, that the lists of an index are learned from: 64 for each of the lists of a million vectors."""


class IndexDamaged(Exception):
    """A file is none of an index as it is described; the message says why."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which kind an index shall be.

    Attributes:
        choice: a kind, or `auto` for the one that the sizes say, which is never `pgvector`.
        fp16_from: vectors from which on `auto` takes fp16 in place of flat.
        ivf_from: vectors from which on `auto` takes ivf.
        train_from: vectors from which on ivf and hnsw can be made; below, flat stands in for them.
        most_wear: wear from which on an index is built anew.
    """

    choice: Choice = "auto"
    fp16_from: int = 10_000
    ivf_from: int = 20_000
    train_from: int = 1000
    most_wear: float = 0.25

    def of(self, vectors: int) -> Kind:
        """Returns the kind for so many vectors."""
        if self.choice in ("hnsw", "ivf"):
            return Kind(self.choice) if vectors >= max(1, self.train_from) else Kind.FLAT
        if self.choice != "auto":
            return Kind(self.choice)
        if vectors >= max(1, self.ivf_from):
            return Kind.IVF
        return Kind.FP16 if vectors >= self.fp16_from else Kind.FLAT

    def unfit(self, index: VectorIndex) -> str:
        """Returns why an index should be built anew, empty when it should not."""
        vectors = len(index)
        if index.kind not in (self.of(vectors), self.of(_SHRUNK * vectors)):
            return f"{vectors} vectors are for {self.of(vectors)}"
        return f"its wear is {index.wear:.2f}" if index.wear > self.most_wear else ""

    def build(self, dimensions: int, rows: "Rows") -> VectorIndex:
        """Returns an index of vectors by the number of their entry, of the kind that suits them; may take minutes."""
        kind = self.of(sum(map(len, rows.values())))
        if kind is Kind.PGVECTOR:
            kind = Kind.FLAT  # stands in until the index in the database is opened
        index = make(kind, dimensions, rows)
        numbers = list(rows)
        for start in range(0, len(numbers), _SLICE):
            index.replace((), {number: rows[number] for number in numbers[start : start + _SLICE]})
        return index


def make(kind: Kind, dimensions: int, rows: "Rows") -> FaissIndex:
    """Returns an empty index of a kind, laid out for vectors; one at least for ivf and hnsw."""
    if kind is Kind.FLAT:
        return FlatIndex.empty(dimensions)
    if kind is Kind.FP16:
        return HalfFlatIndex.empty(dimensions)
    vectors = [vector for several in rows.values() for vector in several]
    learned_from = np.stack(vectors[:: max(1, len(vectors) // _LEARNED_FROM)]).astype(np.float32)
    if kind is Kind.HNSW:
        return HnswIndex.laid_out(dimensions, learned_from)
    return IvfIndex.laid_out(dimensions, learned_from, len(vectors))


def read(kind: Kind, dimensions: int, path: Path) -> VectorIndex:
    """Returns an index as it was written.

    Raises:
        IndexDamaged: the file cannot be read, or holds another kind or other vectors.
    """
    try:
        index = faiss.read_index(str(path))
        inner = faiss.downcast_index(index.index) if isinstance(index, faiss.IndexIDMap) else index
    except RuntimeError as error:
        raise IndexDamaged("it cannot be read") from error
    wanted, adopted = _FORMS[kind]
    if type(inner) is not wanted or index.d != dimensions or (inner is index) is not (kind is Kind.IVF):
        raise IndexDamaged(f"it holds {type(inner).__name__} with {index.d} dimensions")
    return adopted(index)


_FORMS = {
    Kind.FLAT: (faiss.IndexFlatIP, FlatIndex),
    Kind.FP16: (faiss.IndexScalarQuantizer, HalfFlatIndex),
    Kind.IVF: (faiss.IndexIVFScalarQuantizer, IvfIndex),
    Kind.HNSW: (faiss.IndexHNSWSQ, HnswIndex),
}
