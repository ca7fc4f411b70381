"""Collections and entries in the store: etags, request ids, writers at once."""

import asyncio

import pytest
from tests.integration.faq.replicas import FERRY, TENANT, content, replica, write

from balie.faq.errors import (
    CollectionNotEmpty,
    CollectionNotFound,
    EntryLanguageInvalid,
    EntryNotFound,
)
from balie.faq.knowledge.domain import CollectionContent, EntryContent, EntryText
from balie.kit.errors import CursorMalformed, EtagMismatch, RequestIdReused

pytestmark = pytest.mark.timeout(60)


async def test_a_collection_is_created_changed_and_left_alone(database_url: str) -> None:
    async with replica(database_url) as one:
        made = await one.knowledge.upsert_collection(
            write(), CollectionContent(FERRY, "Ferry", ("nl", "en")), ""
        )
        assert (made.etag, made.generation, made.entry_count) == ("1", 1, 0)
        assert made.created_at == made.updated_at == made.changed_at
        same = await one.knowledge.upsert_collection(write(), made.content, made.etag)
        assert same == made
        wider = CollectionContent(FERRY, "Ferry", ("de", "nl", "en"))
        changed = await one.knowledge.upsert_collection(write(), wider, made.etag)
        assert (changed.etag, changed.generation, changed.created_at) == ("2", 2, made.created_at)
        assert await one.knowledge.collection(TENANT, FERRY) == changed


