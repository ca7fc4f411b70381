"""The index follows the store: on one replica, on two, over restarts and against trouble."""

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.fakes.words_encoder import WordsEncoder
from tests.integration.faq.replicas import FERRY, PATIENCE_SECONDS, TENANT, likeness, replica, until, write

from balie.faq.domain import NoAnswer
from balie.faq.errors import CollectionNotFound, IndexBehind
from balie.faq.index.port import SLOTS
from balie.faq.tables import vectors
from balie.kit.chores import Chores, Trimming
from balie.kit.errors import CursorExpired, DatabaseUnavailable
from balie.kit.migrations import drift

pytestmark = pytest.mark.timeout(60)


async def test_the_migrations_make_the_tables(database_url: str) -> None:
    from balie.faq.tables import metadata
    from balie.kit.tables import metadata as kit_metadata

    async with replica(database_url):
        assert await drift(database_url, metadata, kit_metadata) == []


async def test_finds_what_was_written_once_the_index_has_it(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        stored = await one.put("dogs", "may my dog come aboard", "dog ticket")
        await one.put("cats", "may my cat come aboard")
        found = await one.search("dog ticket", min_generation=stored.generation)
        assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("dogs", pytest.approx(1.0))
        assert found.no_answer is NoAnswer.NONE
        assert found.state.generation >= stored.generation
        assert found.state.as_of >= stored.updated_at


async def test_a_change_replaces_and_a_deletion_removes(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await one.put("dogs", "may my dog come aboard", "dog ticket")
        changed = await one.put("dogs", "hounds welcome")
        found = await one.search("hounds welcome", min_generation=changed.generation)
        assert (likeness(found.answers[0]), found.state.vector_count) == (pytest.approx(1.0), 2)
        assert likeness((await one.search("dog ticket")).answers[0]) < 0.5
        gone = await one.drop("dogs")
        found = await one.search("hounds welcome", min_generation=gone, entry_ids=("dogs",))
        assert (found.answers, found.no_answer) == ((), NoAnswer.COLLECTION_EMPTY)


async def test_an_entry_keeps_its_number_and_a_new_one_never_gets_an_old_one(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        first = await one.put("dogs", "dog")
        assert (await one.put("dogs", "hound")).number == first.number
        await one.drop("dogs")
        second = await one.put("dogs", "dog")
        assert second.number > first.number
        await one.drop("dogs")
        await one.knowledge.delete_collection(write(), FERRY)
        await one.collect()
        third = await one.put("dogs", "dog")
        assert third.number > second.number
        assert await one.found("dog", min_generation=third.generation) == ["dogs"]
        assert (await one.ids())[1] == [third.number * SLOTS, third.number * SLOTS + 1]


async def test_waits_for_a_generation_no_longer_than_it_may(database_url: str) -> None:
    async with replica(database_url) as one:
        generation = await one.collect()
        with pytest.raises(IndexBehind) as caught:
            await one.search("dog", min_generation=generation + 1, wait_seconds=0.1)
        assert caught.value.metadata == {"asked": str(generation + 1), "generation": str(generation)}


async def test_two_replicas_follow_each_other(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as two:
        await one.collect()
        dogs = await one.put("dogs", "my dog")
        assert await two.found("my dog", min_generation=dogs.generation) == ["dogs"]
        cats = await two.put("cats", "my cat")
        assert await one.found("my cat", top_k=1, min_generation=cats.generation) == ["cats"]
        gone = await one.drop("dogs")
        assert await two.found("my dog", min_generation=gone) == ["cats"]
        await until(lambda: _equal(one.ids(), two.ids()))


async def _equal(*states: object) -> bool:
    first, second = [await state for state in states]  # type: ignore[misc]
    return bool(first == second)


async def test_what_one_replica_encoded_the_other_reads(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as two:
        await one.collect()
        dogs = await one.put("dogs", "my dog", "a dog")
        await one.found("x", min_generation=dogs.generation)
        await two.found("x", min_generation=dogs.generation)
        assert sorted(one.encoder.encoded) == ["a dog", "about dogs", "my dog", "x"]
        assert two.encoder.encoded == ["x"]


async def test_a_restart_has_the_same_index_and_encodes_nothing(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        for number in range(30):
            await one.put(f"e{number}", f"question {number}", f"phrasing {number}")
        last = await one.drop("e7")
        before = await one.search("question 12", min_generation=last)
        ids = await one.ids()
    async with replica(database_url) as again:
        assert again.encoder.encoded == []
        after = await again.search("question 12")
        assert await again.ids() == ids
        assert [(answer.entry_id, answer.score) for answer in after.answers] == [
            (answer.entry_id, answer.score) for answer in before.answers
        ]
        assert (after.state.generation, after.state.as_of) == (before.state.generation, before.state.as_of)


async def test_another_encoder_gets_vectors_of_its_own(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await one.put("dogs", "my dog")
        await one.found("x")
    async with replica(database_url, WordsEncoder("words.v2")) as two:
        assert two.encoder.encoded == ["my dog", "about dogs"]
        assert (await two.search("my dog")).state.fingerprint == "words.v2"
    async with replica(database_url) as back:
        assert back.encoder.encoded == []


async def test_texts_that_went_leave_no_vector_behind(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await one.put("dogs", "my dog", "a dog")
        await one.found("x", min_generation=(await one.put("cats", "my cat", "a cat")).generation)
        await one.found("x", min_generation=(await one.put("dogs", "my dog", "hound")).generation)
        await one.found("x", min_generation=await one.drop("cats"))
        async with one.database.read() as tx:
            kept = await tx.scalar(sa.select(sa.func.count()).select_from(vectors))
        assert kept == 3


async def test_goes_on_when_the_encoder_was_busy_or_had_a_bug(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await one.found("x")
        one.encoder.refusals, one.encoder.bugs = 2, 1
        dogs = await one.put("dogs", "my dog")
        live = await one.indexes.of(TENANT, FERRY)
        await asyncio.wait_for(live.reached(dogs.generation), PATIENCE_SECONDS)
        assert (one.encoder.refusals, one.encoder.bugs) == (0, 0)
        assert await one.found("my dog") == ["dogs"]


async def test_starts_from_the_store_when_the_log_was_trimmed_past_it(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url, WordsEncoder("words.v2")) as two:
        await one.collect()
        last = await one.put("e0", "word 0")
        await two.found("x", min_generation=last.generation)
        two.encoder.gate.clear()  # holds the second replica up in the next change
        await one.put("e1", "word 1")
        live = await two.indexes.of(TENANT, FERRY)
        await asyncio.sleep(0.1)
        for number in range(2, 6):
            last = await one.put(f"e{number}", f"word {number}")
        gone = await one.drop("e0")
        async with one.database.write() as tx:
            await one.log.trim(tx, TENANT, f"collection/{FERRY}", gone)
        with capture_logs() as logs:
            two.encoder.gate.set()
            await asyncio.wait_for(live.reached(gone), PATIENCE_SECONDS)
        assert [line["reason"] for line in logs if line["event"] == "index held up"] == ["CURSOR_EXPIRED"]
        assert set(await two.found("word 5", top_k=10)) == {f"e{number}" for number in range(1, 6)}
        await until(lambda: _equal(one.ids(), two.ids()))


async def test_chores_trim_the_log_and_forget_requests(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        for number in range(6):
            await one.put("dogs", f"dog {number}")
        await Chores(one.database, one.ledger, Trimming(one.log, one.store.topics, keep=2)).once()
        assert [record.position for record in await one.log.read(TENANT, f"collection/{FERRY}", 5)] == [6, 7]
        with pytest.raises(CursorExpired):
            await one.log.read(TENANT, f"collection/{FERRY}", 4)
        assert await one.found("dog 5", min_generation=7) == ["dogs"]


async def test_a_deleted_collection_is_gone_on_every_replica_and_may_come_again(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as two:
        await one.collect()
        dogs = await one.put("dogs", "my dog")
        assert await two.found("my dog", min_generation=dogs.generation) == ["dogs"]
        await one.drop("dogs")
        await one.knowledge.delete_collection(write(), FERRY)

        async def is_gone() -> bool:
            try:
                await two.search("my dog")
            except CollectionNotFound:
                return True
            return False

        await until(is_gone)
        assert await one.collect() > dogs.generation
        cats = await one.put("cats", "my cat")
        assert await two.found("my cat", min_generation=cats.generation) == ["cats"]


async def test_a_collection_is_followed_before_anybody_asks_for_it(database_url: str) -> None:
    # With an encoder of its own the second replica reads no vector of the first: what it encodes it follows itself.
    async with replica(database_url) as one, replica(database_url, WordsEncoder("words.v2")) as two:
        await one.collect()
        dogs = await one.put("dogs", "my dog")
        assert two.encoder.encoded == []
        await two.indexes.discover()
        await until(lambda: _is_encoded(two.encoder, "my dog"))
        live = await two.indexes.of(TENANT, FERRY)
        await asyncio.wait_for(live.reached(dogs.generation), PATIENCE_SECONDS)
        assert (list(live.ids()[0]), two.encoder.encoded) == (["dogs"], ["my dog", "about dogs"])


async def _is_encoded(encoder: WordsEncoder, text: str) -> bool:
    return text in encoder.encoded


async def test_tenants_do_not_see_each_other(database_url: str) -> None:
    async with replica(database_url) as one:
        for tenant, text in (("acme", "my dog"), ("other", "my cat")):
            await one.collect(tenant=tenant)
            last = await one.put("pets", text, tenant=tenant)
            found = await one.search(text, tenant=tenant, min_generation=last.generation)
            assert (likeness(found.answers[0]), found.state.entry_count) == (pytest.approx(1.0), 1)
        with pytest.raises(CollectionNotFound):
            await one.search("my dog", tenant="third")


async def test_a_change_of_the_collections_languages_reaches_the_index(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect(languages=("en", "nl"))
        generation = await one.collect(languages=("nl", "en", "de"))
        live = await one.indexes.of(TENANT, FERRY)
        await asyncio.wait_for(live.reached(generation), PATIENCE_SECONDS)
        assert live.search(None, 1).languages == ("nl", "en", "de")


async def test_searches_while_the_database_is_away(sqlite_urls: Callable[[], str]) -> None:
    async with replica(sqlite_urls()) as one:
        await one.collect()
        dogs = await one.put("dogs", "my dog")
        await one.found("my dog", min_generation=dogs.generation)
        one.database._closed = True  # as an open one answers whose server went
        with pytest.raises(DatabaseUnavailable):
            await one.put("cats", "my cat")
        assert await one.found("my dog") == ["dogs"]
        one.database._closed = False
