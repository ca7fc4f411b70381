"""Reads what an index is built from: a collection's entries of one generation, and their vectors.

When the log shows that the store has the past of a saved index, all comes from its files, as of the generation that was
saved; what happened since, the follower reads from the log.

Otherwise entries come from SQL in one snapshot. A vector still comes from the saved index when its entry's words are the
same as when it was saved, from the table of vectors when they are not, and from the encoder when it is nowhere.

An index that replicas share is handed the vectors that it lacks page by page, so that no process holds all of them.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from balie.faq.domain import BuildStep
from balie.faq.events import topic_of
from balie.faq.index.files import Owner, Saved
from balie.faq.index.indexed_entry import IndexedEntry, published
from balie.faq.index.parts import Parts
from balie.faq.index.port import SharedIndex, SharedIndexes
from balie.faq.index.progress import Progress
from balie.faq.index.vectors import text_hash
from balie.faq.knowledge.domain import Collection, Entry
from balie.kit.errors import CursorExpired
from balie.kit.eventlog import EventLog, Record

if TYPE_CHECKING:
    from balie.faq.index.vectors import Vector

_PAGE = 500  # entries read at a time: a page holds the event loop for some ten milliseconds
_MOST_BEHIND = 10_000
"""Changes from which on reading all entries is quicker than following the log."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Loaded:
    """What an index is built from.

    Attributes:
        collection: as it is.
        generation: of the entries.
        as_of: when that was made.
        rows: each entry's vectors; none for those that `saved` has.
        hashes: of all texts; None when they are not known.
        saved: the index that was saved, if it is of use.
    """

    collection: Collection
    generation: int
    as_of: datetime
    rows: "dict[IndexedEntry, list[Vector]]"
    hashes: set[bytes] | None
    saved: Saved | None


