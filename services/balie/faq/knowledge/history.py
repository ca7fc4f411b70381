"""What an entry held after each of its changes, and who made them; goes with the entry when that is deleted."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.faq.knowledge.domain import Entry, EntryContent, EntryRevision
from balie.faq.tables import entry_revisions
from balie.kit.database import Transaction

_CONTENT = TypeAdapter(EntryContent)


class History:
    """Keeps the newest revisions of each entry; every method works in the transaction of its caller.

    Args:
        keep: revisions of an entry, the present one among them.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep

    async def add(self, tx: Transaction, tenant: str, changed: Sequence[Entry], by: str) -> None:
        """Adds the revisions that entries have come to, and forgets those that are kept no longer.

        Args:
            tx: the writing transaction, in which the entries are stored.
            tenant: whose they are.
            changed: the entries as they are now stored, at least one.
            by: who changed them, `role:id`.
        """
        rows = [
            {
                "tenant": tenant,
                "number": entry.number,
                "revision": entry.revision,
                "generation": entry.generation,
                "content": _CONTENT.dump_python(entry.content, mode="json"),
                "changed_by": by,
                "changed_at": entry.updated_at,
            }
            for entry in changed
        ]
        await tx.execute(sa.insert(entry_revisions), rows)
        for entry in changed:
            if entry.revision > self._keep:
                await tx.execute(
                    sa.delete(entry_revisions).where(
                        entry_revisions.c.tenant == tenant,
                        entry_revisions.c.number == entry.number,
                        entry_revisions.c.revision <= entry.revision - self._keep,
                    )
                )

    async def newest(
        self, tx: Transaction, tenant: str, entry: Entry, *, before: int | None, limit: int
    ) -> list[EntryRevision]:
        """Returns an entry's revisions before one, or all of them, newest first, at most `limit`."""
        query = self._of(tenant, entry)
        if before is not None:
            query = query.where(entry_revisions.c.revision < before)
        rows = await tx.all(query.order_by(entry_revisions.c.revision.desc()).limit(limit))
        return [_revision(row, entry) for row in rows]

    async def one(self, tx: Transaction, tenant: str, entry: Entry, revision: int) -> EntryRevision | None:
        """Returns one of an entry's revisions; None when it is not kept, or never was."""
        row = await tx.one(self._of(tenant, entry).where(entry_revisions.c.revision == revision))
        return _revision(row, entry) if row else None

    def _of(self, tenant: str, entry: Entry) -> sa.Select[Any]:
        return sa.select(entry_revisions).where(
            entry_revisions.c.tenant == tenant, entry_revisions.c.number == entry.number
        )


def _revision(row: sa.Row[Any], entry: Entry) -> EntryRevision:
    found = Entry(
        collection_id=entry.collection_id,
        content=_CONTENT.validate_python(row.content),
        number=entry.number,
        revision=row.revision,
        generation=row.generation,
        created_at=entry.created_at,
        updated_at=row.changed_at,
    )
    return EntryRevision(found, row.changed_by)
