"""Knowledge work: collections, entries and their history, each write done once and told to the replicas."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from balie.faq.errors import (
    CollectionNotEmpty,
    CollectionNotFound,
    EntryLanguageInvalid,
    EntryNotFound,
    RevisionNotFound,
)
from balie.faq.knowledge.domain import (
    Collection,
    CollectionContent,
    Entry,
    EntryChange,
    EntryContent,
    EntryRevision,
)
from balie.faq.knowledge.history import History
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter, check_languages
from balie.kit.database import Database, Transaction
from balie.kit.errors import EtagMismatch
from balie.kit.ledger import Ledger, Write
from balie.kit.paging import decode_page, encode_page


@dataclass(frozen=True)
class Gone:
    """Says from which generation of its collection on something is gone."""

    generation: int


class Knowledge:
    """What the tenants know, in SQL."""

    def __init__(
        self, database: Database, ledger: Ledger, store: Store, writer: EntryWriter, history: History
    ) -> None:
        self._history = history
        self._database = database
        self._ledger = ledger
        self._store = store
        self._writer = writer

    async def upsert_collection(self, write: Write, content: CollectionContent, etag: str) -> Collection:
        """Returns a collection as stored, after creating or changing it; the same content is no change.

        Args:
            write: the request.
            content: what it shall be.
            etag: of the collection that the caller read; empty when it does not matter.

        Raises:
            EtagMismatch: it changed since.
            EntryLanguageInvalid: entries use a language that would go.
        """
        async with self._database.write() as tx:
            return await self._ledger.once(
                tx, write, Collection, lambda: self._put_collection(tx, write.tenant, content, etag)
            )

    async def delete_collection(self, write: Write, collection_id: str) -> None:
        """Deletes a collection without entries.

        Raises:
            CollectionNotFound: there is none.
            CollectionNotEmpty: it holds entries.
        """

        async def work() -> Gone:
            collection = await self._writer.locked(tx, write.tenant, collection_id)
            if collection.entry_count:
                raise CollectionNotEmpty(collection_id, collection.entry_count)
            change = EntryChange(collection_id, deleted=True)
            record = await self._writer.append(tx, write.tenant, change)
            await self._store.delete_collection(tx, write.tenant, collection_id)
            return Gone(record.position)

        async with self._database.write() as tx:
            await self._ledger.once(tx, write, Gone, work)

    async def upsert_entry(self, write: Write, collection_id: str, content: EntryContent, etag: str) -> Entry:
        """Returns an entry as stored, after creating or replacing it; the same content is no change.

        Raises:
            CollectionNotFound: there is no such collection.
            EtagMismatch: the entry changed since its etag was read, or was deleted.
            EntryLanguageInvalid: the collection lacks a language of it.
        """

        async def work() -> Entry:
            collection = await self._writer.locked(tx, write.tenant, collection_id)
            found = await self._store.entries(tx, write.tenant, collection_id, [content.id])
            before = found.get(content.id)
            _check_etag(etag, before.etag if before else "")
            check_languages(collection, content)
            if before is not None and before.content == content:
                return before
            return await self._change(tx, write, collection, content, before)

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, Entry, work)

    async def restore_entry(
        self, write: Write, collection_id: str, entry_id: str, revision: int, etag: str
    ) -> Entry:
        """Returns an entry as stored, after giving it the content of one of its revisions; the same content is no change.

        Raises:
            CollectionNotFound: there is no such collection.
            EntryNotFound: it has no such entry.
            RevisionNotFound: the revision is not kept, or never was.
            EtagMismatch: the entry changed since its etag was read.
            EntryLanguageInvalid: the collection lacks a language of the revision.
        """

        async def work() -> Entry:
            collection = await self._writer.locked(tx, write.tenant, collection_id)
            before = await self._entry(tx, write.tenant, collection_id, entry_id)
            _check_etag(etag, before.etag)
            found = await self._history.one(tx, write.tenant, before, revision)
            if found is None:
                raise RevisionNotFound(collection_id, entry_id, revision)
            content = found.entry.content
            check_languages(collection, content)
            if before.content == content:
                return before
            return await self._change(tx, write, collection, content, before)

        async with self._database.write() as tx:
            return await self._ledger.once(tx, write, Entry, work)

    async def revisions(
        self, tenant: str, collection_id: str, entry_id: str, *, limit: int, token: str
    ) -> tuple[list[EntryRevision], str]:
        """Returns a page of an entry's revisions, newest first, and the token of the next; empty when it is the last.

        Raises:
            CollectionNotFound: there is no such collection.
            EntryNotFound: it has no such entry.
            CursorMalformed: the token is none of this list's.
        """
        scope = ("revisions", tenant, collection_id, entry_id)
        last = decode_page(scope, token)
        async with self._database.read() as tx:
            await self._existing(tx, tenant, collection_id)
            entry = await self._entry(tx, tenant, collection_id, entry_id)
            before = int(last) if last else None
            found = await self._history.newest(tx, tenant, entry, before=before, limit=limit + 1)
        rest = encode_page(scope, str(found[limit - 1].entry.revision)) if len(found) > limit else ""
        return found[:limit], rest

    async def delete_entry(self, write: Write, collection_id: str, entry_id: str) -> int:
        """Returns the collection's generation from which on an entry is gone, after deleting it.

        Raises:
            CollectionNotFound: there is no such collection.
            EntryNotFound: it has no such entry.
        """

        async def work() -> Gone:
            collection = await self._writer.locked(tx, write.tenant, collection_id)
            entry = await self._entry(tx, write.tenant, collection_id, entry_id)
            return Gone(await self._writer.delete(tx, write.tenant, collection, [entry]))

        async with self._database.write() as tx:
            return (await self._ledger.once(tx, write, Gone, work)).generation

    async def collection(self, tenant: str, collection_id: str) -> Collection:
        """Returns a collection.

        Raises:
            CollectionNotFound: there is none.
        """
        async with self._database.read() as tx:
            return await self._existing(tx, tenant, collection_id)

    async def collections(self, tenant: str, limit: int, token: str) -> tuple[list[Collection], str]:
        """Returns a page of the tenant's collections by id, and the token of the next; empty when it is the last.

        Raises:
            CursorMalformed: the token is none of this list's.
        """
        scope = ("collections", tenant)
        after = decode_page(scope, token)
        async with self._database.read() as tx:
            found = await self._store.collections(tx, tenant, after, limit + 1)
        rest = encode_page(scope, found[limit - 1].id) if len(found) > limit else ""
        return found[:limit], rest

    async def entry(self, tenant: str, collection_id: str, entry_id: str) -> Entry:
        """Returns an entry.

        Raises:
            CollectionNotFound: there is no such collection.
            EntryNotFound: it has no such entry.
        """
        async with self._database.read() as tx:
            await self._existing(tx, tenant, collection_id)
            return await self._entry(tx, tenant, collection_id, entry_id)

    async def entries(
        self, tenant: str, collection_id: str, *, limit: int, token: str, tag: str
    ) -> tuple[list[Entry], str]:
        """Returns a page of a collection's entries by id, and the token of the next; empty when it is the last.

        Raises:
            CollectionNotFound: there is no such collection.
            CursorMalformed: the token is none of this list's.
        """
        scope = ("entries", tenant, collection_id, tag)
        after = decode_page(scope, token)
        async with self._database.read() as tx:
            await self._existing(tx, tenant, collection_id)
            found = await self._store.list_entries(
                tx, tenant, collection_id, after=after, limit=limit + 1, tag=tag
            )
        rest = encode_page(scope, found[limit - 1].id) if len(found) > limit else ""
        return found[:limit], rest

    async def _change(
        self,
        tx: Transaction,
        write: Write,
        collection: Collection,
        content: EntryContent,
        before: Entry | None,
    ) -> Entry:
        changes = [(content, before)]
        [entry] = await self._writer.write(tx, write.tenant, collection, changes, by=write.caller)
        return entry

    async def _entry(self, tx: Transaction, tenant: str, collection_id: str, entry_id: str) -> Entry:
        found = await self._store.entries(tx, tenant, collection_id, [entry_id])
        if entry_id not in found:
            raise EntryNotFound(collection_id, entry_id)
        return found[entry_id]

    async def _existing(self, tx: Transaction, tenant: str, collection_id: str) -> Collection:
        collection = await self._store.collection(tx, tenant, collection_id)
        if collection is None:
            raise CollectionNotFound(collection_id)
        return collection

    async def _put_collection(
        self, tx: Transaction, tenant: str, content: CollectionContent, etag: str
    ) -> Collection:
        created = await self._store.claim_collection(tx, tenant, content, datetime.now(UTC))
        before = await self._writer.locked(tx, tenant, content.id)
        _check_etag(etag, "" if created else before.etag)
        if not created:
            if before.content == content:
                return before
            await self._check_languages_go(tx, tenant, before, content)
        record = await self._writer.append(tx, tenant, EntryChange(content.id))
        after = replace(
            before,
            content=content,
            own_generation=record.position,
            generation=record.position,
            created_at=record.recorded_at if created else before.created_at,
            updated_at=record.recorded_at,
            changed_at=record.recorded_at,
        )
        await self._store.save_collection(tx, tenant, after)
        return after

    async def _check_languages_go(
        self, tx: Transaction, tenant: str, before: Collection, content: CollectionContent
    ) -> None:
        going = [name for name in before.content.languages if name not in content.languages]
        used = await self._store.languages_used(tx, tenant, content.id, going) if going else set()
        if used:
            raise EntryLanguageInvalid(min(used), problem="is still used by entries", known=content.languages)


def _check_etag(etag: str, current: str) -> None:
    if etag and etag != current:
        raise EtagMismatch(etag, current)
