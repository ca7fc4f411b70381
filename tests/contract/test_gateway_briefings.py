"""What an agent is told first of a conversation."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from tests.fakes.gateway_desk import Desk, gateway, neighbourhood, settings_for

from balie.api.common.v1 import language_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.client import error_of
from balie.kit.testing import callers

ANSWER = "Elke dag van 9 tot 17 uur."


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        neighbourhood() as neighbours,
        gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running,
    ):
        yield running


async def briefing(desk: Desk, conversation: Any, metadata: Any = None) -> Any:
    request = door.GetBriefingRequest(conversation_id=conversation.id)
    answer = await desk.stub.GetBriefing(request, metadata=metadata or callers.agent("els"))
    return answer.briefing


async def test_tells_who_asks_what_about_and_what_the_bot_tried(desk: Desk) -> None:
    request = door.CreateConversationRequest(
        contact_id="anna",
        channel="web",
        language="nl",
        contact_attributes={"tier": "gold"},
        request_id=uuid4().hex,
    )
    conversation = (await desk.stub.CreateConversation(request)).conversation
    desk.neighbours.faq.finds["welke prijs"] = [("price", 0.5), ("hours", 0.49)]
    await desk.say(conversation, "hoe laat open")
    desk.neighbours.handoff.decide = lambda asked: handoff_pb2.Decision(
        kind=handoff_pb2.DECISION_KIND_CLARIFY,
        options=[handoff_pb2.AnswerChoice(answer_id=one.answer_id) for one in asked.answers.candidates],
    )
    await desk.say(conversation, "welke prijs")
    desk.neighbours.handoff.decide = lambda _: None
    asked = await desk.say(conversation, "Ik wil graag een medewerker over mijn kaartje spreken.")
    await desk.say(conversation, "Ben je er nog, het gaat om mijn kaartje?")
    told = await briefing(desk, conversation)
    assert told.conversation == await desk.get(conversation)
    assert dict(told.conversation.contact_attributes) == {"tier": "gold"}
    assert told.question == asked.message
    kinds = [handoff_pb2.DecisionKind.Name(one.kind)[14:] for one in told.attempts]
    assert kinds == ["ANSWER", "CLARIFY"]
    assert (told.attempts[0].message.text, told.attempts[0].message.answer_id[:6]) == (ANSWER, "hours-")
    assert [option.entry_id for option in told.attempts[1].message.options] == ["price", "hours"]
    assert told.understanding.verdict == language_pb2.VERDICT_NO_MATCH
    assert not told.understanding.HasField("embedding")
    assert [(one.seq, one.text) for one in told.summary] == [
        (1, "hoe laat open"),
        (5, "Ik wil graag een medewerker over mijn kaartje spreken."),
        (7, "Ben je er nog, het gaat om mijn kaartje?"),
    ]


async def test_suggests_what_the_faq_found_for_the_newest_message(desk: Desk) -> None:
    conversation = await desk.create()
    handoff = await desk.neighbours.handoff.open(conversation.id)
    await desk.neighbours.handoff.accept(handoff, "els")
    await desk.say(conversation, "hoe laat open")
    told = await briefing(desk, conversation, callers.admin())
    assert [one.entry_id for one in told.suggested_answers] == ["hours", "price"]
    assert list(told.attempts) == []  # a suggestion was not said


async def test_begins_anew_after_a_person_and_not_after_a_message_was_taken(desk: Desk) -> None:
    handoffs = desk.neighbours.handoff
    conversation = await desk.create()
    await desk.say(conversation, "hoe laat open")
    first = await handoffs.open(conversation.id)
    await handoffs.accept(first, "els")
    await handoffs.release(first)
    empty = await briefing(desk, conversation)
    assert (empty.HasField("question"), len(empty.attempts), len(empty.summary)) == (False, 0, 0)
    assert not empty.HasField("understanding")
    handoffs.opens_as = handoff_pb2.HANDOFF_STATE_MESSAGE_TAKEN
    taken = await desk.say(conversation, "???")
    left = await desk.say(conversation, "Mijn kaartje is kwijt sinds gisteren", wait=None)
    await desk.ended_turn(left.turn_id)
    handoffs.opens_as = handoff_pb2.HANDOFF_STATE_QUEUED
    again = await desk.say(conversation, "Is er nu iemand voor mijn kaartje?")
    told = await briefing(desk, conversation)
    assert told.question == again.message
    assert taken.message.text not in [one.text for one in told.summary]  # says nothing in words
    assert left.message.id in [one.message_id for one in told.summary]


async def test_the_question_of_a_handoff_that_staff_asked_for_is_what_was_written_before(desk: Desk) -> None:
    conversation = await desk.create()
    await desk.say(conversation, "hoe laat open")
    before = await desk.say(conversation, "hoe laat open?")
    handoff = await desk.neighbours.handoff.open(conversation.id)
    assert (await briefing(desk, conversation)).question == before.message
    await desk.neighbours.handoff.accept(handoff, "els")
    await desk.say(conversation, "Dag Els, fijn dat je er bent")
    assert (await briefing(desk, conversation)).question == before.message


async def test_holds_the_newest_of_a_long_conversation(desk: Desk) -> None:
    conversation = await desk.create()
    for number in range(60):
        await desk.say(conversation, f"vraag nummer {number} over iets heel anders", wait=None)
    last = await desk.say(conversation, "hoe laat open")
    told = await briefing(desk, conversation)
    assert len(told.attempts) <= 20
    assert told.attempts[-1].message.turn_id == last.turn_id
    assert len(told.summary) == 3


@pytest.mark.parametrize(
    ("conversation_id", "metadata", "code", "reason"),
    [
        ("", callers.agent("els"), grpc.StatusCode.INVALID_ARGUMENT, "FIELD_REQUIRED"),
        ("c/1", callers.agent("els"), grpc.StatusCode.INVALID_ARGUMENT, "FIELD_MALFORMED"),
        ("c" * 129, callers.agent("els"), grpc.StatusCode.INVALID_ARGUMENT, "FIELD_TOO_LONG"),
        ("none", callers.agent("els"), grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"),
        ("own", callers.contact("anna"), grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN"),
        ("own", callers.admin(tenant="acme"), grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"),
    ],
)
async def test_refuses(
    desk: Desk, conversation_id: str, metadata: Any, code: grpc.StatusCode, reason: str
) -> None:
    own = await desk.create("anna")
    named = own.id if conversation_id == "own" else conversation_id
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await desk.stub.GetBriefing(door.GetBriefingRequest(conversation_id=named), metadata=metadata)
    error = error_of(raised.value)
    assert (error.code, error.reason) == (code, reason)
