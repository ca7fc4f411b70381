"""Imports: whole batches, every problem told, and nothing changed by importing again."""

import asyncio
from collections.abc import AsyncGenerator, Iterable

import pytest
from tests.integration.faq.replicas import FERRY, TENANT, Replica, content, replica, write

from balie.faq.errors import CollectionNotFound
from balie.faq.knowledge.domain import EntryContent, EntryState, ImportOrder, Prune
from balie.faq.knowledge.exporting import Exporter
from balie.kit.imports.progress import ImportCounts, ImportProgress, Problem

pytestmark = pytest.mark.timeout(60)

Part = EntryContent | Problem
BY = "service:editor"


async def stream(parts: Iterable[Part]) -> AsyncGenerator[Part, None]:
    for part in parts:
        yield part


async def imported(
    one: Replica, parts: Iterable[Part], *, dry_run: bool = False, prune: Prune = Prune.NOTHING
) -> list[ImportProgress]:
    order = ImportOrder(FERRY, dry_run, prune)
    return [step async for step in one.importer.run(TENANT, order, stream(parts), by=BY)]


def counted(progress: ImportProgress) -> tuple[int, int, int, int, int]:
    counts = progress.counts
    return counts.received, counts.created, counts.updated, counts.unchanged, counts.refused


async def stored(one: Replica) -> list[str]:
    found, _ = await one.knowledge.entries(TENANT, FERRY, limit=500, token="", tag="")
    return [entry.id for entry in found]


