"""The history of entries: every change kept with who made it, restored, bounded, and gone with the entry."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from tests.integration.faq.replicas import FERRY, TENANT, Replica, content, likeness, replica, write

from balie.faq.errors import EntryLanguageInvalid, EntryNotFound, RevisionNotFound
from balie.faq.knowledge.domain import EntryContent, EntryRevision, EntryState, ImportOrder, Prune
from balie.faq.tables import entry_revisions
from balie.kit.errors import CursorMalformed, EtagMismatch

pytestmark = pytest.mark.timeout(60)


async def history(one: Replica, entry_id: str = "dogs") -> list[EntryRevision]:
    found, _ = await one.knowledge.revisions(TENANT, FERRY, entry_id, limit=500, token="")
    return found


async def kept(one: Replica) -> int:
    async with one.database.read() as tx:
        return int(await tx.scalar(sa.select(sa.func.count()).select_from(entry_revisions)))


async def test_keeps_each_change_with_who_made_it_and_when(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        rich = replace(
            content("dogs", "my dog", "a dog"),
            tags=("x",),
            metadata={"k": "v"},
            state=EntryState.DRAFT,
            valid_from=datetime(2026, 5, 1, 12, 0, 0, 1, tzinfo=UTC),
            audience=("members",),
            market=("be",),
        )
        first = await one.knowledge.upsert_entry(write(), FERRY, rich, "")
        await one.knowledge.upsert_entry(write(), FERRY, rich, "")  # no change

        async def parts() -> AsyncGenerator[EntryContent, None]:
            yield content("dogs", "my hound")

        async for _ in one.importer.run(TENANT, ImportOrder(FERRY), parts(), by="service:editor"):
            pass
        second = await one.knowledge.entry(TENANT, FERRY, "dogs")
        assert await history(one) == [
            EntryRevision(second, "service:editor"),
            EntryRevision(first, "admin:local"),
        ]


async def test_restores_an_old_content_as_a_change_of_its_own(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        first = await one.put("dogs", "my dog")
        second = await one.put("dogs", "my hound")
        with pytest.raises(EtagMismatch):
            await one.knowledge.restore_entry(write(), FERRY, "dogs", 1, first.etag)
        request = write()
        restored = await one.knowledge.restore_entry(request, FERRY, "dogs", 1, second.etag)
        assert (restored.content, restored.revision) == (first.content, 3)
        assert await one.knowledge.restore_entry(request, FERRY, "dogs", 1, second.etag) == restored
        again = await one.knowledge.restore_entry(write(), FERRY, "dogs", 1, "")
        assert again == restored
        assert [found.entry.revision for found in await history(one)] == [3, 2, 1]
        assert likeness(
            (await one.search("my dog", min_generation=restored.generation)).answers[0]
        ) == pytest.approx(1.0)


async def test_refuses_what_cannot_be_restored(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect(languages=("en", "nl"))
        await one.knowledge.upsert_entry(write(), FERRY, content("dogs", language="nl"), "")
        await one.put("dogs")
        await one.collect(languages=("en",))
        with pytest.raises(EntryLanguageInvalid):
            await one.knowledge.restore_entry(write(), FERRY, "dogs", 1, "")
        with pytest.raises(RevisionNotFound) as caught:
            await one.knowledge.restore_entry(write(), FERRY, "dogs", 3, "")
        assert caught.value.metadata == {"collection_id": FERRY, "entry_id": "dogs", "revision": "3"}
        with pytest.raises(EntryNotFound):
            await one.knowledge.restore_entry(write(), FERRY, "cats", 1, "")
        assert (await one.knowledge.entry(TENANT, FERRY, "dogs")).revision == 2


async def test_keeps_the_newest_revisions_alone(database_url: str) -> None:
    async with replica(database_url, keep_revisions=3) as one:
        await one.collect()
        for number in range(7):
            await one.put("dogs", f"dog {number}")
        assert [found.entry.revision for found in await history(one)] == [7, 6, 5]
        with pytest.raises(RevisionNotFound):
            await one.knowledge.restore_entry(write(), FERRY, "dogs", 4, "")


async def test_deleting_an_entry_deletes_its_history(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await one.put("dogs", "secret")
        await one.put("dogs", "my dog")
        await one.put("cats")
        await one.drop("dogs")
        assert await kept(one) == 1
        await one.put("dogs", "a new dog")
        assert [found.entry.revision for found in await history(one)] == [1]

        async def parts() -> AsyncGenerator[EntryContent, None]:
            yield content("cats")

        order = ImportOrder(FERRY, prune=Prune.DELETE)
        async for _ in one.importer.run(TENANT, order, parts(), by="admin:local"):
            pass
        assert await kept(one) == 1


async def test_archiving_by_an_import_is_a_change_that_is_kept(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await one.put("dogs")

        async def parts() -> AsyncGenerator[EntryContent, None]:
            yield content("cats")

        order = ImportOrder(FERRY, prune=Prune.ARCHIVE)
        async for _ in one.importer.run(TENANT, order, parts(), by="service:sync"):
            pass
        newest = (await history(one))[0]
        assert (newest.entry.content.state, newest.changed_by) == (EntryState.ARCHIVED, "service:sync")


async def test_is_read_page_by_page_newest_first(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        for number in range(12):
            await one.put("dogs", f"dog {number}")
        seen, token = list[int](), ""
        while True:
            found, token = await one.knowledge.revisions(TENANT, FERRY, "dogs", limit=5, token=token)
            seen += [revision.entry.revision for revision in found]
            if not token:
                break
        assert seen == list(range(12, 0, -1))
        await one.put("cats")
        _, token = await one.knowledge.revisions(TENANT, FERRY, "dogs", limit=5, token="")
        with pytest.raises(CursorMalformed):
            await one.knowledge.revisions(TENANT, FERRY, "cats", limit=5, token=token)
