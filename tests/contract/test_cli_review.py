"""`balie faq review` against the real service."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.encoder_fixture import encoder_folder
from typer.testing import CliRunner, Result

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli import console
from balie.cli.app import app
from balie.client import Balie
from balie.faq.app import lifespan
from balie.faq.settings import FaqSettings
from balie.kit.ids import new_id
from balie.kit.testing import serve

BIKE = "Where can I leave my bike on board?"
BANANA = "What is the square root of a banana?"


@pytest.fixture
async def address(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    for one in (console.console, console.errors):
        monkeypatch.setattr(one, "_width", 160)
    settings = FaqSettings(
        listen="127.0.0.1:0", database_url=sqlite_url, encoder_folder=encoder_folder(), poll_seconds=0.02
    )
    async with serve(lifespan(settings), settings=settings) as running:
        yield running.address


async def balie(address: str, *arguments: str) -> Result:
    command = ["faq", "review", *arguments, "--faq", address]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


def objects(result: Result) -> list[dict[str, Any]]:
    """Returns the JSON that a command printed; the service in this process writes its log there as well."""
    found = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    return [one for one in found if "rpc" not in one and "event" not in one]


async def filled(client: Balie) -> None:
    collection = entry_pb2.Collection(id="ferry", languages=["en"])
    await client.knowledge.UpsertCollection(
        knowledge.UpsertCollectionRequest(collection=collection, request_id=new_id())
    )
    text = entry_pb2.EntryText(language="en", question="May I bring my dog?", answer="Yes.")
    entry = entry_pb2.Entry(collection_id="ferry", id="dogs", texts=[text])
    stored = await client.knowledge.UpsertEntry(
        knowledge.UpsertEntryRequest(entry=entry, request_id=new_id())
    )
    for number, question in enumerate((BIKE, BIKE, BANANA, "May I bring my dog?")):
        found = await client.faq.SearchAnswers(
            faq.SearchAnswersRequest(
                collection_id="ferry",
                text=question,
                language="en",
                remember=True,
                min_generation=stored.index_generation,
            ),
            metadata=(("balie-request-id", f"turn-{number}"),),
        )
    rating = faq.AnswerRating(
        verdict=faq.FEEDBACK_VERDICT_NOT_HELPFUL,
        reason=faq.NOT_HELPFUL_REASON_INCOMPLETE,
        comment="and two dogs?",
    )
    await client.faq.SubmitFeedback(
        faq.SubmitFeedbackRequest(answer_id=found.answers[0].answer_id, rating=rating, request_id=new_id()),
        metadata=(("balie-act-as", "contact:anna"),),
    )


async def test_what_was_asked_in_vain_is_listed_added_ignored_and_deleted(address: str) -> None:
    async with Balie(faq=address) as client:
        await filled(client)
    for _ in range(200):  # grouped within moments
        rows = objects(await balie(address, "list", "--json"))
        if sum(int(row["count"]) for row in rows) == 4:
            break
        await asyncio.sleep(0.05)
    ends = {row["examples"][0]["text"]: row["id"][-8:] for row in rows}
    assert set(ends) == {BIKE, BANANA, "May I bring my dog?"}

    listed = (await balie(address, "list")).output
    assert f"1. {BIKE} (en)" in listed
    assert "and two dogs?" in listed
    assert "3 groups of ferry" in listed
    assert "not helpful" in listed

    done = await balie(address, "add", ends[BIKE], "dogs", "--question", "2")
    assert f"dogs is now found by “{BIKE}” (en)" in done.output.replace("\n", "")
    ignored = await balie(address, "ignore", ends[BANANA], "--collection", "ferry")
    assert f"{ends[BANANA]} is ignored: {BANANA}" in ignored.output
    again = await balie(address, "done", ends["May I bring my dog?"])
    assert "is done" in again.output
    assert "0 groups of ferry" in (await balie(address, "list")).output
    closed = (await balie(address, "list", "--state", "done", "--state", "ignored")).output
    assert "3 groups of ferry" in closed

    counts = (await balie(address, "counts")).output
    assert "1 incomplete" in counts
    [row] = objects(await balie(address, "counts", "--json"))
    assert (row["entry_id"], row["not_helpful"]) == ("dogs", "1")

    assert "1 question deleted" in (await balie(address, "delete", "turn-2", "turn-99")).output
    assert objects(await balie(address, "list", "--state", "ignored", "--json")) == []


async def test_what_cannot_be_done_is_told(address: str) -> None:
    none = await balie(address, "list")
    assert (none.exit_code, "There is no collection." in none.output) == (1, True)
    async with Balie(faq=address) as client:
        await filled(client)
    for command in (("add", "nothing", "dogs"), ("ignore", "nothing")):
        missing = await balie(address, *command)
        assert missing.exit_code == 1
        assert "0 groups have an id that ends in nothing." in missing.output
    wrong = await balie(address, "list", "--collection", "none")
    assert (wrong.exit_code, "collection none does not exist" in wrong.output) == (1, True)