async def test_an_etag_of_before_is_refused(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        made = await one.knowledge.collection(TENANT, FERRY)
        await one.collect(languages=("en", "nl", "de"))
        with pytest.raises(EtagMismatch) as caught:
            await one.knowledge.upsert_collection(write(), made.content, made.etag)
        assert caught.value.metadata == {"etag": "1", "current_etag": "2"}
        dogs = await one.put("dogs")
        cats = await one.put("cats")
        await one.put("dogs", "my dog")
        for changed in (content("dogs", "my hound"), content("dogs")):
            with pytest.raises(EtagMismatch):
                await one.knowledge.upsert_entry(write(), FERRY, changed, dogs.etag)
        untouched = await one.knowledge.upsert_entry(write(), FERRY, content("cats", "my cat"), cats.etag)
        assert untouched.revision == 2


async def test_an_etag_of_a_deleted_entry_never_fits_again(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        first = await one.put("dogs")
        await one.drop("dogs")
        with pytest.raises(EtagMismatch) as caught:
            await one.knowledge.upsert_entry(write(), FERRY, content("dogs"), first.etag)
        assert caught.value.metadata["current_etag"] == ""
        again = await one.put("dogs")
        assert (again.revision, again.etag) == (1, "4")
        with pytest.raises(EtagMismatch):
            await one.knowledge.upsert_entry(write(), FERRY, content("dogs", "x"), first.etag)
        await one.drop("dogs")
        await one.knowledge.delete_collection(write(), FERRY)
        with pytest.raises(EtagMismatch):
            await one.knowledge.upsert_collection(write(), CollectionContent(FERRY, "", ("en",)), "1")
        with pytest.raises(CollectionNotFound):
            await one.knowledge.collection(TENANT, FERRY)


async def test_the_same_content_is_no_change(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        rich = EntryContent(
            "dogs",
            (EntryText("nl", "hond?", ("hondje",), "Ja."), EntryText("en", "dog?", (), "Yes.")),
            ("b", "a", "b"),
            {"owner": "webshop", "a": ""},
        )
        first = await one.knowledge.upsert_entry(write(), FERRY, rich, "")
        assert await one.knowledge.upsert_entry(write(), FERRY, rich, "") == first
        assert await one.knowledge.entry(TENANT, FERRY, "dogs") == first
        assert (await one.knowledge.collection(TENANT, FERRY)).generation == first.generation == 2


async def test_a_request_is_carried_out_once_however_often_it_comes(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        same = write(request_id="r-1", digest="a")
        entries = await asyncio.gather(
            *[one.knowledge.upsert_entry(same, FERRY, content("dogs", "my dog"), "") for _ in range(20)]
        )
        assert {entry.revision for entry in entries} == {1}
        assert len({entry.generation for entry in entries}) == 1
        await one.put("dogs", "my hound")
        assert await one.knowledge.upsert_entry(same, FERRY, content("dogs", "my dog"), "") == entries[0]
        assert (await one.knowledge.entry(TENANT, FERRY, "dogs")).content.texts[0].question == "my hound"
        with pytest.raises(RequestIdReused):
            await one.knowledge.upsert_entry(write(request_id="r-1", digest="b"), FERRY, content("dogs"), "")
        gone = write(request_id="r-2", digest="a")
        generation = await one.knowledge.delete_entry(gone, FERRY, "dogs")
        assert await one.knowledge.delete_entry(gone, FERRY, "dogs") == generation


async def test_a_refused_request_may_be_tried_again(database_url: str) -> None:
    async with replica(database_url) as one:
        again = write(request_id="r-1", digest="a")
        with pytest.raises(CollectionNotFound):
            await one.knowledge.upsert_entry(again, FERRY, content("dogs"), "")
        await one.collect()
        assert (await one.knowledge.upsert_entry(again, FERRY, content("dogs"), "")).revision == 1


async def test_writers_at_once_lose_nothing(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as two:
        await asyncio.gather(*[each.collect() for each in (one, two) * 3])
        assert (await one.knowledge.collection(TENANT, FERRY)).generation == 1
        written = await asyncio.gather(
            *[each.put(f"e{number % 10}", f"text {number}") for number, each in enumerate((one, two) * 20)]
        )
        assert sorted(entry.generation for entry in written) == list(range(2, 42))
        collection = await one.knowledge.collection(TENANT, FERRY)
        assert (collection.entry_count, collection.generation) == (10, 41)
        assert len({(entry.id, entry.number) for entry in written}) == 10


async def test_only_an_empty_collection_can_go(database_url: str) -> None:
    async with replica(database_url) as one:
        with pytest.raises(CollectionNotFound):
            await one.knowledge.delete_collection(write(), FERRY)
        await one.collect()
        await one.put("dogs")
        with pytest.raises(CollectionNotEmpty) as caught:
            await one.knowledge.delete_collection(write(), FERRY)
        assert caught.value.metadata == {"collection_id": FERRY, "entries": "1"}
        await one.drop("dogs")
        same = write(request_id="r-1")
        await one.knowledge.delete_collection(same, FERRY)
        await one.knowledge.delete_collection(same, FERRY)
        with pytest.raises(CollectionNotFound):
            await one.knowledge.collection(TENANT, FERRY)


async def test_languages_must_be_the_collections(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect(languages=("en", "nl"))
        with pytest.raises(EntryLanguageInvalid) as caught:
            await one.knowledge.upsert_entry(write(), FERRY, content("dogs", language="fr"), "")
        assert (caught.value.metadata["language"], caught.value.metadata["known"]) == ("fr", "en, nl")
        await one.knowledge.upsert_entry(write(), FERRY, content("dogs", language="nl"), "")
        with pytest.raises(EntryLanguageInvalid) as caught:
            await one.collect(languages=("en", "de"))
        assert caught.value.metadata["language"] == "nl"
        await one.collect(languages=("nl",))  # nothing uses the other one


async def test_what_is_not_there_is_not_found(database_url: str) -> None:
    async with replica(database_url) as one:
        with pytest.raises(CollectionNotFound):
            await one.knowledge.entry(TENANT, FERRY, "dogs")
        with pytest.raises(CollectionNotFound):
            await one.knowledge.entries(TENANT, FERRY, limit=5, token="", tag="")
        with pytest.raises(CollectionNotFound):
            await one.knowledge.delete_entry(write(), FERRY, "dogs")
        await one.collect()
        with pytest.raises(EntryNotFound):
            await one.knowledge.entry(TENANT, FERRY, "dogs")
        with pytest.raises(EntryNotFound) as caught:
            await one.drop("dogs")
        assert caught.value.metadata == {"collection_id": FERRY, "entry_id": "dogs"}


async def test_lists_page_by_page_in_the_order_of_ids(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        names = ["B", "a", "a-1", "a.b", "b", "Z9"]
        for name in names:
            await one.put(name)
        seen: list[str] = []
        token = ""
        while True:
            page, token = await one.knowledge.entries(TENANT, FERRY, limit=2, token=token, tag="")
            seen += [entry.id for entry in page]
            if not token:
                break
        assert seen == sorted(names)
        for name in ("one", "two", "three"):
            await one.collect(name)
        first, token = await one.knowledge.collections(TENANT, 3, "")
        last, end = await one.knowledge.collections(TENANT, 3, token)
        assert [found.id for found in (*first, *last)] == ["ferry", "one", "three", "two"]
        assert end == ""
        with pytest.raises(CursorMalformed):
            await one.knowledge.entries(TENANT, FERRY, limit=2, token=token, tag="")


async def test_a_list_can_be_narrowed_to_a_tag(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        for name, tags in (("dogs", ("pets", "prices")), ("cats", ("pets",)), ("cars", ("prices",))):
            tagged = EntryContent(name, content(name).texts, tags)
            await one.knowledge.upsert_entry(write(), FERRY, tagged, "")
        retagged = EntryContent("cats", content("cats").texts, ("small", "prices"))
        await one.knowledge.upsert_entry(write(), FERRY, retagged, "")

        async def tagged_with(tag: str) -> list[str]:
            page, _ = await one.knowledge.entries(TENANT, FERRY, limit=10, token="", tag=tag)
            return [entry.id for entry in page]

        assert await tagged_with("prices") == ["cars", "cats", "dogs"]
        assert await tagged_with("pets") == ["dogs"]
        assert await tagged_with("none") == []
        await one.drop("dogs")
        assert await tagged_with("pets") == []
        first, token = await one.knowledge.entries(TENANT, FERRY, limit=1, token="", tag="prices")
        rest, _ = await one.knowledge.entries(TENANT, FERRY, limit=1, token=token, tag="prices")
        assert [found.id for found in (*first, *rest)] == ["cars", "cats"]
