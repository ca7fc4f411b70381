"""The index of one collection on this replica: vectors, what is shown of each entry, and how far it has come.

Everything a search needs is here, so that it waits for no database and never mixes two states: the texts it returns
are those of the generation that it names.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from balie.faq.domain import Calibration, Entry, EntryText, IndexState
from balie.faq.index.kinds import Kinds
from balie.faq.index.locks import ReadWriteLock
from balie.faq.index.port import Snapshot, VectorIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    EntryVectors = Sequence[NDArray[np.float32]]


_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class IndexedEntry:
    """What the index keeps of an entry, in memory and in its files; its phrasings are there as vectors alone.

    Attributes:
        digest: of its questions and phrasings: the same when its vectors are.
    """

    number: int
    id: str
    revision: int
    texts: tuple[EntryText, ...]
    digest: str = ""

    @staticmethod
    def of(entry: Entry) -> "IndexedEntry":
        """Returns what is kept of a stored entry."""
        texts = tuple(replace(text, phrasings=()) for text in entry.content.texts)
        return IndexedEntry(entry.number, entry.id, entry.revision, texts, _digest(entry))


def _digest(entry: Entry) -> str:
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for text in entry.content.texts:
        for phrasing in text.asked():
            encoded = phrasing.encode("utf-8", "replace")
            found.update(len(encoded).to_bytes(4, "big") + encoded)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search finds in one state of the index.

    Attributes:
        ranked: entries with their scores, best first, ties by id.
        pinned: those of the entries named that exist, in the order they were named.
        languages: of the collection, best first.
    """

    ranked: tuple[tuple[IndexedEntry, float], ...]
    pinned: tuple[IndexedEntry, ...]
    languages: tuple[str, ...]
    state: IndexState


