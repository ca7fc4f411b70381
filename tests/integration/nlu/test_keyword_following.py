"""What is looked for follows the store: on one replica, on two, over restarts and against trouble."""

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.integration.nlu.keyword_replicas import TENANT, keyword, replica

from balie.nlu.keywords import live as live_module
from balie.nlu.keywords.errors import KeywordsBehind
from balie.nlu.topics import KEYWORDS

pytestmark = pytest.mark.timeout(60)


async def test_what_one_replica_writes_the_other_finds(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as other:
        made = await one.put(keyword("dog", "hond"))
        assert await other.found("mijn hond", made.generation) == [("dog", "dog")]
        changed = await other.put(keyword("dog", "kat", target="cat"))
        assert await one.found("mijn hond en kat", changed.generation) == [("dog", "cat")]
        gone = await one.drop("dog")
        assert await other.found("mijn hond en kat", gone) == []
        assert other.live.generation(TENANT) == gone == 3


async def test_tenants_do_not_see_each_other(database_url: str) -> None:
    async with replica(database_url, [keyword("boat", "boot")]) as one:
        made = await one.put(keyword("dog", "hond"))
        theirs = await one.put(keyword("dog", "boot", target="theirs"), tenant="other")
        text = "met de hond op de boot"
        assert await one.found(text, made.generation) == [("dog", "dog"), ("boat", "boat")]
        assert await one.found(text, theirs.generation, tenant="other") == [
            ("boat", "boat"),
            ("dog", "theirs"),
        ]
        assert await one.found(text, tenant="third") == [("boat", "boat")]
        assert one.live.generation("third") == 0


async def test_a_replica_that_starts_looks_for_what_is_stored(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.take([keyword(f"k{number}", f"woord{number}") for number in range(1500)])
        await one.put(keyword("code", patterns=["Z[0-9]{3}"]))
        await one.drop("k7")
    async with replica(database_url, follows=False) as again:
        assert await again.found("woord1499, woord7 en z123") == [("k1499", "k1499"), ("code", "code")]


async def test_a_keyword_of_the_file_stands_before_a_stored_one_of_its_id(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.put(keyword("bike", "karretje"))
    async with replica(database_url, [keyword("bike", "fiets")]) as again:
        assert await again.found("fiets en karretje") == [("bike", "bike")]
        made = await again.put(keyword("dog", "hond"))
        assert await again.found("karretje en hond", made.generation) == [("dog", "dog")]


async def test_a_replica_that_is_too_far_behind_reads_everything_anew(database_url: str) -> None:
    async with replica(database_url, follows=False) as behind:
        async with replica(database_url) as one:
            await one.put(keyword("dog", "hond"))
        await behind.live.open()
        async with replica(database_url) as one:
            for number in range(5):
                await one.put(keyword("dog", f"woord{number}"))
            async with one.database.write() as tx:
                await one.log.trim(tx, TENANT, KEYWORDS, 4)
        assert await behind.found("hond") == [("dog", "dog")]
        assert await behind.found("hond of woord4", 6) == [("dog", "dog")]
        assert await behind.found("hond") == []


async def test_a_generation_that_does_not_come_is_told(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.put(keyword("dog", "hond"))
        with pytest.raises(KeywordsBehind) as caught:
            await one.live.reached(TENANT, 5, wait_seconds=0.3)
        assert caught.value.metadata["asked"] == "5"


async def test_a_tenant_without_keywords_is_waited_for_and_not_kept(database_url: str) -> None:
    async with replica(database_url) as one, replica(database_url) as other:
        with pytest.raises(KeywordsBehind):
            await one.live.reached("nobody", 1, wait_seconds=0.3)
        assert one.live._tenants == {}
        waiting = asyncio.create_task(one.found("hond", 1))
        await asyncio.sleep(0.05)
        await other.put(keyword("dog", "hond"))
        assert await waiting == [("dog", "dog")]


async def test_a_stored_pattern_that_can_no_longer_be_compiled_is_left_out_and_told(
    database_url: str,
) -> None:
    with capture_logs() as lines:
        async with replica(database_url) as one:
            await one.put(keyword("bad", "slecht", patterns=["(?=x)y"]))
            good = await one.put(keyword("good", "goed"))
            assert await one.found("goed of slecht", good.generation) == [("good", "good")]
        async with replica(database_url) as again:
            assert await again.found("goed of slecht", good.generation) == [("good", "good")]
    told = [line["keyword"] for line in lines if line["event"] == "keyword not looked for"]
    assert set(told) == {"bad"}
    assert len(told) >= 2


async def test_searches_go_on_without_a_gap_while_keywords_come_and_go(database_url: str) -> None:
    async with replica(database_url) as one:
        made = await one.put(keyword("dog", "hond"))
        await one.found("hond", made.generation)
        importing = asyncio.create_task(
            one.take(
                [
                    keyword("dog", "hond", f"w{n}") if n % 50 == 0 else keyword(f"k{n}", f"x{n}x")
                    for n in range(3000)
                ]
            )
        )
        searches = 0
        while not importing.done():
            assert ("dog", "dog") in await one.found("mijn hond mee")
            searches += 1
            await asyncio.sleep(0)
        last = (await importing)[-1]
        assert await one.found("mijn hond, w2950 en x2999x", last.counts.generation) == [
            ("k2999", "k2999"),
            ("dog", "dog"),
            ("dog", "dog"),
        ]
        assert searches > 10


async def test_whatever_goes_wrong_is_tried_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with replica(database_url) as one:
        await one.found("hond", (await one.put(keyword("dog", "hond"))).generation)
        failed = 0
        change = live_module._change

        def failing(*arguments: object) -> None:
            nonlocal failed
            if failed < 2:
                failed += 1
                raise RuntimeError("no memory, say")
            change(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(live_module, "_change", failing)
        made = await one.put(keyword("cat", "kat"))
        assert await one.found("hond en kat", made.generation) == [("dog", "dog"), ("cat", "cat")]
        assert failed == 2
