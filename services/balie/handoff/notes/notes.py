"""What is done with notes: written and read."""

from collections.abc import Sequence

from balie.handoff.journal import Journal
from balie.handoff.notes import store
from balie.handoff.notes.note import Note
from balie.handoff.pages import fitting
from balie.handoff.storage.sql import SqlFloor
from balie.kit.ids import new_id
from balie.kit.ledger import Write


class Notes:
    """The use cases of notes."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def add(self, write: Write, handoff_id: str, text: str) -> Note:
        """Adds a note by the caller.

        Raises:
            HandoffNotFound: there is no such handoff.
        """

        async def work(floor: SqlFloor) -> str:
            await floor.handoff(handoff_id)
            note = Note(new_id(), handoff_id, write.caller, self._journal.now(), text)
            await floor.add_note(note)
            return note.id

        # The ledger keeps the id alone, so that the words are in one place.
        async with self._journal.writing(write.tenant) as floor:
            note_id = await floor.once(write, str, lambda: work(floor))
            return await store.note(floor.tx, write.tenant, handoff_id, note_id)

    async def page(
        self, tenant: str, handoff_id: str, *, after: str, size: int
    ) -> tuple[Sequence[Note], str]:
        """Returns a page of a handoff's notes, oldest first, and the id after which the next one begins, empty on the last.

        Raises:
            HandoffNotFound: there is no such handoff.
        """
        async with self._journal.reading(tenant) as floor:
            await floor.handoff(handoff_id)
            found = await store.of_handoff(floor.tx, tenant, handoff_id, after=after, limit=size + 1)
        page = fitting(found, size, lambda note: len(note.text))
        return page, page[-1].id if len(found) > len(page) else ""
