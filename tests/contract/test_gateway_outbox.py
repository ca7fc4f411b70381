"""What the handoff service hears of who wrote: everything, in order, whoever dies or is away meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_gateway_killed import process
from tests.fakes.fake_handoff import REFUSED
from tests.fakes.gateway_desk import Desk, Neighbours, gateway, neighbourhood, settings_for, until

from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.gateway import app, outbox_store
from balie.gateway.ports import Report, ReportKind
from balie.kit.database import Database

CONTACT, AGENT = handoff_pb2.SPEAKER_CONTACT, handoff_pb2.SPEAKER_AGENT


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with neighbourhood() as around:
        yield around


@pytest.fixture
async def desk(neighbours: Neighbours, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running:
        yield running


async def asked_for(desk: Desk, conversation: Any) -> Any:
    """Returns a handoff of the conversation once the gateway knows of it."""
    handoff = await desk.neighbours.handoff.open(conversation.id)

    async def known() -> bool:
        return bool((await desk.get(conversation)).handoff_id)

    await until(known)
    return handoff


async def heard(neighbours: Neighbours, *activities: tuple[str, int, int]) -> None:
    await neighbours.handoff.until(lambda: len(neighbours.handoff.activities) >= len(activities))
    assert neighbours.handoff.activities == list(activities)


async def left(database_url: str) -> int:
    migrations = "balie.gateway.migrations"
    async with Database.open(database_url, migrations=migrations) as database, database.read() as tx:
        return len(await outbox_store.first(tx, 1000))


async def all_told(database_url: str) -> None:
    async def none_left() -> bool:
        return await left(database_url) == 0

    await until(none_left)


async def test_hears_who_wrote_while_a_handoff_is_open(desk: Desk) -> None:
    neighbours = desk.neighbours
    conversation = await desk.create()
    await desk.say(conversation, "hoe laat open")  # 1, answered as 2: no handoff yet
    handoff = await asked_for(desk, conversation)
    await desk.say(conversation, "hoe laat open")  # 3, answered by the bot as 4
    await neighbours.handoff.accept(handoff, "els")  # told to the contact as 5
    await desk.say_as_agent(conversation, "els", "Hallo!")  # 6
    await desk.say(conversation, "dag Els", wait=None)  # 7
    await heard(neighbours, (handoff.id, 3, CONTACT), (handoff.id, 6, AGENT), (handoff.id, 7, CONTACT))
    await neighbours.handoff.release(handoff)
    await desk.say(conversation, "hoe laat open")
    await asyncio.sleep(0.1)
    assert len(neighbours.handoff.activities) == 3


async def test_that_somebody_spoke_moves_no_conversation(desk: Desk) -> None:
    """These events are as many as messages: watchers are not told of each, and nothing is written."""
    handoffs = desk.neighbours.handoff
    conversation = await desk.create()
    handoff = await asked_for(desk, conversation)
    await handoffs.accept(handoff, "els")
    before = (await desk.stub.ListMessages(door.ListMessagesRequest(conversation_id=conversation.id))).cursor
    for kind in (handoff_pb2.HANDOFF_EVENT_KIND_SPOKE, handoff_pb2.HANDOFF_EVENT_KIND_CLOCK):
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_ACCEPTED, kind)
    await handoffs.requeue(handoff)

    async def followed() -> bool:
        return bool((await desk.get(conversation)).owner_epoch == 3)

    await until(followed)
    request = door.WatchConversationRequest(conversation_id=conversation.id, cursor=before)
    seen: list[str] = []
    async for answer in desk.stub.WatchConversation(request, timeout=10):
        seen.append(answer.event.WhichOneof("event"))
        if seen[-1] == "message":
            break
    states = [one for one in seen if one == "handoff_changed"]
    assert len(states) <= 1  # of the acceptance, at most
    assert seen[-2:] == ["owner_changed", "message"]


async def test_hears_without_a_sweep(
    neighbours: Neighbours, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_OUTBOX_SECONDS", 3600.0)  # it is the message itself that wakes the sender
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as desk:
        conversation = await desk.create()
        handoff = await asked_for(desk, conversation)
        await desk.say(conversation, "hallo", wait=None)
        await heard(neighbours, (handoff.id, 1, CONTACT))


async def test_hears_everything_once_it_is_back(
    neighbours: Neighbours, database_url: str, tmp_path: Path
) -> None:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as desk:
        conversations = [await desk.create(f"contact-{number}") for number in range(3)]
        opened = [await asked_for(desk, conversation) for conversation in conversations]
        await neighbours.handoff_server.stop()
        for number in range(12):
            await desk.say(conversations[number % 3], f"hallo {number}", wait=None)
        await asyncio.sleep(0.3)
        assert neighbours.handoff.activities == []
        await neighbours.handoff_server.start()
        await neighbours.handoff.until(lambda: len(neighbours.handoff.activities) == 12)
        for handoff in opened:
            told = [seq for handoff_id, seq, _ in neighbours.handoff.activities if handoff_id == handoff.id]
            assert told == sorted(told)
            assert len(told) == 4
        await all_told(database_url)


async def test_hears_again_what_it_did_not_acknowledge(desk: Desk) -> None:
    neighbours = desk.neighbours
    conversation = await desk.create()
    handoff = await asked_for(desk, conversation)
    neighbours.handoff.forgets_answers = 2
    await desk.say(conversation, "hallo", wait=None)
    await neighbours.handoff.until(lambda: len(neighbours.handoff.tellings) >= 3)
    await heard(neighbours, (handoff.id, 1, CONTACT))


async def test_hears_after_the_start_what_a_killed_gateway_left(
    neighbours: Neighbours, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(neighbours, database_url, tmp_path)
    async with process(settings, neighbours) as first:
        conversation = await first.desk.create()
        handoff = await asked_for(first.desk, conversation)
        await neighbours.handoff_server.stop()
        for number in range(5):
            await first.desk.say(conversation, f"hallo {number}", wait=None)
        await first.kill()
    assert await left(database_url) == 5
    await neighbours.handoff_server.start()
    async with process(settings, neighbours):
        await neighbours.handoff.until(lambda: len(neighbours.handoff.activities) >= 5)
        told = [(handoff_id, speaker) for handoff_id, _, speaker in neighbours.handoff.activities]
        assert told == [(handoff.id, CONTACT)] * 5


@pytest.mark.postgres
async def test_two_replicas_tell_everything_in_order(
    neighbours: Neighbours, postgresql_url: str, tmp_path: Path
) -> None:
    settings = settings_for(neighbours, postgresql_url, tmp_path)
    async with gateway(settings, neighbours) as one, gateway(settings, neighbours) as other:
        conversation = await one.create()
        handoff = await asked_for(one, conversation)
        await asyncio.gather(
            *((one, other)[number % 2].say(conversation, "hoe laat open") for number in range(40))
        )
        messages = await one.messages(conversation)
        wrote = [message.seq for message in messages if message.author == 1]
        await heard(neighbours, *((handoff.id, seq, CONTACT) for seq in wrote))
        await all_told(postgresql_url)


async def test_what_it_refuses_holds_up_nothing_and_five_hundred_are_told_at_once(
    neighbours: Neighbours, database_url: str, tmp_path: Path
) -> None:
    migrations = "balie.gateway.migrations"
    async with Database.open(database_url, migrations=migrations) as database, database.write() as tx:
        for number in range(600):
            handoff_id = REFUSED if number == 3 else f"handoff-{number}"
            of = f"conversation-{number:03}"
            report = Report("default", of, 1, ReportKind.CONTACT_WROTE, handoff_id, datetime.now(UTC))
            await outbox_store.insert(tx, report)
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours):
        await neighbours.handoff.until(lambda: len(neighbours.handoff.activities) == 599)
        await all_told(database_url)
    assert neighbours.handoff.tellings[:2] == [500, 1]
    assert neighbours.handoff.tellings[-1] == 100
