"""What a note is, and where a desk puts one."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from balie.kit.ids import new_id


class NoteKind(IntEnum):
    """What a note is; the numbers are those of the contract."""

    WRITTEN = 1
    """Somebody wrote it."""
    TRANSFER = 2
    """The handoff was transferred; the words, if any, are for the next agent."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """From whom to whom a handoff was transferred.

    Attributes:
        from_queue_id: queue it was in.
        to_queue_id: queue it is in since.
        from_agent_id: who had it; empty when nobody had.
        to_agent_id: who it went to; empty when it went to a queue.
    """

    from_queue_id: str
    to_queue_id: str
    from_agent_id: str = ""
    to_agent_id: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What one of the staff told the others.

    Attributes:
        id: sorts by when it was made.
        handoff_id: what it is about.
        author: who wrote it or transferred the handoff, as `Caller.key`.
        created_at: when.
        text: the words; empty only for a transfer that nothing was said about.
        transfer: set when it is of a transfer.
    """

    id: str
    handoff_id: str
    author: str
    created_at: datetime
    text: str
    transfer: Transfer | None = None

    @property
    def kind(self) -> NoteKind:
        """Returns what it is."""
        return NoteKind.WRITTEN if self.transfer is None else NoteKind.TRANSFER


class Notebook(Protocol):
    """The notes of a tenant, within one transaction."""

    async def add_note(self, note: Note) -> None:
        """Stores a new note."""


async def note_transfer(
    notebook: Notebook, handoff_id: str, transfer: Transfer, *, author: str, text: str, now: datetime
) -> Note:
    """Returns the note of a transfer, which is stored; belongs to the transaction that transfers the handoff.

    Every transfer has one, also without words: transfers are counted by it.
    """
    note = Note(new_id(), handoff_id, author, now, text, transfer)
    await notebook.add_note(note)
    return note
