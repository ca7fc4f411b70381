"""What every part of a desk in memory has, and the notes, of which there is no more than that they are kept."""

from collections.abc import Callable

from balie.handoff.notes.note import Note
from balie.handoff.storage.memory_desk import MemoryDesk


class MemoryPart:
    """A tenant's desk in one transaction.

    Attributes:
        tenant: whose desk.
    """

    def __init__(self, desk: MemoryDesk, tenant: str, *, writing: bool) -> None:
        self.tenant = tenant
        self._desk = desk
        self._writing = writing

    async def add_note(self, note: Note) -> None:
        """Stores a new note."""
        self._changing().add_note(note)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs a short action once all of this is kept; never when it is not."""
        self._changing().afterwards(action)

    def _changing(self) -> MemoryDesk:
        if not self._writing:
            raise RuntimeError("a reading transaction cannot write")
        return self._desk
