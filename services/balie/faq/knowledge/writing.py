"""Writes of entries, as calls and imports share them: rows, history, generation, event and kept vectors together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from balie.faq import events
from balie.faq.errors import CollectionNotFound, EntryLanguageInvalid
from balie.faq.index.vectors import Vectors, text_hash
from balie.faq.knowledge.domain import Collection, Entry, EntryChange, EntryContent
from balie.faq.knowledge.history import History
from balie.faq.knowledge.store import Store
from balie.kit.database import Transaction
from balie.kit.eventlog import EventLog, Record

Change = tuple[EntryContent, Entry | None]
"""What an entry shall hold, and the entry that is there."""


class EntryWriter:
    """Changes entries in the transaction of its caller, which holds the collection's row."""

    def __init__(self, store: Store, log: EventLog, vectors: Vectors, history: History) -> None:
        self._store = store
        self._history = history
        self._log = log
        self._vectors = vectors

    async def locked(self, tx: Transaction, tenant: str, collection_id: str) -> Collection:
        """Returns a collection, whose other writers wait until this transaction ends.

        Raises:
            CollectionNotFound: there is none.
        """
        collection = await self._store.collection(tx, tenant, collection_id, lock=True)
        if collection is None:
            raise CollectionNotFound(collection_id)
        return collection

    async def append(self, tx: Transaction, tenant: str, change: EntryChange) -> Record:
        """Returns the event that tells of a change; its position is the collection's new generation."""
        return await self._log.append(
            tx, tenant, events.topic_of(change.collection_id), events.encode(change)
        )

    async def write(
        self, tx: Transaction, tenant: str, collection: Collection, changes: Sequence[Change], *, by: str
    ) -> list[Entry]:
        """Returns entries as they are now stored.

        Args:
            tx: the writing transaction.
            tenant: whose they are.
            collection: as `locked` returned it.
            changes: at least one, no entry twice, each different from what is there.
            by: who changes them, `role:id`.
        """
        created = sum(before is None for _, before in changes)
        number = await self._store.take_numbers(tx, tenant, created) if created else 0
        written: list[Entry] = []
        for content, before in changes:
            if before is None:
                given, revision, number = number, 1, number + 1
            else:
                given, revision = before.number, before.revision + 1
            record = await self.append(tx, tenant, EntryChange(collection.id, content.id, given, revision))
            written.append(
                Entry(
                    collection_id=collection.id,
                    content=content,
                    number=given,
                    revision=revision,
                    generation=record.position,
                    created_at=before.created_at if before else record.recorded_at,
                    updated_at=record.recorded_at,
                )
            )
        await self._store.save_entries(tx, tenant, written)
        await self._history.add(tx, tenant, written, by)
        for content, before in changes:
            await self._forget(tx, tenant, before, content)
        await self._advance(tx, tenant, collection, written[-1].generation, written[-1].updated_at, created)
        return written

    async def delete(
        self, tx: Transaction, tenant: str, collection: Collection, entries: Sequence[Entry]
    ) -> int:
        """Deletes entries, at least one, and returns the collection's generation from which on they are gone."""
        generation, moment = collection.generation, collection.changed_at
        for entry in entries:
            change = EntryChange(collection.id, entry.id, entry.number, entry.revision + 1, deleted=True)
            record = await self.append(tx, tenant, change)
            await self._store.delete_entry(tx, tenant, entry)
            await self._forget(tx, tenant, entry, None)
            generation, moment = record.position, record.recorded_at
        await self._advance(tx, tenant, collection, generation, moment, -len(entries))
        return generation

    async def _forget(
        self, tx: Transaction, tenant: str, before: Entry | None, content: EntryContent | None
    ) -> None:
        """Deletes the kept vectors of texts that an entry no longer has."""
        if before is None:
            return
        gone = set(before.content.worded()) - set(content.worded() if content else ())
        hashes = [text_hash(text) for text in gone]
        await self._vectors.forget(tx, tenant, before.collection_id, hashes)

    async def _advance(
        self,
        tx: Transaction,
        tenant: str,
        collection: Collection,
        generation: int,
        moment: datetime,
        more: int,
    ) -> None:
        changed = replace(
            collection,
            generation=generation,
            changed_at=moment,
            entry_count=collection.entry_count + more,
        )
        await self._store.save_collection(tx, tenant, changed)


def check_languages(collection: Collection, content: EntryContent) -> None:
    """Checks that a collection has the languages of an entry.

    Raises:
        EntryLanguageInvalid: it lacks one.
    """
    known = collection.content.languages
    for text in content.texts:
        if text.language not in known:
            raise EntryLanguageInvalid(text.language, problem="is not one of the collection's", known=known)