class LiveIndex:
    """An index that is searched while it follows its collection; its methods but `reached` and `tell` may block.

    Args:
        fingerprint: of the encoder whose vectors it holds.
        dimensions: length of a vector.
        calibration: used until one is learned.
        as_of: a moment, until the first change.
        kinds: which kind the index of vectors shall be.
    """

    def __init__(
        self,
        *,
        fingerprint: str,
        dimensions: int,
        calibration: Calibration,
        as_of: datetime,
        kinds: Kinds | None = None,
    ) -> None:
        self._fingerprint = fingerprint
        self._kinds = kinds or Kinds()
        self._lock = ReadWriteLock()
        # Held by whoever changes, copies or writes the index, which may take seconds: searches do not wait for it.
        self._changing = threading.Lock()
        self._vectors: VectorIndex = self._kinds.build(dimensions, {})
        self._entries: dict[int, IndexedEntry] = {}
        self._numbers: dict[str, int] = {}
        self._languages: tuple[str, ...] = ()
        self._generation = 0
        self._as_of = as_of
        self._calibration = calibration
        self._changed = asyncio.Event()

    @property
    def generation(self) -> int:
        """Returns the generation it holds."""
        return self._generation

    def state(self) -> IndexState:
        """Returns what it holds."""
        with self._lock.reading():
            return self._state()

    def search(self, vector: "NDArray[np.float32] | None", top: int, pinned: Sequence[str] = ()) -> Found:
        """Returns the best entries and the ones named, of one state.

        Args:
            vector: shape (dimensions,), float32, of length 1; None to rank nothing.
            top: most ranked entries.
            pinned: ids of the entries named, which are not ranked again.
        """
        with self._lock.reading():
            named = [self._entries[self._numbers[key]] for key in pinned if key in self._numbers]
            apart = {entry.number for entry in named}
            hits = [] if vector is None else self._vectors.search(vector, top + len(apart))
            ranked = [(self._entries[hit.number], hit.score) for hit in hits if hit.number not in apart]
            ranked.sort(key=lambda pair: (-pair[1], pair[0].id))
            return Found(tuple(ranked[:top]), tuple(named), self._languages, self._state())

    def snapshot(self) -> tuple[int, Snapshot]:
        """Returns the generation and a copy of all its vectors."""
        with self._changing:
            return self._generation, self._vectors.snapshot()

    def ids(self) -> tuple[dict[str, int], list[int]]:
        """Returns the numbers of its entries by id, and the ids of all its vectors."""
        with self._lock.reading():
            return dict(self._numbers), self._vectors.ids()

    def load(
        self,
        entries: "Mapping[IndexedEntry, EntryVectors]",
        *,
        languages: tuple[str, ...],
        generation: int,
        as_of: datetime,
        base: VectorIndex | None = None,
    ) -> None:
        """Holds these entries and nothing else; what is there is searched until the new index is whole.

        Args:
            entries: with one vector for each question and phrasing; with none when `base` has them.
            languages: of the collection.
            generation: that it holds afterwards.
            as_of: when the newest change of that generation was made.
            base: an index with vectors from before; those of other entries are removed from it.
        """
        rows = {entry.number: vectors for entry, vectors in entries.items() if vectors}
        if base is not None:
            base.replace(base.numbers() - {entry.number for entry in entries}, rows)
        built = self._kinds.build(self._vectors.dimensions, rows) if base is None else base
        with self._changing, self._lock.writing():
            self._vectors = built
            self._entries = {entry.number: entry for entry in entries}
            self._numbers = {entry.id: entry.number for entry in entries}
            self._languages, self._generation, self._as_of = languages, generation, as_of

    def change(
        self,
        removed: Iterable[int],
        added: "Mapping[IndexedEntry, EntryVectors]",
        *,
        languages: tuple[str, ...] | None,
        generation: int,
        as_of: datetime,
    ) -> None:
        """Takes entries out and puts others, or the same ones anew, in their place, in one step.

        Args:
            removed: numbers of the entries that went or changed.
            added: the entries that are there now, with one vector for each question and phrasing.
            languages: of the collection; None when it is gone.
            generation: that it holds afterwards.
            as_of: when the newest change of that generation was made.
        """
        with self._changing, self._lock.writing():
            going = set(removed) | {entry.number for entry in added}
            # An id that was deleted and given anew, when the deletion is still to come in the log.
            going |= {self._numbers[entry.id] for entry in added if entry.id in self._numbers}
            self._vectors.replace(going, {entry.number: rows for entry, rows in added.items()})
            for number in going & self._entries.keys():
                gone = self._entries.pop(number)
                if self._numbers.get(gone.id) == number:
                    del self._numbers[gone.id]
            for entry in added:
                self._entries[entry.number] = entry
                self._numbers[entry.id] = entry.number
            self._languages = self._languages if languages is None else languages
            self._generation, self._as_of = generation, as_of

    def unfit(self) -> str:
        """Returns why the index of vectors should be built anew, empty when it should not."""
        with self._lock.reading():
            return self._kinds.unfit(self._vectors)

    def write(self, write: Callable[[int, VectorIndex, Collection[IndexedEntry]], None]) -> int:
        """Returns the generation that it wrote: calls with it, the vectors and the entries; changes wait."""
        with self._changing:
            write(self._generation, self._vectors, self._entries.values())
            return self._generation

    def calibrate(self, calibration: Calibration) -> None:
        """Uses a calibration from now on; never blocks."""
        self._calibration = calibration

    def tell(self) -> None:
        """Wakes those who wait for a generation; called on the event loop after each change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def reached(self, generation: int) -> None:
        """Returns when it holds at least a generation."""
        while self._generation < generation:
            await self._changed.wait()

    def _state(self) -> IndexState:
        return IndexState(
            generation=self._generation,
            as_of=self._as_of,
            entry_count=len(self._entries),
            vector_count=len(self._vectors),
            fingerprint=self._fingerprint,
            dimensions=self._vectors.dimensions,
            calibration=self._calibration,
            kind=self._vectors.kind.value,
            size_bytes=self._vectors.size_bytes,
        )
