"""Keywords in the store: etags, request ids, writers at once, pages, and the file beside them."""

import asyncio

import pytest
from tests.integration.nlu.keyword_replicas import TENANT, keyword, replica, write

from balie.kit.errors import CursorMalformed, EtagMismatch, RequestIdReused
from balie.nlu.domain import Target, TargetKind
from balie.nlu.keywords import catalogue as catalogue_module
from balie.nlu.keywords.errors import KeywordNotFound, KeywordReadOnly, KeywordsFull
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.stored import StoredKeyword

pytestmark = pytest.mark.timeout(60)

FULL = Keyword(
    "everything",
    Target(TargetKind.FAQ_ENTRY, "dogs"),
    {"nl": ("hond", "hondje"), "any": ("WV-1042", "🐕")},
    (Pattern("BK[0-9]{8}", "luhn"), Pattern("A[0-9]{3}")),
    literal=True,
)


async def test_a_keyword_is_kept_as_it_was_given(database_url: str) -> None:
    async with replica(database_url) as one:
        stored = await one.put(FULL)
        assert (stored.content, stored.revision, stored.generation) == (FULL, 1, 1)
        assert await one.catalogue.keyword(TENANT, "everything") == stored
        with pytest.raises(KeywordNotFound):
            await one.catalogue.keyword("other", "everything")


async def test_a_change_counts_and_the_same_content_is_none(database_url: str) -> None:
    async with replica(database_url) as one:
        first = await one.put(keyword("dog", "hond"))
        assert await one.put(keyword("dog", "hond")) == first
        second = await one.put(keyword("dog", "hond", "hondje"))
        assert (second.revision, second.generation) == (2, 2)
        assert second.created_at == first.created_at
        assert second.updated_at >= first.updated_at


async def test_an_etag_guards_against_lost_updates(database_url: str) -> None:
    async with replica(database_url) as one:
        with pytest.raises(EtagMismatch):
            await one.put(keyword("dog", "hond"), etag="1")
        first = await one.put(keyword("dog", "hond"))
        second = await one.put(keyword("dog", "hondje"), etag=first.etag)
        with pytest.raises(EtagMismatch) as caught:
            await one.put(keyword("dog", "puppy"), etag=first.etag)
        assert caught.value.metadata["current_etag"] == second.etag
        with pytest.raises(EtagMismatch):
            await one.drop("dog", etag=first.etag)
        await one.drop("dog", etag=second.etag)
        again = await one.put(keyword("dog", "hond"))
        assert again.etag not in (first.etag, second.etag)


async def test_a_write_that_is_sent_twice_is_done_once(database_url: str) -> None:
    async with replica(database_url) as one:
        once = write(request_id="r-1")
        first = await one.catalogue.upsert(once, keyword("dog", "hond"), "")
        await one.put(keyword("dog", "hondje"))
        assert await one.catalogue.upsert(once, keyword("dog", "hond"), "") == first
        assert (await stored(one, "dog")).content == keyword("dog", "hondje")
        with pytest.raises(RequestIdReused):
            await one.catalogue.upsert(write(request_id="r-1", digest="other"), keyword("cat", "kat"), "")
        gone = write(request_id="r-2")
        assert await one.catalogue.delete(gone, "dog", "") == await one.catalogue.delete(gone, "dog", "")
        with pytest.raises(KeywordNotFound):
            await one.drop("dog")


async def stored(one: object, key: str) -> StoredKeyword:
    found = await one.catalogue.keyword(TENANT, key)  # type: ignore[attr-defined]
    assert isinstance(found, StoredKeyword)
    return found


async def test_writers_at_once_come_one_after_another(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as other:
        writing = [
            (one if number % 2 else other).put(keyword(f"k{number % 5}", f"woord{number}"))
            for number in range(20)
        ]
        done = await asyncio.gather(*writing)
        assert sorted(keyword.generation for keyword in done) == list(range(1, 21))
        found, _ = await one.catalogue.keywords(TENANT, 500, "")
        assert [item.id for item in found] == [f"k{number}" for number in range(5)]
        assert sum(item.revision for item in found if isinstance(item, StoredKeyword)) == 20


async def test_lists_the_file_among_the_stored_ones_page_by_page(database_url: str) -> None:
    file = [keyword("b", "boot"), keyword("d", "dag"), keyword("f", "fiets")]
    async with replica(database_url, file) as one:
        for key in ("a", "c", "e", "g"):
            await one.put(keyword(key, f"woord {key}"))
        pages, token = [], ""
        while True:
            found, token = await one.catalogue.keywords(TENANT, 2, token)
            pages.append([(item.id, isinstance(item, StoredKeyword)) for item in found])
            if not token:
                break
        assert [item for page in pages for item in page] == [
            (key, key not in "bdf") for key in ("a", "b", "c", "d", "e", "f", "g")
        ]
        assert [len(page) for page in pages] == [2, 2, 2, 1]
        assert [item.id for item in (await one.catalogue.keywords("other", 500, ""))[0]] == ["b", "d", "f"]
        _, token = await one.catalogue.keywords(TENANT, 2, "")
        with pytest.raises(CursorMalformed):
            await one.catalogue.keywords("other", 2, token)


async def test_a_keyword_of_the_file_is_read_only(database_url: str) -> None:
    async with replica(database_url, [keyword("bike", "fiets")]) as one:
        assert await one.catalogue.keyword(TENANT, "bike") == keyword("bike", "fiets")
        with pytest.raises(KeywordReadOnly):
            await one.put(keyword("bike", "karretje"))
        with pytest.raises(KeywordReadOnly):
            await one.drop("bike")


async def test_a_tenant_has_a_bounded_number_of_keywords(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "TENANT_KEYWORDS", 3)
    monkeypatch.setattr(catalogue_module, "TENANT_PATTERNS", 2)
    async with replica(database_url) as one:
        await one.put(keyword("a", "aap", patterns=["A1", "A2"]))
        with pytest.raises(KeywordsFull) as caught:
            await one.put(keyword("b", patterns=["B1"]))
        assert caught.value.metadata == {"what": "patterns", "limit": "2"}
        await one.put(keyword("a", "aap", patterns=["A1"]))
        await one.put(keyword("b", patterns=["B1"]))
        (*_, last) = await one.take([keyword("a", "beer"), keyword("c", "cavia"), keyword("d", "das")])
        assert (last.counts.created, last.counts.updated, last.counts.refused) == (1, 1, 1)
        with pytest.raises(KeywordsFull):
            await one.put(keyword("e", "egel"))
        await one.put(keyword("c", "cobra"))
        await one.drop("c")
        await one.put(keyword("e", "egel"))
        assert await one.put(keyword("z", "zebra"), tenant="other")
