"""What is asked of an index of vectors, whoever keeps them: FAISS in this process, or a server.

An id is the entry's number and the vector's slot within the entry, so it is stable whatever else changes: no mapping
shifts when something is deleted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.faq.index.indexed_entry import IndexedEntry

    Vector = NDArray[np.float32]

SLOTS = 2048
"""Ids of one entry: the contract allows 20 languages with an answer, a question and 100 phrasings each, 2040 vectors."""

Allowed = Callable[[int], bool]
"""Says of an entry's number whether a search may return it; called once for each entry that comes near."""


class Kind(StrEnum):
    """How an index keeps its vectors; the words of the settings and the contract."""

    FLAT = "flat"
    """As they are, compared one by one: exact."""
    FP16 = "fp16"
    """In 16 bits a number, compared one by one: scores are exact to some 0.0005."""
    HNSW = "hnsw"
    """In 8 bits a number, in a graph of neighbours: fastest, slow to build, keeps what is deleted until it is rebuilt."""
    IVF = "ivf"
    """In 8 bits a number, in lists of which a search reads a few: fast, and deletes at once."""
    PGVECTOR = "pgvector"
    """In 16 bits a number, in a PostgreSQL database that the replicas share; from some size on in a graph."""


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
        vectors: shape (vectors, dimensions), float32, of length 1 but for rounding.
    """

    numbers: "NDArray[np.int64]"
    vectors: "NDArray[np.float32]"


class VectorIndex(Protocol):
    """Finds entries by the cosine similarity of their vectors. Not safe for a change beside anything else.

    `balie.kit.testing.vector_indexes.VectorIndexSuite` checks whatever implements it.
    """

    @property
    def kind(self) -> Kind:
        """Returns how it keeps its vectors."""

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""

    @property
    def size_bytes(self) -> int:
        """Returns what its vectors take in memory, about."""

    @property
    def wear(self) -> float:
        """Returns how far it is from one built anew: the share of what it holds that is deleted, or not laid out for."""

    def __len__(self) -> int:
        """Returns how many vectors can be found."""

    def replace(self, removed: Iterable[int], added: "Mapping[int, Sequence[Vector]]") -> None:
        """Removes the vectors of entries, then adds those of others or of the same ones.

        Args:
            removed: numbers of entries; those that have no vectors here are passed over.
            added: unit vectors by the number of their entry, at most `SLOTS` each; removed first if they are there.
        """

    def search(self, vector: "Vector", top: int, *, allowed: Allowed | None = None) -> list[Hit]:
        """Returns the best `top` entries, best first, and those that tie with the last of them; each entry once.

        As many as `top` whenever so many entries are allowed, also of an index that is not exact.

        Args:
            vector: shape (dimensions,), float32, of length 1.
            top: 1 or more.
            allowed: which entries may be returned; all of them without it.
        """

    def numbers(self) -> set[int]:
        """Returns the numbers of the entries that have vectors here."""

    def ids(self) -> list[int]:
        """Returns the ids of all vectors, rising."""

    def snapshot(self) -> Snapshot:
        """Returns a copy of everything, in the order of ids."""

    def count(self, number: int) -> int:
        """Returns how many vectors an entry has here."""

    def rows(self, ids: "NDArray[np.int64]") -> "Vector":
        """Returns the vectors of ids that are there, in their order, shape (ids, dimensions), of length 1 but for rounding."""

    def write(self, path: Path) -> None:
        """Writes everything that can be found into a file, from which its kind can be read again.

        Raises:
            OSError: it cannot be written.
        """


@runtime_checkable
class SharedIndex(VectorIndex, Protocol):
    """An index whose vectors a server keeps, once for all replicas.

    A replica sees those vectors alone that it took over or put there: what others put there for later generations it
    does not find before it has come as far, so that a search never mixes two states.
    """

    @property
    def generation(self) -> int:
        """Returns the latest generation that any replica had put there when this index was opened."""

    def adopt(self, entries: "Iterable[IndexedEntry]") -> "dict[int, str]":
        """Takes over those entries whose vectors are there already, and returns their digests by number."""

    def stage(self, entries: "Mapping[IndexedEntry, Sequence[Vector]]", generation: int) -> None:
        """Puts vectors there without finding them yet, so that the `replace` which follows is short.

        May be called beside searches. What is there already is not written again.

        Args:
            entries: with their vectors.
            generation: of the collection that they come from.
        """

    def settle(self, generation: int) -> None:
        """Says that it is whole: what is left over from replicas that fell over is deleted, and the graph built."""

    def keep(self) -> bool:
        """Returns whether its vectors are still there; to be called every few minutes, as what nobody keeps is deleted."""


class SharedIndexes(Protocol):
    """Where the vectors of all collections are kept, for all replicas; its methods block."""

    def open(
        self, tenant: str, collection_id: str, fingerprint: str, dimensions: int, *, anew: bool
    ) -> SharedIndex:
        """Returns a collection's index of an encoder's vectors, of which it finds none yet.

        Args:
            tenant: whose collection it is.
            collection_id: its id.
            fingerprint: of the encoder.
            dimensions: length of a vector.
            anew: whether to use nothing that is there.
        """

    def forget(self, tenant: str, collection_id: str) -> None:
        """Deletes all vectors of a collection that is gone."""

    def keep_only(self, collections: Collection[tuple[str, str]]) -> None:
        """Deletes the vectors of any other collection, by tenant and id, once nobody uses them."""
