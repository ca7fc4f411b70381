"""ImportEntries as the contract has it: progress, refusals, and clients that leave or do not read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, header, part, refused

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge

Part = knowledge.ImportEntriesRequest


@pytest.fixture
async def one(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    async with desk(sqlite_url) as running:
        await running.collect()
        yield running


async def stored(one: Desk) -> int:
    request = knowledge.GetCollectionRequest(collection_id=FERRY)
    return int((await one.knowledge.GetCollection(request, timeout=SECONDS)).collection.entry_count)


async def test_imports_in_batches_and_tells_how_far_it_is(one: Desk) -> None:
    steps = await one.imports([header(), *[part(f"e{number}") for number in range(230)]])
    assert [(step.received, step.created, step.done) for step in steps][-1] == (230, 230, True)
    assert [step.done for step in steps[:-1]] == [False] * (len(steps) - 1)
    assert [step.received for step in steps] == sorted(step.received for step in steps)
    found = await one.search("What about e17?", top_k=1, min_generation=steps[-1].index_generation)
    assert found.answers[0].entry_id == "e17"


async def test_importing_again_changes_nothing(one: Desk) -> None:
    parts = [header(), *[part(f"e{number}", tags=["a"], metadata={"k": "v"}) for number in range(120)]]
    first, second = [(await one.imports(parts))[-1] for _ in range(2)]
    assert (second.created, second.updated, second.unchanged) == (0, 0, 120)
    assert second.index_generation == first.index_generation


async def test_tells_which_entries_were_refused_and_why(one: Desk) -> None:
    german = entry_pb2.EntryText(language="de", question="Hund?", answer="Ja.")
    parts = [
        header(),
        part("dogs", collection_id=""),
        part("not an id"),
        part("german", texts=[german]),
        part("elsewhere", collection_id="other"),
        part("long", "x" * 1001),
        part("cats"),
    ]
    steps = await one.imports(parts)
    told = {problem.number: problem for step in steps for problem in step.problems}
    assert {number: (problem.entry_id, problem.reason) for number, problem in told.items()} == {
        2: ("not an id", "FIELD_MALFORMED"),
        3: ("german", "ENTRY_LANGUAGE_INVALID"),
        4: ("elsewhere", "FIELD_MALFORMED"),
        5: ("long", "FIELD_TOO_LONG"),
    }
    assert "at most 1000" in told[5].message
    assert (steps[-1].received, steps[-1].created, steps[-1].refused) == (6, 2, 4)


async def test_an_entrys_etag_does_not_matter(one: Desk) -> None:
    await one.imports([header(), part("dogs", etag="12345")])
    assert await stored(one) == 1


async def test_a_dry_run_writes_nothing(one: Desk) -> None:
    (*_, last) = await one.imports([header(dry_run=True), part("dogs"), part("not an id")])
    assert (last.created, last.refused, last.done) == (1, 1, True)
    assert await stored(one) == 0


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], "header"),
        ([part("dogs")], "header"),
        ([Part()], "header"),
        ([header(), header()], "entry"),
        ([header(), part("dogs"), Part()], "entry"),
        ([Part(end=knowledge.ImportEnd())], "header"),
        ([header(), Part(end=knowledge.ImportEnd()), part("dogs")], "nothing after the end"),
        ([header(prune=knowledge.PRUNE_MODE_DELETE)], "end"),
    ],
)
async def test_refuses_another_order(one: Desk, parts: list[Part], expected: str) -> None:
    failure = await refused(one.imports(parts))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "IMPORT_OUT_OF_ORDER")
    assert failure.metadata["expected"] == expected
    assert await stored(one) == 0


async def test_only_a_stream_that_says_its_end_prunes(one: Desk) -> None:
    await one.imports([header(), part("dogs"), part("cats")])
    parts = [header(prune=knowledge.PRUNE_MODE_DELETE), part("cats")]
    failure = await refused(one.imports(parts))
    assert (failure.reason, failure.metadata["expected"]) == ("IMPORT_OUT_OF_ORDER", "end")
    assert await stored(one) == 2
    (*_, last) = await one.imports([*parts, Part(end=knowledge.ImportEnd())])
    assert (last.done, last.pruned, last.unchanged) == (True, 1, 1)
    assert await stored(one) == 1


async def test_refuses_a_way_to_prune_that_it_does_not_know(one: Desk) -> None:
    unknown: dict[str, Any] = {"prune": 9}
    failure = await refused(one.imports([header(**unknown)]))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_UNKNOWN_VALUE")
    assert failure.metadata["field"] == "header.prune"


@pytest.mark.parametrize(("name", "reason"), [("", "FIELD_REQUIRED"), ("a b", "FIELD_MALFORMED")])
async def test_refuses_a_header_outside_its_bounds(one: Desk, name: str, reason: str) -> None:
    failure = await refused(one.imports([header(collection_id=name)]))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert failure.metadata["field"] == "header.collection_id"


async def test_a_client_that_leaves_midway_leaves_whole_batches(one: Desk) -> None:
    held = asyncio.Event()

    async def parts() -> AsyncIterator[Part]:
        yield header()
        for number in range(250):
            yield part(f"e{number}")
        await held.wait()

    call = one.knowledge.ImportEntries(parts(), timeout=SECONDS)
    seen = 0
    while seen < 200:
        seen = (await call.read()).received
    call.cancel()
    await asyncio.sleep(0.2)
    assert await stored(one) == 200
    held.set()


async def test_a_client_that_reads_nothing_until_it_has_sent_everything_is_served(one: Desk) -> None:
    call = one.knowledge.ImportEntries(timeout=SECONDS)
    await call.write(header())
    for number in range(1500):
        await call.write(part(f"e{number}" if number % 3 else f"not an id {number}"))
    await call.done_writing()
    steps = [step async for step in call]
    assert (steps[-1].received, steps[-1].created, steps[-1].refused) == (1500, 1000, 500)
    assert sum(len(step.problems) for step in steps) == 500
    assert await stored(one) == 1000


async def test_the_largest_entry_fits_a_message(one: Desk) -> None:
    text = entry_pb2.EntryText(
        language="en", question="q" * 1000, phrasings=["🛳" * 900] * 100, answer="a" * 10_000
    )
    (*_, last) = await one.imports([header(dry_run=True), part("large", texts=[text])])
    assert (last.created, last.refused) == (1, 0)
