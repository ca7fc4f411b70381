"""Notes in the database: how they are read and written."""

from typing import Any

import sqlalchemy as sa

from balie.handoff.notes.note import Note, NoteKind, Transfer
from balie.handoff.storage.sql_part import SqlPart
from balie.handoff.tables import notes
from balie.kit.database import Transaction


class SqlNotes(SqlPart):
    """The notes of a tenant in one transaction."""

    async def add_note(self, note: Note) -> None:
        """Stores a new note."""
        transfer = note.transfer or Transfer("", "")
        await self.tx.execute(
            sa.insert(notes).values(
                tenant=self.tenant,
                handoff_id=note.handoff_id,
                id=note.id,
                kind=note.kind,
                author=note.author,
                created_at=note.created_at,
                text=note.text,
                from_agent_id=transfer.from_agent_id,
                from_queue_id=transfer.from_queue_id,
                to_agent_id=transfer.to_agent_id,
                to_queue_id=transfer.to_queue_id,
            )
        )


async def note(tx: Transaction, tenant: str, handoff_id: str, note_id: str) -> Note:
    """Returns a note that there is."""
    found = await tx.execute(_notes(tenant, handoff_id).where(notes.c.id == note_id))
    return _note(found.one())


async def of_handoff(tx: Transaction, tenant: str, handoff_id: str, *, after: str, limit: int) -> list[Note]:
    """Returns notes of a handoff, oldest first, those after an id."""
    page = _notes(tenant, handoff_id).where(notes.c.id > after).order_by(notes.c.id).limit(limit)
    return [_note(row) for row in await tx.all(page)]


def _notes(tenant: str, handoff_id: str) -> sa.Select[Any]:
    return sa.select(notes).where(notes.c.tenant == tenant, notes.c.handoff_id == handoff_id)


def _note(row: sa.Row[Any]) -> Note:
    transfer = Transfer(row.from_queue_id, row.to_queue_id, row.from_agent_id, row.to_agent_id)
    return Note(
        id=row.id,
        handoff_id=row.handoff_id,
        author=row.author,
        created_at=row.created_at,
        text=row.text,
        transfer=transfer if row.kind == NoteKind.TRANSFER else None,
    )
