"""Reads what an index is built from: a collection's entries of one generation, and their vectors.

Entries come from SQL in one snapshot. A vector comes from the saved index when its entry's words are the same as when
it was saved, from the table of vectors when they are not, and from the encoder when it is nowhere.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balie.faq.domain import BuildStep, Collection, Entry
from balie.faq.index.files import Owner, Saved
from balie.faq.index.indexed_entry import IndexedEntry, published
from balie.faq.index.parts import Parts
from balie.faq.index.progress import Progress
from balie.faq.index.vectors import text_hash

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_PAGE = 500  # entries read at a time: a page holds the event loop for some ten milliseconds


@dataclass(frozen=True)
class Loaded:
    """What an index is built from.

    Attributes:
        rows: each entry's vectors; none for those that `saved` has.
        hashes: of all texts.
    """

    collection: Collection
    rows: "dict[IndexedEntry, list[Vector]]"
    hashes: set[bytes]
    saved: Saved | None


class Loader:
    """Loads one collection."""

    def __init__(self, parts: Parts, owner: Owner, progress: Progress) -> None:
        self._parts = parts
        self._owner = owner
        self._progress = progress

    async def load(self, *, from_files: bool) -> Loaded | None:
        """Returns the collection's entries with their vectors; None when it is gone.

        Args:
            from_files: whether to take vectors from the saved index.
        """
        self._progress.begin(BuildStep.READING)
        read = await self._read()
        if read is None:
            return None
        collection, entries = read
        saved = await self._saved(collection) if from_files and self._parts.files else None
        self._progress.begin(BuildStep.ENCODING)
        loaded = Loaded(collection, {}, set(), saved)
        done = 0
        for page in _pages(entries):
            await self._add(loaded, page)
            done += len(page)
            self._progress.at(done, len(entries))
        return loaded

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

    async def _saved(self, collection: Collection) -> Saved | None:
        files = self._parts.files
        if files is None:
            return None
        saved = await self._parts.in_thread(files.read, self._owner)
        if saved is not None and saved.generation > collection.generation:
            why = f"it holds generation {saved.generation}, stored is {collection.generation}: a backup was restored"
            await self._parts.in_thread(files.throw_away, self._owner, why)
            return None
        return saved

    async def _add(self, loaded: Loaded, page: Sequence[Entry]) -> None:
        """Adds a page of entries with their vectors."""
        known = loaded.saved.digests if loaded.saved else {}
        indexed = await self._parts.in_thread(_prepared, page, loaded.hashes)
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


def _prepared(page: Sequence[Entry], hashes: set[bytes]) -> list[IndexedEntry]:
    hashes.update(text_hash(phrasing) for entry in page for phrasing in entry.content.worded())
    return [IndexedEntry.of(entry) for entry in page]


def _pages(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _PAGE):
        yield entries[start : start + _PAGE]
