"""Notes on both databases."""

from tests.unit.handoff.desks import TENANT, Desks, write

from balie.handoff.notes.note import NoteKind, Transfer, note_transfer
from balie.handoff.notes.notes import Notes
from balie.handoff.pages import PAGE_CHARACTERS


async def test_a_transfer_has_a_note_in_its_transaction(at: Desks) -> None:
    handoff, notes = await at.ask("talk"), Notes(at.journal)
    written = await notes.add(write(), handoff.id, "wants a refund")
    went = Transfer("desk", "webshop", from_agent_id="els", to_agent_id="jan")
    async with at.journal.writing(TENANT) as floor:
        moved = await note_transfer(floor, handoff.id, went, author="agent:els", text="", now=at.clock.time)
    assert (written.kind, moved.kind) == (NoteKind.WRITTEN, NoteKind.TRANSFER)
    assert await notes.page(TENANT, handoff.id, after="", size=10) == ([written, moved], "")
    assert await notes.page(TENANT, handoff.id, after=written.id, size=10) == ([moved], "")


async def test_a_note_is_the_tenants_own(at: Desks) -> None:
    handoff, notes = await at.ask("talk"), Notes(at.journal)
    await notes.add(write(), handoff.id, "a")
    async with at.journal.reading("other") as floor:
        from balie.handoff.notes import store

        assert await store.of_handoff(floor.tx, "other", handoff.id, after="", limit=10) == []


async def test_a_page_ends_before_it_is_too_large(at: Desks) -> None:
    handoff, notes = await at.ask("talk"), Notes(at.journal)
    made = [await notes.add(write(), handoff.id, "x" * 2000) for _ in range(PAGE_CHARACTERS // 2000 + 1)]
    page, last = await notes.page(TENANT, handoff.id, after="", size=500)
    assert sum(len(note.text) for note in page) == PAGE_CHARACTERS
    assert last == made[-2].id
    assert await notes.page(TENANT, handoff.id, after=last, size=500) == (made[-1:], "")
