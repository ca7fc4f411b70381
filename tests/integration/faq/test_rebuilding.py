"""An index that is built anew while it is searched and changed: nobody waits, nobody sees half of it."""

import asyncio
from itertools import count

import pytest
from structlog.testing import capture_logs
from tests.integration.faq.replicas import FERRY, SOON, TENANT, Replica, likeness, replica, until, write
from tests.integration.faq.test_saved_indexes import agree, fill, forget_vectors, small

from balie.faq.domain import BuildStep
from balie.faq.errors import CollectionNotFound, IndexRebuildFailed
from balie.faq.index.kinds import Choice, Kinds
from balie.faq.index.upkeep import Upkeep

pytestmark = pytest.mark.timeout(90)


async def rebuild_unfit(one: Replica) -> None:
    """Returns when every index suits what it holds."""
    await Upkeep(one.indexes, save_seconds=60).rebuild_unfit()

    async def fit() -> bool:
        live = await one.indexes.of(TENANT, FERRY)
        return not live.unfit() and (await one.indexes.upkeep(TENANT, FERRY)).progress is None

    await until(fit)


async def test_a_collection_outgrows_its_kind_and_shrinks_again(database_url: str) -> None:
    kinds = Kinds(fp16_from=18, ivf_from=45)
    async with replica(database_url, kinds=kinds) as one:
        seen = []
        for size in (3, 8, 20):
            await fill(one, size)
            await rebuild_unfit(one)
            seen.append((await one.search("x")).state.kind)
        assert seen == ["flat", "fp16", "ivf"]
        await agree(one)
        for number in range(7, 20):
            last = await one.drop(f"e{number}")
        await one.found("x", min_generation=last)
        await rebuild_unfit(one)
        assert (await one.search("x")).state.kind == "fp16"
        found = await one.search("question number 3")
        assert (found.answers[0].entry_id, likeness(found.answers[0])) == ("e3", pytest.approx(1, abs=1e-3))
        await agree(one)


async def test_deletions_wear_a_graph_until_it_is_built_anew_without_them(database_url: str) -> None:
    async with replica(database_url, kinds=small("hnsw")) as one:
        await fill(one)
        await rebuild_unfit(one)
        before = (await one.search("x")).state
        assert before.kind == "hnsw"
        for number in range(10):
            last = await one.drop(f"e{number}")
        worn = (await one.search("x", min_generation=last)).state
        assert (worn.vector_count, worn.size_bytes) == (30, before.size_bytes)
        await rebuild_unfit(one)
        after = (await one.search("x")).state
        assert (after.vector_count, after.size_bytes) == (30, before.size_bytes // 2)
        await agree(one)


@pytest.mark.parametrize("choice", ["flat", "hnsw", "ivf"])
async def test_searches_and_changes_go_on_while_it_is_built(database_url: str, choice: Choice) -> None:
    async with replica(database_url, kinds=small(choice), delay_seconds=SOON) as one:
        generation = await fill(one)
        stop, written = asyncio.Event(), generation

        async def search() -> int:
            for times in count(1):
                least = written
                found = await one.search("question number 7", min_generation=least, top_k=20)
                assert found.state.generation >= least
                assert found.answers[0].entry_id == "e7"
                assert len(found.answers) == min(20, found.state.entry_count)
                if stop.is_set():
                    return times
            raise AssertionError

        async def change() -> None:
            nonlocal written
            for number in count():
                written = (await one.put(f"own{number % 5}", f"own words {number}")).generation
                if number % 3 == 2:
                    written = await one.drop(f"own{number % 5}")
                if stop.is_set():
                    return

        async def rebuild() -> None:
            for _ in range(5):
                await (await one.indexes.rebuild(TENANT, FERRY, why="a test")).task
            stop.set()

        times = await asyncio.gather(search(), search(), change(), rebuild())
        assert times[0] > 5
        await agree(one)


async def test_who_asks_for_a_rebuild_joins_the_one_under_way(database_url: str) -> None:
    async with replica(database_url) as one:
        await fill(one, 3)
        first = await one.indexes.rebuild(TENANT, FERRY, why="a test")
        second = await one.indexes.rebuild(TENANT, FERRY, why="another")
        assert first is second
        steps = [step async for step in second.watch()]
        assert steps[-1].step is BuildStep.DONE
        assert await one.indexes.rebuild(TENANT, FERRY, why="later") is not first


async def test_a_wait_for_a_generation_outlives_the_index_it_began_with(database_url: str) -> None:
    async with replica(database_url) as one:
        generation = await fill(one, 3)
        waiting = asyncio.create_task(one.search("a new question", min_generation=generation + 1))
        await asyncio.sleep(0.05)
        await (await one.indexes.rebuild(TENANT, FERRY, why="a test")).task
        assert not waiting.done()
        await one.put("new", "a new question")
        assert (await waiting).answers[0].entry_id == "new"


async def test_a_rebuild_that_fails_leaves_the_old_index_serving(database_url: str) -> None:
    async with replica(database_url) as one:
        await fill(one, 3)
        one.encoder.bugs = 1000
        await forget_vectors(one)
        with capture_logs():
            rebuild = await one.indexes.rebuild(TENANT, FERRY, why="a test")
            with pytest.raises(IndexRebuildFailed) as caught:
                async for _ in rebuild.watch():
                    pass
        assert caught.value.metadata == {"collection_id": FERRY, "problem": "ValueError"}
        one.encoder.bugs = 0
        assert await one.found("phrasing 1", top_k=1) == ["e1"]
        await (await one.indexes.rebuild(TENANT, FERRY, why="again")).task


async def test_a_collection_that_goes_ends_its_rebuild(database_url: str) -> None:
    async with replica(database_url) as one:
        with pytest.raises(CollectionNotFound):
            await one.indexes.rebuild(TENANT, FERRY, why="a test")
        await one.collect()
        await one.indexes.of(TENANT, FERRY)
        rebuild = await one.indexes.rebuild(TENANT, FERRY, why="a test")
        await one.knowledge.delete_collection(write(), FERRY)
        try:
            async for _ in rebuild.watch():
                pass
        except CollectionNotFound:
            pass

        async def gone() -> bool:
            try:
                await one.indexes.of(TENANT, FERRY)
            except CollectionNotFound:
                return True
            return False

        await until(gone)


async def test_closing_in_the_middle_of_a_rebuild_ends_it(database_url: str) -> None:
    async with replica(database_url) as one:
        await fill(one, 3)
        await one.indexes.rebuild(TENANT, FERRY, why="a test")
    async with replica(database_url) as again:
        assert again.encoder.encoded == []
