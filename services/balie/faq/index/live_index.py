"""The index of one collection on this replica: vectors, what is shown of each entry, and how far it has come.

Everything a search needs is here, so that it waits for no database and never mixes two states: the texts it returns
are those of the generation that it names.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from balie.faq.domain import Calibration, IndexState
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.kinds import Kinds
from balie.faq.index.locks import ReadWriteLock
from balie.faq.index.port import SharedIndex, VectorIndex
from balie.faq.retrieval.lengths import Lengths
from balie.faq.retrieval.lexical import LexicalIndex
from balie.faq.retrieval.port import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.faq.retrieval.port import Query, Ranked, Retriever

    EntryVectors = Sequence[NDArray[np.float32]]


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search finds in one state of the index.

    Attributes:
        ranked: entries, best first, ties by id.
        pinned: those of the entries named that exist and are allowed, in the order they were named.
        languages: of the collection, best first.
        fallback: all of them in the order in which they stand in for one that an entry lacks.
    """

    ranked: "tuple[Ranked, ...]"
    pinned: tuple[IndexedEntry, ...]
    languages: tuple[str, ...]
    fallback: tuple[str, ...]
    state: IndexState


class LiveIndex:
    """An index that is searched while it follows its collection; its methods but `reached` and `tell` may block.

    Args:
        fingerprint: of the encoder whose vectors it holds.
        dimensions: length of a vector.
        calibration: used until one is learned.
        as_of: a moment, until the first change.
        retriever: ranks.
        kinds: which kind the index of vectors shall be.
    """

    def __init__(
        self,
        *,
        fingerprint: str,
        dimensions: int,
        calibration: Calibration,
        as_of: datetime,
        retriever: "Retriever",
        kinds: Kinds | None = None,
    ) -> None:
        self._fingerprint = fingerprint
        self._kinds = kinds or Kinds()
        self._lock = ReadWriteLock()
        # Held by whoever changes, copies or writes the index, which may take seconds: searches do not wait for it.
        self._changing = threading.Lock()
        self._retriever = retriever
        self._vectors: VectorIndex = self._kinds.build(dimensions, {})
        self._words = LexicalIndex()
        self._lengths = Lengths()
        self._entries: dict[int, IndexedEntry] = {}
        self._numbers: dict[str, int] = {}
        self._languages: tuple[str, ...] = ()
        self._fallback: tuple[str, ...] = ()
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

    def search(
        self,
        query: "Query | None",
        top: int,
        pinned: Sequence[str] = (),
        allows: Callable[[IndexedEntry], bool] | None = None,
    ) -> Found:
        """Returns the best entries and the ones named, of one state.

        Args:
            query: what is looked up; None to rank nothing.
            top: most ranked entries; as many come whenever there are as many that are allowed.
            pinned: ids of the entries named, which are not ranked again.
            allows: says which entries may be given; None for all of them.
        """
        with self._lock.reading():
            named = [self._entries[self._numbers[key]] for key in pinned if key in self._numbers]
            apart = {entry.number for entry in named}

            def allowed(number: int) -> bool:
                return number not in apart and (allows is None or allows(self._entries[number]))

            ranked = () if query is None else self._retriever.rank(query, self._view(allowed), top)
            named = [entry for entry in named if allows is None or allows(entry)]
            return Found(tuple(ranked[:top]), tuple(named), self._languages, self._fallback, self._state())

    def look(self, see: "Callable[[View], T]") -> "T":
        """Returns what is seen in one state of the index; changes wait meanwhile."""
        with self._lock.reading():
            return see(self._view(lambda _: True))

    def ids(self) -> tuple[dict[str, int], list[int]]:
        """Returns the numbers of its entries by id, and the ids of all its vectors."""
        with self._lock.reading():
            return dict(self._numbers), self._vectors.ids()

    def load(
        self,
        entries: "Mapping[IndexedEntry, EntryVectors]",
        *,
        languages: tuple[str, ...],
        fallback: tuple[str, ...] = (),
        generation: int,
        as_of: datetime,
        base: VectorIndex | None = None,
    ) -> None:
        """Holds these entries and nothing else; what is there is searched until the new index is whole.

        Args:
            entries: with one vector for each question, phrasing and answer; with none when `base` has them.
            languages: of the collection.
            fallback: the order in which they stand in for one that an entry lacks; those left out come last.
            generation: that it holds afterwards.
            as_of: when the newest change of that generation was made.
            base: an index with vectors from before; those of other entries are removed from it.
        """
        rows = {entry.number: vectors for entry, vectors in entries.items() if vectors}
        if base is not None:
            base.replace(base.numbers() - {entry.number for entry in entries}, rows)
        built = self._kinds.build(self._vectors.dimensions, rows) if base is None else base
        words = LexicalIndex()
        words.replace((), {entry.number: entry.texts for entry in entries})
        words.settle()
        with self._changing, self._lock.writing():
            self._vectors, self._words, self._lengths = built, words, Lengths()
            self._entries = {entry.number: entry for entry in entries}
            self._numbers = {entry.id: entry.number for entry in entries}
            self._speak(languages, fallback)
            self._generation, self._as_of = generation, as_of

    def change(
        self,
        removed: Iterable[int],
        added: "Mapping[IndexedEntry, EntryVectors]",
        *,
        languages: tuple[str, ...] | None,
        fallback: tuple[str, ...] = (),
        generation: int,
        as_of: datetime,
    ) -> None:
        """Takes entries out and puts others, or the same ones anew, in their place, in one step.

        Args:
            removed: numbers of the entries that went or changed.
            added: the entries that are there now, with one vector for each question, phrasing and answer.
            languages: of the collection; None when it is gone.
            fallback: the order in which they stand in for one that an entry lacks; those left out come last.
            generation: that it holds afterwards.
            as_of: when the newest change of that generation was made.
        """
        with self._changing:
            if isinstance(self._vectors, SharedIndex):
                self._vectors.stage(added, generation)  # the most of the work: searches go on meanwhile
            with self._lock.writing():
                self._change(removed, added)
                if languages is not None:
                    self._speak(languages, fallback)
                self._generation, self._as_of = generation, as_of

    def settle(self) -> None:
        """Makes searches quick again after a change; they go on meanwhile, and other changes wait."""
        with self._changing:
            self._words.settle()

    def _change(self, removed: Iterable[int], added: "Mapping[IndexedEntry, EntryVectors]") -> None:
        going = set(removed) | {entry.number for entry in added}
        # An id that was deleted and given anew, when the deletion is still to come in the log.
        going |= {self._numbers[entry.id] for entry in added if entry.id in self._numbers}
        self._vectors.replace(going, {entry.number: rows for entry, rows in added.items()})
        self._words.replace(going, {entry.number: entry.texts for entry in added})
        self._lengths.forget(going)
        for number in going & self._entries.keys():
            gone = self._entries.pop(number)
            if self._numbers.get(gone.id) == number:
                del self._numbers[gone.id]
        for entry in added:
            self._entries[entry.number] = entry
            self._numbers[entry.id] = entry.number

    def keep(self) -> bool:
        """Returns whether its vectors are still there, after saying that they are used."""
        vectors = self._vectors
        return not isinstance(vectors, SharedIndex) or vectors.keep()

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

    def _speak(self, languages: tuple[str, ...], fallback: tuple[str, ...]) -> None:
        self._languages, self._fallback = languages, tuple(dict.fromkeys((*fallback, *languages)))

    def _view(self, allowed: Callable[[int], bool]) -> "View":
        return View(self._entries, self._vectors, self._words, allowed, self._languages, self._lengths)

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
