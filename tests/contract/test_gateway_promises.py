"""The six promises, as far as the gateway keeps them: each test tries to break one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import capture_logs
from tests.fakes.fake_nlu import understanding
from tests.fakes.gateway_desk import (
    Desk,
    Neighbours,
    gateway,
    neighbourhood,
    settings_for,
    until,
)

from balie.api.gateway.v1 import conversation_pb2
from balie.api.handoff.v1 import handoff_pb2
from balie.api.nlu.v1 import nlu_service_pb2
from balie.client import error_of

DONE, SUPERSEDED = conversation_pb2.TURN_STATE_DONE, conversation_pb2.TURN_STATE_SUPERSEDED
ANSWER = "Elke dag van 9 tot 17 uur."


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with neighbourhood() as around:
        yield around


@pytest.fixture
async def desk(neighbours: Neighbours, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running:
        yield running


def texts(messages: list[Any], author: int) -> list[str]:
    return [message.text for message in messages if message.author == author]


def notices(messages: list[Any]) -> list[str]:
    return [conversation_pb2.Notice.Name(message.notice)[7:] for message in messages if message.notice]


async def asked(neighbours: Neighbours, times: int = 1) -> None:
    async def enough() -> bool:
        return len(neighbours.nlu.asked) >= times

    await until(enough)


class TestInOrder:
    async def test_fifty_messages_at_once_are_numbered_without_a_gap_and_answered_in_order(
        self, desk: Desk
    ) -> None:
        conversation = await desk.create()
        sent = await asyncio.gather(
            *(desk.say(conversation, "hoe laat open", request_id=f"r-{number}") for number in range(50))
        )
        messages = await desk.messages(conversation)
        assert [message.seq for message in messages] == list(range(1, 101))
        replies = [message for message in messages if message.author == conversation_pb2.AUTHOR_BOT]
        by_seq = sorted(sent, key=lambda one: one.message.seq)
        assert [reply.turn_id for reply in replies] == [one.turn_id for one in by_seq]
        assert [case.turn_id for case in desk.neighbours.handoff.routed] == [one.turn_id for one in by_seq]

    async def test_one_worker_comes_to_every_conversation(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path, turn_workers=1)
        async with gateway(settings, neighbours) as desk:
            conversations = [await desk.create(f"contact-{number}") for number in range(4)]
            answers = await asyncio.gather(
                *(desk.say(conversations[number % 4], "hoe laat open") for number in range(12))
            )
        assert [answer.turn_state for answer in answers] == [DONE] * 12

    async def test_one_conversation_that_waits_holds_up_no_other(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        slow = await desk.create("slow")
        await desk.say(slow, "hoe laat open", wait=None)
        await asked(desk.neighbours)
        quick = await desk.create("quick")
        held = desk.neighbours.nlu.gate
        desk.neighbours.nlu.gate = asyncio.Event()
        desk.neighbours.nlu.gate.set()
        answer = await desk.say(quick, "hoe laat open")
        assert answer.turn_state == DONE
        held.set()


class TestNothingIsSaidTwice:
    async def test_twenty_equal_requests_are_one_message_and_get_equal_answers(self, desk: Desk) -> None:
        conversation = await desk.create()
        answers = await asyncio.gather(
            *(desk.say(conversation, "hoe laat open", request_id="same") for _ in range(20))
        )
        assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
        assert answers[0].replies[0].text == ANSWER
        assert len(await desk.messages(conversation)) == 2
        assert await desk.say(conversation, "hoe laat open", request_id="same") == answers[0]

    async def test_a_message_that_the_channel_delivers_again_is_the_first_one(self, desk: Desk) -> None:
        conversation = await desk.create()
        answers = await asyncio.gather(
            *(desk.say(conversation, f"hoe laat open {n}", channel_message_id="wamid") for n in range(8))
        )
        assert len({answer.message.id for answer in answers}) == 1
        assert len({answer.turn_id for answer in answers}) == 1
        assert len(texts(await desk.messages(conversation), conversation_pb2.AUTHOR_CONTACT)) == 1

    async def test_a_channels_id_is_taken_once_over_conversations_of_one_contact_only(
        self, desk: Desk
    ) -> None:
        first, second, other = await desk.create("anna"), await desk.create("anna"), await desk.create("bob")
        answers = await asyncio.gather(
            *(
                desk.say(conversation, "hoe laat open", channel_message_id="7")
                for conversation in (first, second, other)
            )
        )
        assert answers[0].message == answers[1].message
        assert answers[2].message.id != answers[0].message.id
        await desk.close(first)
        await desk.close(second)
        again = await desk.say(second, "hoe laat open", channel_message_id="7")
        assert again.message == answers[0].message

    async def test_agents_words_are_said_once_for_a_request_id(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.neighbours.handoff.accept(await desk.neighbours.handoff.open(conversation.id), "els")
        said = await asyncio.gather(
            *(desk.say_as_agent(conversation, "els", "Hallo!", request_id="same") for _ in range(5))
        )
        assert len({answer.message.id for answer in said}) == 1
        assert texts(await desk.messages(conversation), conversation_pb2.AUTHOR_AGENT) == ["Hallo!"]


class TestOneVoice:
    async def test_an_agent_who_accepts_silences_a_reply_that_is_being_worked_out(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        neighbours.nlu.gate.clear()
        neighbours.handoff.decide = lambda request: handoff_pb2.Decision(
            kind=handoff_pb2.DECISION_KIND_ANSWER,
            answer=handoff_pb2.AnswerChoice(answer_id=request.answers.candidates[0].answer_id),
        )
        sent = await desk.say(conversation, "hoe laat open", wait=None)
        await asked(neighbours)
        await neighbours.handoff.accept(handoff, "els")
        first = await desk.say_as_agent(conversation, "els", "Hallo, met Els.")
        assert first.message.owner_epoch == 2
        neighbours.nlu.gate.set()
        turn = await desk.ended_turn(sent.turn_id)
        assert (turn.state, turn.owner_epoch, list(turn.suggestions)) == (SUPERSEDED, 1, [ANSWER])
        assert not turn.reply_message_ids
        messages = await desk.messages(conversation)
        assert texts(messages, conversation_pb2.AUTHOR_BOT) == []
        assert notices(messages) == ["AGENT_JOINED"]

    async def test_a_reply_from_before_an_agent_came_is_refused_after_they_went(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        neighbours.nlu.gate.clear()
        sent = await desk.say(conversation, "hoe laat open", wait=None)
        await asked(neighbours)
        await neighbours.handoff.accept(handoff, "els")
        await desk.say_as_agent(conversation, "els", "We zijn tot 17 uur open.")
        await neighbours.handoff.release(handoff)
        neighbours.nlu.gate.set()
        turn = await desk.ended_turn(sent.turn_id)
        assert (turn.state, list(turn.suggestions)) == (SUPERSEDED, [ANSWER])
        assert texts(await desk.messages(conversation), conversation_pb2.AUTHOR_BOT) == []

    async def test_a_decision_from_before_is_not_carried_out_under_a_person(self, desk: Desk) -> None:
        """The router decides a turn once: a later try gets the answer that was decided while the bot spoke."""
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        may_answer = asyncio.Event()

        async def lose_the_answer(_: Any) -> None:
            if not may_answer.is_set():
                await neighbours.handoff.accept(handoff, "els")
                may_answer.set()
                raise ConnectionError("the answer is lost")

        neighbours.handoff.after_route = lose_the_answer
        answer = await desk.say(conversation, "hoe laat open")
        assert answer.turn_state == SUPERSEDED
        turn = await desk.turn(answer.turn_id)
        assert (turn.owner_epoch, list(turn.suggestions)) == (2, [ANSWER])
        assert texts(await desk.messages(conversation), conversation_pb2.AUTHOR_BOT) == []

    async def test_the_bot_suggests_to_the_agent_and_speaks_again_after_them(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        await desk.say(conversation, "???")
        handoff = neighbours.handoff.open_handoff(conversation.id)
        assert handoff is not None
        await neighbours.handoff.accept(handoff, "els")
        owned = await desk.get(conversation)
        assert (owned.owner.agent_id, owned.owner_epoch, owned.handoff_id) == ("els", 2, handoff.id)
        helped = await desk.say(conversation, "hoe laat open")
        assert (helped.turn_state, len(helped.replies)) == (DONE, 0)
        assert list((await desk.turn(helped.turn_id)).suggestions) == [ANSWER]
        await neighbours.handoff.release(handoff)
        returned = await desk.get(conversation)
        assert returned.owner.kind == conversation_pb2.OWNER_KIND_BOT
        assert (returned.owner_epoch, returned.handoff_id, returned.handoff_state) == (3, "", 0)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await desk.say_as_agent(conversation, "els", "nog even")
        assert error_of(raised.value).reason == "NOT_OWNER"
        again = await desk.say(conversation, "hoe laat open")
        assert [reply.text for reply in again.replies] == [ANSWER]
        case = neighbours.handoff.routed[-1]
        assert (case.owner_epoch, case.history.bot_replies) == (3, 0)
        assert notices(await desk.messages(conversation)) == ["WAITING", "AGENT_JOINED", "RETURNED_TO_BOT"]
        assert neighbours.handoff.confirmed == [(handoff.id, 2), (handoff.id, 3)]

    async def test_a_person_may_pass_the_conversation_to_another(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        await neighbours.handoff.accept(handoff, "els")
        await neighbours.handoff.accept(handoff, "jan")
        owned = await desk.get(conversation)
        assert (owned.owner.agent_id, owned.owner_epoch) == ("jan", 3)
        joined = texts(await desk.messages(conversation), conversation_pb2.AUTHOR_SYSTEM)
        assert joined == ["Els neemt het gesprek nu over.", "Een collega neemt het gesprek nu over."]


class TestNobodyIsStranded:
    async def test_a_person_is_asked_while_nlu_is_down(self, desk: Desk) -> None:
        await desk.neighbours.nlu_server.stop()
        answer = await desk.say(await desk.create(), "hoe laat open")
        (reply,) = answer.replies
        assert reply.notice == conversation_pb2.NOTICE_WAITING
        assert "op dit moment zelf niet" in reply.text
        turn = await desk.turn(answer.turn_id)
        assert (list(turn.services_down), turn.HasField("understanding")) == (["nlu"], False)
        assert not desk.neighbours.faq.asked
        await desk.neighbours.nlu_server.start()
        again = await desk.say(await desk.create("bob"), "hoe laat open")
        assert [one.text for one in again.replies] == [ANSWER]

    async def test_the_faq_is_asked_while_intents_cannot_be_ranked(self, desk: Desk) -> None:
        blind = understanding()
        blind.no_match_reason = nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE
        desk.neighbours.nlu.otherwise = blind
        answer = await desk.say(await desk.create(), "hoe laat open")
        assert [one.text for one in answer.replies] == [ANSWER]
        turn = await desk.turn(answer.turn_id)
        assert list(turn.services_down) == ["nlu"]
        assert turn.understanding.no_match_reason == nlu_service_pb2.NO_MATCH_REASON_ENGINE_UNAVAILABLE

    async def test_a_person_is_asked_while_the_faq_is_down(self, desk: Desk) -> None:
        await desk.neighbours.faq_server.stop()
        answer = await desk.say(await desk.create(), "hoe laat open")
        assert notices(list(answer.replies)) == ["WAITING"]
        turn = await desk.turn(answer.turn_id)
        assert (list(turn.services_down), turn.HasField("understanding")) == (["faq"], True)

    @pytest.mark.parametrize(
        "code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL, grpc.StatusCode.NOT_FOUND]
    )
    async def test_a_person_is_asked_when_nlu_refuses(self, desk: Desk, code: grpc.StatusCode) -> None:
        desk.neighbours.nlu.fails = [code]
        answer = await desk.say(await desk.create(), "hoe laat open")
        assert notices(list(answer.replies)) == ["WAITING"]

    async def test_a_busy_nlu_is_asked_again(self, desk: Desk) -> None:
        desk.neighbours.nlu.fails = [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
        answer = await desk.say(await desk.create(), "hoe laat open")
        assert [one.text for one in answer.replies] == [ANSWER]

    async def test_a_person_is_asked_when_the_router_refuses(self, desk: Desk) -> None:
        desk.neighbours.handoff.fails = [grpc.StatusCode.INVALID_ARGUMENT]
        conversation = await desk.create()
        answer = await desk.say(conversation, "hoe laat open")
        assert notices(list(answer.replies)) == ["WAITING"]
        handoff = desk.neighbours.handoff.open_handoff(conversation.id)
        assert handoff is not None
        assert handoff.queue_id == "service"
        assert (await desk.get(conversation)).handoff_id == handoff.id

    async def test_a_turn_waits_on_disk_while_handoff_is_down_and_is_answered_once(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        await neighbours.handoff_server.stop()
        conversation = await desk.create()
        sent = await desk.say(conversation, "hoe laat open", wait=None)
        behind = await desk.say(conversation, "hoe laat open", wait=None)

        async def told() -> bool:
            return notices(await desk.messages(conversation)) == ["DELAYED"]

        await until(told)
        waiting = await desk.turn(sent.turn_id)
        assert waiting.state in (conversation_pb2.TURN_STATE_WAITING, conversation_pb2.TURN_STATE_WORKING)
        assert list(waiting.services_down) == ["handoff"]

        async def tried_often() -> bool:
            return (await desk.turn(sent.turn_id)).attempts >= 5

        await until(tried_often)
        assert (await desk.turn(behind.turn_id)).state == conversation_pb2.TURN_STATE_PENDING
        await neighbours.handoff_server.start()
        assert (await desk.ended_turn(behind.turn_id)).state == DONE
        messages = await desk.messages(conversation)
        assert notices(messages) == ["DELAYED"]
        replies = [message for message in messages if message.author == conversation_pb2.AUTHOR_BOT]
        assert [reply.turn_id for reply in replies] == [sent.turn_id, behind.turn_id]
        assert len(neighbours.nlu.asked) == 2  # what was found before the wait was kept

    async def test_the_contact_is_told_of_a_message_taken_and_of_their_place(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        await neighbours.handoff.open("of-another-desk")
        conversation = await desk.create()
        answer = await desk.say(conversation, "???")
        assert "nummer 2" in answer.replies[0].text
        again = await desk.say(conversation, "???")
        assert "al gevraagd" in again.replies[0].text
        handoff = neighbours.handoff.open_handoff(conversation.id)
        assert handoff is not None
        taken = handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN
        await neighbours.handoff.move(handoff, taken, handoff_pb2.HANDOFF_EVENT_KIND_MESSAGE_TAKEN)

        async def told() -> bool:
            return notices(await desk.messages(conversation))[-1] == "MESSAGE_TAKEN"

        await until(told)
        assert (await desk.get(conversation)).handoff_id == ""


class TestNothingIsLost:
    @pytest.mark.parametrize("stage", ["analyze", "route"])
    async def test_a_turn_that_a_stop_interrupts_is_answered_once_afterwards(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path, stage: str
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        reached = asyncio.Event()

        async def hang(_: Any) -> None:
            reached.set()
            await asyncio.Event().wait()

        if stage == "analyze":
            neighbours.nlu.gate.clear()
        else:
            neighbours.handoff.after_route = hang
        async with gateway(settings, neighbours) as before:
            conversation = await before.create()
            sent = await before.say(conversation, "hoe laat open", wait=None)
            await (asked(neighbours) if stage == "analyze" else reached.wait())
        neighbours.nlu.gate.set()
        neighbours.handoff.after_route = None
        async with gateway(settings, neighbours) as after:
            turn = await after.ended_turn(sent.turn_id)
            messages = await after.messages(conversation)
        assert (turn.state, turn.attempts) == (DONE, 2)
        assert texts(messages, conversation_pb2.AUTHOR_BOT) == [ANSWER]
        # The router's decision names an answer of the first search: it was kept, and not searched for again.
        assert messages[-1].answer_id == turn.decision.answer.answer_id
        assert len(neighbours.nlu.asked) == (2 if stage == "analyze" else 1)

    async def test_a_mistake_of_ours_ends_in_a_person_and_not_in_silence(self, desk: Desk) -> None:
        desk.neighbours.handoff.decide = lambda _: handoff_pb2.Decision(
            kind=handoff_pb2.DECISION_KIND_ANSWER, answer=handoff_pb2.AnswerChoice(answer_id="of-nobody")
        )
        answer = await desk.say(await desk.create(), "hoe laat open")
        assert notices(list(answer.replies)) == ["WAITING"]


class TestHandoffsAreFollowed:
    async def test_an_owner_is_confirmed_after_a_restart_in_between(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        neighbours.handoff.holds_confirmations.clear()
        async with gateway(settings, neighbours) as before:
            conversation = await before.create()
            handoff = await neighbours.handoff.open(conversation.id)
            accepting = asyncio.create_task(neighbours.handoff.accept(handoff, "els"))

            async def applied() -> bool:
                return bool((await before.get(conversation)).owner_epoch == 2)

            await until(applied)
        neighbours.handoff.holds_confirmations.set()
        async with gateway(settings, neighbours) as after:
            await accepting
            owned = await after.get(conversation)
            assert (owned.owner.agent_id, owned.owner_epoch) == ("els", 2)
            assert notices(await after.messages(conversation)) == ["AGENT_JOINED"]
        assert set(neighbours.handoff.confirmed) == {(handoff.id, 2)}

    async def test_an_owner_is_confirmed_once_handoff_is_back(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        neighbours.handoff.holds_confirmations.clear()
        accepting = asyncio.create_task(neighbours.handoff.accept(handoff, "els"))

        async def applied() -> bool:
            return bool((await desk.get(conversation)).owner_epoch == 2)

        await until(applied)
        await neighbours.handoff_server.stop()
        neighbours.handoff.holds_confirmations.set()
        await neighbours.handoff_server.start()
        await accepting
        assert (await desk.get(conversation)).owner_epoch == 2

    async def test_an_expired_cursor_is_made_good_by_a_snapshot(
        self, neighbours: Neighbours, database_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, database_url, tmp_path)
        handoff = neighbours.handoff
        async with gateway(settings, neighbours) as before:
            conversations = [await before.create(f"contact-{number}") for number in range(5)]
            opened = [await handoff.open(conversation.id) for conversation in conversations]

            async def followed() -> bool:
                return bool((await before.get(conversations[-1])).handoff_id)

            await until(followed)
        accepting = asyncio.create_task(handoff.accept(opened[3], "els"))
        await asyncio.sleep(0)
        await handoff.move(
            opened[4],
            handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN,
            handoff_pb2.HANDOFF_EVENT_KIND_MESSAGE_TAKEN,
        )
        handoff.floor = 7
        async with gateway(settings, neighbours) as after:
            await accepting
            assert (await after.get(conversations[3])).owner.agent_id == "els"

            async def told() -> bool:
                return notices(await after.messages(conversations[4])) == ["MESSAGE_TAKEN"]

            await until(told)
            await handoff.release(opened[3])
            assert notices(await after.messages(conversations[3])) == ["AGENT_JOINED", "RETURNED_TO_BOT"]
        assert handoff.snapshots >= 3

    async def test_a_handoff_of_an_unknown_conversation_holds_up_nothing(self, desk: Desk) -> None:
        unknown = await desk.neighbours.handoff.open("of-another-desk")
        unknown.agent_id = "els"
        await desk.neighbours.handoff.move(
            unknown, handoff_pb2.HANDOFF_STATE_RESERVED, handoff_pb2.HANDOFF_EVENT_KIND_RESERVED
        )
        conversation = await desk.create()
        await desk.neighbours.handoff.accept(await desk.neighbours.handoff.open(conversation.id), "els")
        assert (await desk.get(conversation)).owner.agent_id == "els"

    async def test_an_agent_can_end_the_handoff_of_an_unknown_conversation(self, desk: Desk) -> None:
        handoff = desk.neighbours.handoff
        await desk.create()  # without a conversation the tenant is not followed
        unknown = await handoff.open("mistyped")
        await handoff.accept(unknown, "els")
        assert unknown.state == handoff_pb2.HANDOFF_STATE_ACCEPTED
        await handoff.release(unknown)
        assert handoff.confirmed == [(unknown.id, 1), (unknown.id, 2)]

    async def test_events_that_come_again_change_nothing(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        handoff = await neighbours.handoff.open(conversation.id)
        await neighbours.handoff.accept(handoff, "els")
        await neighbours.handoff.release(handoff)
        before = await desk.messages(conversation)
        for event in list(neighbours.handoff._events):
            again = handoff_pb2.HandoffEvent()
            again.CopyFrom(event)
            again.cursor = str(len(neighbours.handoff._events) + 1)
            neighbours.handoff._events.append(again)
        other = await desk.create("bob")
        await neighbours.handoff.accept(await neighbours.handoff.open(other.id), "jan")  # comes after them
        assert await desk.messages(conversation) == before
        assert (await desk.get(conversation)).owner_epoch == 3


@pytest.mark.postgres
class TestTwoReplicas:
    @pytest.fixture
    async def replicas(
        self, neighbours: Neighbours, postgresql_url: str, tmp_path: Path
    ) -> AsyncIterator[tuple[Desk, Desk]]:
        settings = settings_for(neighbours, postgresql_url, tmp_path)
        async with gateway(settings, neighbours) as one, gateway(settings, neighbours) as other:
            yield one, other

    async def test_turns_are_worked_in_order_and_answered_once_on_whichever_replica(
        self, replicas: tuple[Desk, Desk]
    ) -> None:
        conversation = await replicas[0].create()
        sent = await asyncio.gather(
            *(
                replicas[number % 2].say(conversation, "hoe laat open", request_id=f"r-{number}")
                for number in range(30)
            )
        )
        messages = await replicas[1].messages(conversation)
        assert [message.seq for message in messages] == list(range(1, 61))
        replies = [message for message in messages if message.author == conversation_pb2.AUTHOR_BOT]
        by_seq = [one.turn_id for one in sorted(sent, key=lambda one: one.message.seq)]
        assert [reply.turn_id for reply in replies] == by_seq
        routed = [case.turn_id for case in replicas[0].neighbours.handoff.routed]
        assert routed == by_seq

    async def test_a_reply_is_waited_for_on_the_other_replica(self, replicas: tuple[Desk, Desk]) -> None:
        one, other = replicas
        one.neighbours.nlu.gate.clear()
        conversation = await one.create()
        await one.say(conversation, "hoe laat open", wait=None, request_id="same")
        waiting = asyncio.create_task(other.say(conversation, "hoe laat open", request_id="same"))
        await asyncio.sleep(0.1)
        one.neighbours.nlu.gate.set()
        assert [reply.text for reply in (await waiting).replies] == [ANSWER]

    async def test_a_long_turn_stays_with_the_replica_that_works_on_it(
        self, neighbours: Neighbours, postgresql_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, postgresql_url, tmp_path, lease_seconds=2)
        neighbours.nlu.gate.clear()
        async with gateway(settings, neighbours) as one, gateway(settings, neighbours):
            conversation = await one.create()
            sent = await one.say(conversation, "hoe laat open", wait=None)
            await asyncio.sleep(2.5)  # beyond the lease, and within NLU's time
            neighbours.nlu.gate.set()
            turn = await one.ended_turn(sent.turn_id)
        assert (turn.state, turn.attempts, len(neighbours.nlu.asked)) == (DONE, 1, 1)

    async def test_a_replica_that_lost_a_turn_says_nothing_more_for_it(
        self, neighbours: Neighbours, postgresql_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, postgresql_url, tmp_path)
        may_decide = asyncio.Event()

        async def hold(_: Any) -> None:
            await may_decide.wait()

        neighbours.handoff.after_route = hold
        engine = create_async_engine(postgresql_url)
        async with gateway(settings, neighbours) as one, gateway(settings, neighbours):
            conversation = await one.create()
            sent = await one.say(conversation, "hoe laat open", wait=None)

            async def routed(times: int) -> bool:
                return len(neighbours.handoff.routed) >= times

            await until(lambda: routed(1))
            async with engine.begin() as connection:  # as if it had not been able to renew
                gone = "UPDATE conversations SET lease_holder = 'gone', lease_until = now() - interval '1s'"
                await connection.execute(text(gone))
            await until(lambda: routed(2))
            may_decide.set()
            turn = await one.ended_turn(sent.turn_id)
            later = await one.create("bob")
            await one.say(later, "hoe laat open")
            await one.say(conversation, "hoe laat open")
            messages = await one.messages(conversation)
        await engine.dispose()
        assert (turn.state, turn.attempts) == (DONE, 2)
        assert texts(messages, conversation_pb2.AUTHOR_BOT) == [ANSWER, ANSWER]
        assert [message.seq for message in messages] == [1, 2, 3, 4]

    async def test_an_agent_is_followed_once_by_both(self, replicas: tuple[Desk, Desk]) -> None:
        one, other = replicas
        conversation = await one.create()
        handoff = await one.neighbours.handoff.open(conversation.id)
        for _ in range(3):
            await one.neighbours.handoff.accept(handoff, "els")
            await other.say_as_agent(conversation, "els", "Hallo!")
            await one.neighbours.handoff.release(handoff)
        assert notices(await other.messages(conversation)) == ["AGENT_JOINED", "RETURNED_TO_BOT"] * 3
        assert (await other.get(conversation)).owner_epoch == 7


async def test_no_word_of_a_customer_is_logged(
    neighbours: Neighbours, sqlite_url: str, tmp_path: Path
) -> None:
    canary = "kanarie-4711"
    neighbours.nlu.said[canary] = understanding()
    neighbours.faq.entries["canary"] = ("Vraag?", f"Antwoord {canary}")
    neighbours.faq.finds[canary] = [("canary", 0.9)]
    with capture_logs() as lines:
        async with gateway(settings_for(neighbours, sqlite_url, tmp_path), neighbours) as desk:
            conversation = await desk.create()
            await desk.say(conversation, canary)
            neighbours.nlu.fails = [grpc.StatusCode.INVALID_ARGUMENT]
            await desk.say(conversation, canary)
            await neighbours.handoff_server.stop()
            waiting = await desk.say(conversation, canary, wait=None)

            async def put_off() -> bool:
                return bool((await desk.turn(waiting.turn_id)).services_down)

            await until(put_off)
            with pytest.raises(grpc.aio.AioRpcError):
                await desk.say(conversation, canary * 400)
    assert {"call", "call failed", "turn goes on without a service", "turn waits"} <= {
        line["event"] for line in lines
    }
    assert canary not in str(lines)
