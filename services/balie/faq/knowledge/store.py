"""Collections and entries in SQL: the truth. Every method works in the transaction of its caller."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.faq.events import topic_of
from balie.faq.knowledge.domain import Collection, CollectionContent, Entry, EntryText
from balie.faq.knowledge.rows import REPLACED, collection_of, collection_row, entry_of, entry_row, text_rows
from balie.faq.tables import (
    calibrations,
    collections,
    entries,
    entry_numbers,
    entry_tags,
    entry_texts,
    vectors,
)
from balie.kit.database import Transaction


class Store:
    """Reads and writes rows; knows no rule about them."""

    async def collection(
        self, tx: Transaction, tenant: str, collection_id: str, *, lock: bool = False
    ) -> Collection | None:
        """Returns a collection, None when there is none.

        Args:
            tx: the transaction to look in.
            tenant: whose it is.
            collection_id: its id.
            lock: whether other writers of the collection wait until this transaction ends.
        """
        query = sa.select(collections).where(
            collections.c.tenant == tenant, collections.c.id == collection_id
        )
        row = await tx.one(query.with_for_update() if lock else query)
        return collection_of(row) if row else None

    async def collections(self, tx: Transaction, tenant: str, after: str, limit: int) -> list[Collection]:
        """Returns the tenant's collections after an id, by id, at most `limit`."""
        query = sa.select(collections).where(collections.c.tenant == tenant, collections.c.id > after)
        return [collection_of(row) for row in await tx.all(query.order_by(collections.c.id).limit(limit))]

    async def topics(self, tx: Transaction) -> list[tuple[str, str]]:
        """Returns tenant and topic of every collection's events."""
        return [
            (tenant, topic_of(collection_id)) for tenant, collection_id in await self.every_collection(tx)
        ]

    async def every_collection(self, tx: Transaction) -> list[tuple[str, str]]:
        """Returns tenant and id of every collection."""
        rows = await tx.all(sa.select(collections.c.tenant, collections.c.id))
        return [(row.tenant, row.id) for row in rows]

    async def claim_collection(
        self, tx: Transaction, tenant: str, content: CollectionContent, now: datetime
    ) -> bool:
        """Returns whether this transaction made the collection; if not, it is there already, or was a moment ago.

        Of two transactions that claim the same id at once, the second waits until the first has ended.
        """
        statement = tx.insert(collections).values(
            collection_row(tenant, Collection(content, 0, 0, 0, now, now, now))
        )
        claimed = await tx.one(
            statement.on_conflict_do_nothing(index_elements=list(collections.primary_key)).returning(
                collections.c.id
            )
        )
        return claimed is not None

    async def save_collection(self, tx: Transaction, tenant: str, collection: Collection) -> None:
        """Writes a collection that is there."""
        await tx.execute(
            sa.update(collections)
            .where(collections.c.tenant == tenant, collections.c.id == collection.id)
            .values(collection_row(tenant, collection))
        )

    async def delete_collection(self, tx: Transaction, tenant: str, collection_id: str) -> None:
        """Deletes a collection without entries, and what was worked out from it."""
        for table in (vectors, calibrations):
            await tx.execute(
                sa.delete(table).where(table.c.tenant == tenant, table.c.collection_id == collection_id)
            )
        await tx.execute(
            sa.delete(collections).where(collections.c.tenant == tenant, collections.c.id == collection_id)
        )

    async def languages_used(
        self, tx: Transaction, tenant: str, collection_id: str, among: Sequence[str]
    ) -> set[str]:
        """Returns those of some languages that entries of the collection have texts in."""
        joined = entry_texts.join(
            entries,
            sa.and_(entries.c.tenant == entry_texts.c.tenant, entries.c.number == entry_texts.c.number),
        )
        query = sa.select(entry_texts.c.language).select_from(joined).distinct()
        rows = await tx.all(
            query.where(
                entries.c.tenant == tenant,
                entries.c.collection_id == collection_id,
                entry_texts.c.language.in_(among),
            )
        )
        return {row.language for row in rows}

    async def entries(
        self, tx: Transaction, tenant: str, collection_id: str, ids: Sequence[str]
    ) -> dict[str, Entry]:
        """Returns those of some entries that exist, by id."""
        found = await self._entries(tx, tenant, collection_id, entries.c.id.in_(ids))
        return {entry.id: entry for entry in found}

    async def list_entries(
        self, tx: Transaction, tenant: str, collection_id: str, *, after: str, limit: int, tag: str = ""
    ) -> list[Entry]:
        """Returns the collection's entries after an id, by id, at most `limit`; with a tag, those that have it."""
        source, id_column = (entry_tags, entry_tags.c.entry_id) if tag else (entries, entries.c.id)
        query = sa.select(id_column.label("id")).where(
            source.c.tenant == tenant, source.c.collection_id == collection_id, id_column > after
        )
        if tag:
            query = query.where(entry_tags.c.tag == tag)
        rows = await tx.all(query.order_by(id_column).limit(limit))
        return await self._entries(tx, tenant, collection_id, entries.c.id.in_([row.id for row in rows]))

    async def entry_marks(
        self, tx: Transaction, tenant: str, collection_id: str, *, after: str, limit: int
    ) -> Sequence[sa.Row[Any]]:
        """Returns id, generation and state of the collection's entries after an id, by id, at most `limit`."""
        query = sa.select(entries.c.id, entries.c.generation, entries.c.state).where(
            entries.c.tenant == tenant, entries.c.collection_id == collection_id, entries.c.id > after
        )
        return await tx.all(query.order_by(entries.c.id).limit(limit))

    async def take_numbers(self, tx: Transaction, tenant: str, count: int) -> int:
        """Returns the first of `count` numbers that no entry of the tenant ever had."""
        statement = tx.insert(entry_numbers).values(tenant=tenant, last=count)
        last = await tx.scalar(
            statement.on_conflict_do_update(
                index_elements=[entry_numbers.c.tenant], set_={"last": entry_numbers.c.last + count}
            ).returning(entry_numbers.c.last)
        )
        return int(last) - count + 1

    async def save_entries(self, tx: Transaction, tenant: str, changed: Sequence[Entry]) -> None:
        """Writes entries whole, new ones and ones that are there."""
        statement = tx.insert(entries)
        statement = statement.on_conflict_do_update(
            index_elements=list(entries.primary_key),
            set_={name: statement.excluded[name] for name in REPLACED},
        )
        await tx.execute(statement, [entry_row(tenant, entry) for entry in changed])
        numbers = [entry.number for entry in changed]
        await tx.execute(
            sa.delete(entry_texts).where(entry_texts.c.tenant == tenant, entry_texts.c.number.in_(numbers))
        )
        await tx.execute(
            sa.insert(entry_texts), [row for entry in changed for row in text_rows(tenant, entry)]
        )
        for entry in changed:
            await self._save_tags(tx, tenant, entry)

    async def delete_entry(self, tx: Transaction, tenant: str, entry: Entry) -> None:
        """Deletes an entry with its texts and tags."""
        await tx.execute(
            sa.delete(entries).where(
                entries.c.tenant == tenant,
                entries.c.collection_id == entry.collection_id,
                entries.c.id == entry.id,
            )
        )

    async def _save_tags(self, tx: Transaction, tenant: str, entry: Entry) -> None:
        key = {"tenant": tenant, "collection_id": entry.collection_id, "entry_id": entry.id}
        if entry.revision > 1:
            await tx.execute(
                sa.delete(entry_tags).where(*(entry_tags.c[name] == value for name, value in key.items()))
            )
        rows = [key | {"tag": tag} for tag in dict.fromkeys(entry.content.tags)]
        if rows:
            await tx.execute(sa.insert(entry_tags), rows)

    async def _entries(
        self, tx: Transaction, tenant: str, collection_id: str, which: sa.ColumnElement[bool]
    ) -> list[Entry]:
        query = sa.select(entries).where(
            entries.c.tenant == tenant, entries.c.collection_id == collection_id, which
        )
        rows = await tx.all(query.order_by(entries.c.id))
        if not rows:
            return []
        texts: dict[int, list[EntryText]] = {row.number: [] for row in rows}
        query = sa.select(entry_texts).where(
            entry_texts.c.tenant == tenant, entry_texts.c.number.in_(list(texts))
        )
        for text in await tx.all(query.order_by(entry_texts.c.number, entry_texts.c.place)):
            texts[text.number].append(
                EntryText(text.language, text.question, tuple(text.phrasings), text.answer)
            )
        return [entry_of(row, tuple(texts[row.number])) for row in rows]