async def test_tells_how_far_it_is_after_each_batch_and_when_it_is_done(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        steps = await imported(one, [content(f"e{number:03}") for number in range(250)])
        assert [(step.counts.received, step.done) for step in steps] == [
            (100, False),
            (200, False),
            (250, False),
            (250, True),
        ]
        assert [step.counts.generation for step in steps] == [101, 201, 251, 251]
        assert counted(steps[-1]) == (250, 250, 0, 0, 0)
        assert await stored(one) == [f"e{number:03}" for number in range(250)]
        assert (await one.knowledge.collection(TENANT, FERRY)).entry_count == 250
        assert await one.found("e123", top_k=1, min_generation=251) == ["e123"]


async def test_importing_the_same_again_changes_nothing(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        parts = [content(f"e{number}", f"question {number}", "phrasing") for number in range(120)]
        await imported(one, parts)
        before = await one.knowledge.entry(TENANT, FERRY, "e7")
        steps = await imported(one, parts)
        assert counted(steps[-1]) == (120, 0, 0, 120, 0)
        assert steps[-1].counts.generation == 121
        assert await one.knowledge.entry(TENANT, FERRY, "e7") == before


async def test_changes_what_differs(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await imported(one, [content("dogs"), content("cats")])
        steps = await imported(one, [content("dogs", "my hound"), content("cats"), content("cows")])
        assert counted(steps[-1]) == (3, 1, 1, 1, 0)
        assert (await one.knowledge.entry(TENANT, FERRY, "dogs")).revision == 2


async def test_tells_every_entry_that_is_refused_and_goes_on(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect(languages=("en",))
        parts: list[Part] = [content(f"e{number}") for number in range(150)]
        parts[9] = content("dutch", language="nl")
        parts[4] = Problem(
            5, "five", "FIELD_TOO_LONG", "entry.tags has 65 characters, at most 64 are allowed"
        )
        parts[120] = Problem(121, "", "FIELD_REQUIRED", "entry.id is required")
        steps = await imported(one, parts)
        assert counted(steps[-1]) == (150, 147, 0, 0, 3)
        told = [
            (problem.number, problem.item_id, problem.reason) for step in steps for problem in step.problems
        ]
        assert told == [
            (5, "five", "FIELD_TOO_LONG"),
            (10, "dutch", "ENTRY_LANGUAGE_INVALID"),
            (121, "", "FIELD_REQUIRED"),
        ]
        assert len(await stored(one)) == 147


async def test_an_entry_that_comes_twice_is_the_later_one(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        steps = await imported(
            one, [content("dogs"), content("cats"), content("dogs", "my hound"), content("cats")]
        )
        assert counted(steps[-1]) == (4, 2, 1, 1, 0)
        entry = await one.knowledge.entry(TENANT, FERRY, "dogs")
        assert (entry.content.texts[0].question, entry.revision) == ("my hound", 1)


async def test_what_a_batch_undoes_is_not_written(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await imported(one, [content("dogs")])
        steps = await imported(one, [content("dogs", "my hound"), content("dogs")])
        assert counted(steps[-1]) == (2, 0, 2, 0, 0)
        assert steps[-1].counts.generation == 2
        assert (await one.knowledge.entry(TENANT, FERRY, "dogs")).revision == 1


async def test_a_dry_run_counts_as_the_real_one_and_writes_nothing(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect(languages=("en",))
        await imported(one, [content("dogs"), content("cats")])
        parts: list[Part] = [content("dogs", "my hound"), content("cats"), content("dutch", language="nl")]
        parts += [content(f"e{number}") for number in range(120)]
        parts += [content("dogs", "my hound"), content("e7", "changed"), content("e8")]
        before = await stored(one), (await one.knowledge.collection(TENANT, FERRY)).generation
        pretended = await imported(one, parts, dry_run=True)
        assert (await stored(one), (await one.knowledge.collection(TENANT, FERRY)).generation) == before
        real = await imported(one, parts)
        assert counted(pretended[-1]) == counted(real[-1]) == (126, 120, 2, 3, 1)


async def test_an_import_of_nothing_is_done_at_once(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        generation = await one.collect()
        assert await imported(one, []) == [ImportProgress(ImportCounts(generation=generation), (), done=True)]


async def test_there_is_no_import_without_a_collection(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        with pytest.raises(CollectionNotFound):
            await imported(one, [content("dogs")])


async def test_ends_when_the_collection_goes_meanwhile(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()

        async def parts() -> AsyncGenerator[Part, None]:
            yield content("dutch", language="xx")
            await one.knowledge.delete_collection(write(), FERRY)
            yield content("dogs")

        with pytest.raises(CollectionNotFound):
            async for _ in one.importer.run(TENANT, ImportOrder(FERRY), parts(), by=BY):
                pass


async def test_a_stream_that_breaks_leaves_whole_batches(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()

        async def parts() -> AsyncGenerator[Part, None]:
            for number in range(250):
                yield content(f"e{number:03}")
            raise ConnectionError

        steps: list[ImportProgress] = []

        async def follow() -> None:
            async for step in one.importer.run(TENANT, ImportOrder(FERRY), parts(), by=BY):
                steps.append(step)  # noqa: PERF401  those before it breaks are wanted

        with pytest.raises(ConnectionError):
            await follow()
        assert await stored(one) == [f"e{number:03}" for number in range(200)]
        assert steps[-1].counts.created == 200
        assert not steps[-1].done


async def test_a_caller_who_leaves_ends_it(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        held, closed = asyncio.Event(), asyncio.Event()

        async def parts() -> AsyncGenerator[Part, None]:
            try:
                for number in range(130):
                    yield content(f"e{number:03}")
                await held.wait()
            finally:
                closed.set()

        run = one.importer.run(TENANT, ImportOrder(FERRY), parts(), by=BY)
        assert (await anext(run)).counts.received == 100
        await run.aclose()
        assert closed.is_set()
        assert len(await stored(one)) == 100


async def test_entries_are_written_while_nobody_reads_the_progress(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        finished = asyncio.Event()

        async def parts() -> AsyncGenerator[Part, None]:
            for number in range(350):
                yield content(f"e{number:03}")
            finished.set()

        run = one.importer.run(TENANT, ImportOrder(FERRY), parts(), by=BY)
        assert (await anext(run)).counts.received == 100
        await asyncio.wait_for(finished.wait(), 20)  # and no progress is asked for meanwhile
        rest = [step async for step in run]
        assert len(rest) < 4  # joined
        assert counted(rest[-1]) == (350, 350, 0, 0, 0)


async def test_very_large_entries_make_smaller_batches(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        large = [content(f"e{number}", *["x" * 1000] * 101) for number in range(45)]
        steps = await imported(one, large)
        assert [step.counts.received for step in steps] == [20, 40, 45, 45]


async def states(one: Replica) -> dict[str, EntryState]:
    found, _ = await one.knowledge.entries(TENANT, FERRY, limit=500, token="", tag="")
    return {entry.id: entry.content.state for entry in found}


@pytest.mark.parametrize("prune", [Prune.DELETE, Prune.ARCHIVE])
async def test_what_a_complete_import_does_not_hold_is_taken_out(database_url: str, prune: Prune) -> None:
    async with replica(database_url) as one:
        await one.collect()
        await imported(one, [content(f"e{number:03}") for number in range(230)])
        kept = [content(f"e{number:03}", "changed" if number else "e000") for number in range(10)]
        pretended = await imported(one, kept, dry_run=True, prune=prune)
        assert (pretended[-1].counts.pruned, len(await stored(one))) == (220, 230)
        steps = await imported(one, kept, prune=prune)
        assert (steps[-1].counts.pruned, steps[-1].done) == (220, True)
        assert [step.counts.pruned for step in steps] == sorted(step.counts.pruned for step in steps)
        left = await states(one)
        names = {f"e{number:03}" for number in range(10)}
        if prune is Prune.DELETE:
            assert set(left) == names
        else:
            assert len(left) == 230
            archived = {name for name, state in left.items() if state is EntryState.ARCHIVED}
            assert archived == set(left) - names
        collection = await one.knowledge.collection(TENANT, FERRY)
        assert (collection.entry_count, collection.generation) == (len(left), steps[-1].counts.generation)
        again = await imported(one, kept, prune=prune)
        assert (again[-1].counts.pruned, again[-1].counts.generation) == (0, steps[-1].counts.generation)
        assert await one.found("e100", top_k=50, min_generation=again[-1].counts.generation)
        assert set((await one.ids())[0]) == names


async def test_nothing_is_taken_out_when_something_was_refused_or_nothing_came(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect(languages=("en",))
        await imported(one, [content("dogs"), content("cats")])
        steps = await imported(one, [content("dogs"), content("dutch", language="nl")], prune=Prune.DELETE)
        assert (steps[-1].counts.refused, steps[-1].counts.pruned, steps[-1].done) == (1, 0, True)
        assert (await imported(one, [], prune=Prune.DELETE))[-1].counts.pruned == 0
        assert await stored(one) == ["cats", "dogs"]


async def test_a_stream_that_breaks_takes_nothing_out(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await imported(one, [content("dogs"), content("cats")])

        async def parts() -> AsyncGenerator[Part, None]:
            for number in range(120):
                yield content(f"e{number:03}")
            raise ConnectionError

        with pytest.raises(ConnectionError):
            async for _ in one.importer.run(TENANT, ImportOrder(FERRY, prune=Prune.DELETE), parts(), by=BY):
                pass
        assert {"dogs", "cats"} <= set(await stored(one))


async def test_what_somebody_else_writes_meanwhile_stays(sqlite_url: str) -> None:
    async with replica(sqlite_url) as one:
        await one.collect()
        await imported(one, [content("dogs"), content("cats"), content("cows")])

        async def parts() -> AsyncGenerator[Part, None]:
            yield content("dogs")
            await one.put("cats", "changed meanwhile")
            await one.put("pigs", "new meanwhile")

        order = ImportOrder(FERRY, prune=Prune.DELETE)
        steps = [step async for step in one.importer.run(TENANT, order, parts(), by=BY)]
        assert steps[-1].counts.pruned == 1
        assert await stored(one) == ["cats", "dogs", "pigs"]


async def test_an_export_gives_every_entry_once_in_messages_of_bounded_size(database_url: str) -> None:
    async with replica(database_url) as one:
        await one.collect()
        exporter = Exporter(one.database, one.store)
        assert [page async for page in exporter.run(TENANT, FERRY)] == [((), 0)]
        large = [content(f"l{number}", *["x" * 1000] * 101) for number in range(16)]
        small = [content(f"e{number:03}") for number in range(130)]
        await imported(one, [*small, *large])
        pages = [page async for page in exporter.run(TENANT, FERRY)]
        given = [entry.content for page, _ in pages for entry in page]
        assert given == sorted([*small, *large], key=lambda one: one.id)
        assert {total for _, total in pages} == {146}
        assert max(sum(entry.content.size() for entry in page) for page, _ in pages) < 800_000
        with pytest.raises(CollectionNotFound):
            await anext(exporter.run(TENANT, "no-such"))