class Loader:
    """Loads one collection."""

    def __init__(self, parts: Parts, owner: Owner, progress: Progress) -> None:
        self._parts = parts
        self._owner = owner
        self._progress = progress

    async def load(self, *, from_files: bool, anew: bool = False) -> Loaded | None:
        """Returns the collection's entries with their vectors; None when it is gone.

        Args:
            from_files: whether to take vectors from the saved index.
            anew: whether to use nothing of what an index that replicas share holds.
        """
        self._progress.begin(BuildStep.READING)
        if self._parts.shared:
            return await self._into_shared(self._parts.shared, anew=anew)
        saved = None
        if from_files and self._parts.files:
            saved = await self._parts.in_thread(self._parts.files.read, self._owner)
        if saved is not None and (whole := await self._from_files(saved)):
            return whole
        read = await self._read()
        if read is None:
            return None
        collection, entries = read
        if saved is not None and saved.generation > collection.generation:
            await self._throw_away(saved, collection)
            saved = None
        known = {entry.number: entry.digest for entry in saved.entries} if saved else {}
        self._progress.begin(BuildStep.ENCODING)
        hashes: set[bytes] = set()
        loaded = Loaded(collection, collection.generation, collection.changed_at, {}, hashes, saved)
        done = 0
        for page in _pages(entries):
            indexed = await self._parts.in_thread(_prepared, page, hashes)
            await self._add(loaded, page, indexed, known)
            done += len(page)
            self._progress.at(done, len(entries))
        return loaded

    async def _into_shared(self, shared: SharedIndexes, *, anew: bool) -> Loaded | None:
        """Returns the collection's entries; their vectors are in the index that is saved with them."""
        index = await self._opened(shared, anew=anew)
        read = await self._read()
        if read is None:
            return None
        collection, entries = read
        if index.generation > collection.generation:
            _log.warning(
                "shared index left behind",
                collection_id=collection.id,
                why=f"it held generation {index.generation}, stored is {collection.generation}: a backup was restored",
            )
            index = await self._opened(shared, anew=True)
        self._progress.begin(BuildStep.ENCODING)
        hashes: set[bytes] = set()
        saved = Saved(index, collection.generation, "", [])
        loaded = Loaded(collection, collection.generation, collection.changed_at, {}, hashes, saved)
        done = 0
        for page in _pages(entries):
            indexed = await self._parts.in_thread(_prepared, page, hashes)
            known = await self._parts.in_thread(index.adopt, indexed)
            await self._add(loaded, page, indexed, known)
            await self._parts.in_thread(_hand_over, loaded, index, indexed)
            done += len(page)
            self._progress.at(done, len(entries))
        self._progress.begin(BuildStep.BUILDING)
        await self._parts.in_thread(index.settle, collection.generation)
        return loaded

    async def _opened(self, shared: SharedIndexes, *, anew: bool) -> SharedIndex:
        owner = self._owner
        return await self._parts.in_thread(
            shared.open, owner.tenant, owner.collection_id, owner.fingerprint, owner.dimensions, anew=anew
        )

    async def _from_files(self, saved: Saved) -> Loaded | None:
        """Returns what a saved index holds; None when the store may have another past, or has gone far ahead."""
        tenant, collection_id = self._owner.tenant, self._owner.collection_id
        async with self._parts.database.read() as tx:
            collection = await self._parts.store.collection(tx, tenant, collection_id)
        if collection is None or collection.generation - saved.generation > _MOST_BEHIND:
            return None
        event = await newest_event(self._parts.log, tenant, collection_id, saved.generation)
        if event is None or event.event_id != saved.event_id:
            return None
        rows = await self._parts.in_thread(_without_rows, saved.entries)
        return Loaded(collection, saved.generation, event.recorded_at, rows, None, saved)

    async def _throw_away(self, saved: Saved, collection: Collection) -> None:
        why = f"it holds generation {saved.generation}, stored is {collection.generation}: a backup was restored"
        if self._parts.files:
            await self._parts.in_thread(self._parts.files.throw_away, self._owner, why)

    async def _read(self) -> tuple[Collection, list[Entry]] | None:
        """Returns the collection and its published entries as of its generation; None when it is gone."""
        store, entries = self._parts.store, list[Entry]()
        tenant, collection_id = self._owner.tenant, self._owner.collection_id
        async with self._parts.database.read() as tx:
            collection = await store.collection(tx, tenant, collection_id)
            if collection is None:
                return None
            after = ""
            while True:
                page = await store.list_entries(tx, tenant, collection_id, after=after, limit=_PAGE)
                entries += published(page)
                self._progress.at(len(entries), collection.entry_count)
                if len(page) < _PAGE:
                    return collection, entries
                after = page[-1].id

    async def _add(
        self,
        loaded: Loaded,
        page: Sequence[Entry],
        indexed: Sequence[IndexedEntry],
        known: Mapping[int, str],
    ) -> None:
        """Adds a page of entries with their vectors."""
        changed = [
            entry for entry, kept in zip(page, indexed, strict=True) if known.get(entry.number) != kept.digest
        ]
        vectors: dict[str, Vector] = {}
        if changed:
            texts = [phrasing for entry in changed for phrasing in entry.content.worded()]
            vectors = await self._parts.vectors.of(self._owner.tenant, self._owner.collection_id, texts)
        new = {entry.number for entry in changed}
        for entry, kept in zip(page, indexed, strict=True):
            loaded.rows[kept] = (
                [vectors[phrasing] for phrasing in entry.content.worded()] if entry.number in new else []
            )
        await asyncio.sleep(0)  # whoever asks a question meanwhile comes in between


async def newest_event(log: EventLog, tenant: str, collection_id: str, generation: int) -> Record | None:
    """Returns the event with a generation; None when it is no longer kept, or never was."""
    try:
        found = await log.read(tenant, topic_of(collection_id), generation - 1, 1)
    except CursorExpired:
        return None
    return found[0] if found else None


def _without_rows(entries: Sequence[IndexedEntry]) -> "dict[IndexedEntry, list[Vector]]":
    return {entry: [] for entry in entries}


def _hand_over(loaded: Loaded, index: SharedIndex, entries: Sequence[IndexedEntry]) -> None:
    """Gives an index the vectors of entries that have some with them, and keeps them no longer."""
    rows = {entry: loaded.rows[entry] for entry in entries if loaded.rows[entry]}
    if rows:
        index.stage(rows, loaded.generation)
        index.replace((), {entry.number: vectors for entry, vectors in rows.items()})
        loaded.rows.update({entry: [] for entry in rows})


def _prepared(page: Sequence[Entry], hashes: set[bytes]) -> list[IndexedEntry]:
    hashes.update(text_hash(phrasing) for entry in page for phrasing in entry.content.worded())
    return [IndexedEntry.of(entry) for entry in page]


def _pages(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _PAGE):
        yield entries[start : start + _PAGE]
