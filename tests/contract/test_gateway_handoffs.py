"""What the gateway makes of handoffs that are held, passed on, taken back and ended in different ways."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.fakes.gateway_desk import Desk, Neighbours, gateway, neighbourhood, settings_for, until

from balie.api.gateway.v1 import conversation_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.client import error_of

ANSWER = "Elke dag van 9 tot 17 uur."
BOT = conversation_pb2.OWNER_KIND_BOT


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with neighbourhood() as around:
        yield around


@pytest.fixture
async def desk(neighbours: Neighbours, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running:
        yield running


def notices(messages: list[Any]) -> list[str]:
    return [conversation_pb2.Notice.Name(message.notice)[7:] for message in messages if message.notice]


def last_text(messages: list[Any]) -> str:
    return str(messages[-1].text)


async def told(desk: Desk, conversation: Any, *expected: str) -> list[Any]:
    """Returns the messages once the contact was told so much."""

    async def so_much() -> list[Any] | None:
        messages = await desk.messages(conversation)
        return messages if len(notices(messages)) >= len(expected) else None

    messages: list[Any] = await until(so_much)
    assert notices(messages) == list(expected)
    return messages


async def epoch(desk: Desk, conversation: Any, wanted: int) -> Any:
    """Returns the conversation once it has an epoch."""

    async def come() -> Any:
        now = await desk.get(conversation)
        return now if now.owner_epoch >= wanted else None

    now = await until(come)
    assert now.owner_epoch == wanted
    return now


class TestAHandoffThatWaitsAgain:
    @pytest.mark.parametrize(
        ("kind", "notice", "words"),
        [
            (handoff_pb2.HANDOFF_EVENT_KIND_TRANSFERRED, "TRANSFERRED", "andere collega"),
            (handoff_pb2.HANDOFF_EVENT_KIND_MOVED, "TRANSFERRED", "andere collega"),
            (handoff_pb2.HANDOFF_EVENT_KIND_AGENT_SILENT, "AGENT_SILENT", "Sorry dat je zo lang"),
        ],
    )
    async def test_is_the_bots_until_another_agent_comes(
        self, desk: Desk, kind: Any, notice: str, words: str
    ) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        await desk.say(conversation, "hoe laat open")
        handoff = await handoffs.open(conversation.id)
        await handoffs.accept(handoff, "els")
        await desk.say_as_agent(conversation, "els", "Momentje.")
        await handoffs.requeue(handoff, kind)
        waiting = await epoch(desk, conversation, 3)
        assert (waiting.owner.kind, waiting.owner.agent_id) == (BOT, "")
        assert waiting.handoff_id == handoff.id
        assert waiting.handoff_state == handoff_pb2.HANDOFF_STATE_QUEUED
        assert words in last_text(await told(desk, conversation, "AGENT_JOINED", notice))
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await desk.say_as_agent(conversation, "els", "Nog even dit.")
        assert error_of(raised.value).reason == "NOT_OWNER"
        answered = await desk.say(conversation, "hoe laat open")
        assert [reply.text for reply in answered.replies] == [ANSWER]
        # A transfer is no new beginning: what the bot did before the person came still counts.
        assert handoffs.routed[-1].history.bot_replies == 1
        await handoffs.accept(handoff, "jan")
        owned = await desk.get(conversation)
        assert (owned.owner.agent_id, owned.owner_epoch) == ("jan", 4)
        assert handoffs.confirmed == [(handoff.id, 2), (handoff.id, 4)]
        await told(desk, conversation, "AGENT_JOINED", notice, "AGENT_JOINED")

    async def test_is_withdrawn_when_its_conversation_is_closed(self, desk: Desk) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        await handoffs.accept(handoff, "els")
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_ON_HOLD, handoff_pb2.HANDOFF_EVENT_KIND_HELD)

        async def held() -> bool:
            return bool((await desk.get(conversation)).handoff_state == handoff_pb2.HANDOFF_STATE_ON_HOLD)

        await until(held)
        assert (await desk.get(conversation)).owner.agent_id == "els"
        handoffs.refuses_to_end = True
        await desk.close(conversation)
        await handoffs.until(lambda: handoffs.refused_to_end > 0)
        handoffs.refuses_to_end = False
        await handoffs.requeue(handoff)
        await handoffs.until(lambda: handoff.state == handoff_pb2.HANDOFF_STATE_CANCELLED)
        assert (await epoch(desk, conversation, 3)).owner.kind == BOT
        assert notices(await desk.messages(conversation)) == ["AGENT_JOINED", "CLOSED"]

    async def test_a_promise_to_call_back_is_open_and_the_bot_answers(self, desk: Desk) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        promised = handoff_pb2.HANDOFF_EVENT_KIND_CALL_BACK_PROMISED
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_CALL_BACK, promised)

        async def noted() -> bool:
            return bool((await desk.get(conversation)).handoff_state == handoff_pb2.HANDOFF_STATE_CALL_BACK)

        await until(noted)
        answered = await desk.say(conversation, "hoe laat open")
        assert [reply.text for reply in answered.replies] == [ANSWER]
        await desk.close(conversation)
        await handoffs.until(lambda: handoff.state == handoff_pb2.HANDOFF_STATE_CANCELLED)


class TestTheWayBack:
    @pytest.mark.parametrize(
        ("reason", "replies_before", "words"),
        [
            (handoff_pb2.RELEASE_REASON_NEW_TOPIC, 0, "met mijn collega is afgerond"),
            (handoff_pb2.RELEASE_REASON_RESUME, 2, "verder waar we gebleven waren"),
            (handoff_pb2.RELEASE_REASON_IDLE, 0, "al een tijd niemand iets heeft geschreven"),
            (77, 0, "met mijn collega is afgerond"),
        ],
    )
    async def test_says_how_the_bot_goes_on(
        self, desk: Desk, reason: Any, replies_before: int, words: str
    ) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        for _ in range(2):
            await desk.say(conversation, "hoe laat open")
        handoff = await handoffs.open(conversation.id)
        await handoffs.accept(handoff, "els")
        await desk.say(conversation, "hoe laat open")
        await handoffs.release(handoff, reason)
        messages = await told(desk, conversation, "AGENT_JOINED", "RETURNED_TO_BOT")
        assert words in last_text(messages)
        await desk.say(conversation, "hoe laat open")
        assert handoffs.routed[-1].history.bot_replies == replies_before


class TestChangesThatComeLate:
    async def test_several_at_once_are_followed_one_by_one(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        handoffs = neighbours.handoff
        async with gateway(settings, neighbours) as before:
            conversation = await before.create()
            handoff = await handoffs.open(conversation.id)
            await handoffs.accept(handoff, "els")
            await epoch(before, conversation, 2)
        await handoffs.requeue(handoff)
        await handoffs.move(
            handoff, handoff_pb2.HANDOFF_STATE_OFFERED, handoff_pb2.HANDOFF_EVENT_KIND_OFFERED
        )
        accepting = asyncio.create_task(handoffs.accept(handoff, "jan"))
        async with gateway(settings, neighbours) as after:
            await accepting
            await epoch(after, conversation, 4)
            await told(after, conversation, "AGENT_JOINED", "TRANSFERRED", "AGENT_JOINED")

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            (handoff_pb2.HANDOFF_STATE_QUEUED, "TRANSFERRED"),
            (handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN, "MESSAGE_TAKEN"),
            (handoff_pb2.HANDOFF_STATE_CANCELLED, "RETURNED_TO_BOT"),
        ],
    )
    async def test_a_snapshot_shows_that_the_agent_has_gone(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path, state: Any, expected: str
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        handoffs = neighbours.handoff
        async with gateway(settings, neighbours) as before:
            conversation = await before.create()
            handoff = await handoffs.open(conversation.id)
            await handoffs.accept(handoff, "els")
            await epoch(before, conversation, 2)
        await handoffs.requeue(handoff)
        if state != handoff_pb2.HANDOFF_STATE_QUEUED:
            await handoffs.move(handoff, state, handoff_pb2.HANDOFF_EVENT_KIND_UNSPECIFIED)
        handoffs.floor = len(handoffs._events)
        async with gateway(settings, neighbours) as after:
            await told(after, conversation, "AGENT_JOINED", expected)
            assert (await epoch(after, conversation, 3)).owner.kind == BOT

    async def test_a_snapshot_shows_that_another_agent_gave_it_back(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        handoffs = neighbours.handoff
        async with gateway(settings, neighbours) as before:
            conversation = await before.create()
            handoff = await handoffs.open(conversation.id)
            await handoffs.accept(handoff, "els")
            await epoch(before, conversation, 2)
        await handoffs.requeue(handoff)
        handoff.agent_id = "jan"
        handoffs.floor = len(handoffs._events) + 1
        releasing = asyncio.create_task(handoffs.release(handoff))
        async with gateway(settings, neighbours) as after:
            await releasing
            await told(after, conversation, "AGENT_JOINED", "RETURNED_TO_BOT")
            assert (await epoch(after, conversation, 3)).owner.kind == BOT

    async def test_a_turn_that_names_the_handoff_passes_over_no_change(self, desk: Desk) -> None:
        """While a turn is worked out the agent passes the conversation on: its answer names the handoff as it is then."""
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        await handoffs.accept(handoff, "els")

        async def pass_on(_: Any) -> None:
            handoffs.after_route = None
            await handoffs.requeue(handoff)

        handoffs.decide = lambda _: handoff_pb2.Decision(
            kind=handoff_pb2.DECISION_KIND_ASSIST, handoff_id=handoff.id
        )
        handoffs.after_route = pass_on
        sent = await desk.say(conversation, "hoe laat open", wait=None)
        await desk.ended_turn(sent.turn_id)
        assert (await epoch(desk, conversation, 3)).owner.kind == BOT
        await told(desk, conversation, "AGENT_JOINED", "TRANSFERRED")


class TestWhatTheContactIsTold:
    async def test_their_place_and_the_wait_as_far_as_it_is_known(self, desk: Desk) -> None:
        handoffs = desk.neighbours.handoff
        await handoffs.open("of-another-desk")
        handoffs.estimate = 400
        conversation = await desk.create()
        asked = await desk.say(conversation, "???")
        assert "nummer 2 in de rij; naar schatting duurt het nog 7 min." in asked.replies[0].text
        handoff = handoffs.open_handoff(conversation.id)
        assert handoff is not None
        await handoffs.place(handoff, 1, 61)
        messages = await told(desk, conversation, "WAITING", "POSITION")
        assert last_text(messages) == "Je bent nu nummer 1 in de rij; naar schatting duurt het nog 2 min."
        handoff.ClearField("estimated_wait")
        await handoffs.place(handoff, 3, None)
        messages = await told(desk, conversation, "WAITING", "POSITION", "POSITION")
        assert last_text(messages) == "Je bent nu nummer 3 in de rij."

    async def test_their_place_without_a_revision_of_their_handoff(self, desk: Desk) -> None:
        """What others do moves a place, which need not be a change of the handoff; it is told, and once each."""
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        for position in (3, 2):
            handoff.revision -= 1
            await handoffs.place(handoff, position, None)
        await told(desk, conversation, "POSITION", "POSITION")
        for event in list(handoffs._events)[-2:]:
            again = handoff_pb2.HandoffEvent()
            again.CopyFrom(event)
            again.cursor = str(len(handoffs._events) + 1)
            handoffs._events.append(again)
        await handoffs.accept(handoff, "els")
        await told(desk, conversation, "POSITION", "POSITION", "AGENT_JOINED")

    async def test_a_promise_to_call_back_its_time_and_its_end(self, desk: Desk) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        handoff.call_back_time.FromDatetime(datetime(2030, 1, 7, 8, 0, tzinfo=UTC))
        promised = handoff_pb2.HANDOFF_EVENT_KIND_CALL_BACK_PROMISED
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_CALL_BACK, promised)
        messages = await told(desk, conversation, "CALL_BACK_PROMISED")
        assert "komt maandag 7-1 rond 09:00 uur" in last_text(messages)
        again = await desk.say(conversation, "???")  # a person is asked for again
        assert notices(list(again.replies)) == ["CALL_BACK_PROMISED"]
        due = handoff_pb2.HANDOFF_EVENT_KIND_CALL_BACK_DUE
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_QUEUED, due)
        await told(desk, conversation, "CALL_BACK_PROMISED", "CALL_BACK_PROMISED", "CALL_BACK_DUE")
        expired = handoff_pb2.HANDOFF_EVENT_KIND_EXPIRED
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_EXPIRED, expired)
        messages = await told(
            desk, conversation, "CALL_BACK_PROMISED", "CALL_BACK_PROMISED", "CALL_BACK_DUE", "EXPIRED"
        )
        assert "blijft hier bewaard" in last_text(messages)
        now = await desk.get(conversation)
        assert (now.handoff_id, now.handoff_state) == ("", 0)

    @pytest.mark.parametrize(
        ("state", "notice"),
        [
            (handoff_pb2.HANDOFF_STATE_CALL_BACK, "CALL_BACK_PROMISED"),
            (handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN, "MESSAGE_TAKEN"),
        ],
    )
    async def test_at_once_and_once_that_nobody_is_there(self, desk: Desk, state: Any, notice: str) -> None:
        """A queue that is closed promises or takes a message at once: the reply says so, and nothing says otherwise."""
        handoffs = desk.neighbours.handoff
        handoffs.opens_as = state
        for number in range(5):  # the follower may be first, or the turn
            conversation = await desk.create(f"contact-{number}")
            asked = await desk.say(conversation, "???")
            assert notices(list(asked.replies)) == [notice]

            async def followed(of: Any = conversation) -> bool:
                now = await desk.get(of)
                return now.handoff_state == state or not handoffs.open_handoff(of.id)

            await until(followed)
            assert notices(await desk.messages(conversation)) == [notice]

    async def test_watchers_see_the_wait_and_the_promise(self, desk: Desk) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        handoff = await handoffs.open(conversation.id)
        await handoffs.place(handoff, 2, 90)
        handoff.call_back_time.FromDatetime(datetime(2030, 1, 7, 8, 0, tzinfo=UTC))
        promised = handoff_pb2.HANDOFF_EVENT_KIND_CALL_BACK_PROMISED
        await handoffs.move(handoff, handoff_pb2.HANDOFF_STATE_CALL_BACK, promised)
        request = door.WatchConversationRequest(conversation_id=conversation.id)
        seen: list[tuple[int, int, int]] = []
        async with asyncio.timeout(10):
            async for answer in desk.stub.WatchConversation(request):
                if answer.event.WhichOneof("event") == "handoff_changed":
                    changed = answer.event.handoff_changed
                    wait, back = changed.estimated_wait.seconds, changed.call_back_time.seconds
                    seen.append((changed.position, wait, back))
                if len(seen) == 3:
                    break
        assert seen == [(1, 0, 0), (2, 90, 0), (0, 0, 1894003200)]
