"""What contacts think of how they were helped: asked once, given once, by a digit or by the RPC, and told to handoff."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from tests.contract.test_gateway_killed import process
from tests.fakes.gateway_desk import Desk, Neighbours, gateway, neighbourhood, settings_for, until

from balie.api.gateway.v1 import conversation_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.client import error_of
from balie.kit.testing import callers

SURVEY = handoff_pb2.RELEASE_REASON_SURVEY
RESOLVED = (handoff_pb2.HANDOFF_STATE_RESOLVED, handoff_pb2.HANDOFF_EVENT_KIND_RESOLVED)
ANSWER = "Elke dag van 9 tot 17 uur."


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with neighbourhood() as around:
        yield around


@pytest.fixture
async def desk(neighbours: Neighbours, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running:
        yield running


def notices(messages: Any) -> list[str]:
    return [conversation_pb2.Notice.Name(message.notice)[7:] for message in messages if message.notice]


async def helped(desk: Desk, *, reason: Any = SURVEY, contact: str = "anna") -> tuple[Any, Any]:
    """Returns a conversation in which a person has helped, and its handoff."""
    conversation = await desk.create(contact)
    handoff = await desk.neighbours.handoff.open(conversation.id)
    await desk.neighbours.handoff.accept(handoff, "els")
    await desk.neighbours.handoff.release(handoff, reason, *RESOLVED)
    return conversation, handoff


async def rate(desk: Desk, conversation: Any, rating: int, metadata: Any = None, **fields: Any) -> Any:
    given = {"conversation_id": conversation.id, "rating": rating, "request_id": uuid4().hex}
    request = door.RateConversationRequest(**(given | fields))
    answer = await desk.stub.RateConversation(request, metadata=metadata or callers.contact("anna"))
    return answer.conversation


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    error = error_of(raised.value)
    return error.code, error.reason


async def heard(neighbours: Neighbours, handoff: Any, rating: int) -> None:
    await neighbours.handoff.until(lambda: handoff.id in neighbours.handoff.ratings)
    assert neighbours.handoff.ratings == {handoff.id: rating}


class TestTheQuestion:
    @pytest.mark.parametrize(
        ("state", "kind"),
        [RESOLVED, (handoff_pb2.HANDOFF_STATE_RELEASED, handoff_pb2.HANDOFF_EVENT_KIND_RELEASED)],
    )
    async def test_is_put_once_after_a_person_has_helped(self, desk: Desk, state: Any, kind: Any) -> None:
        handoffs = desk.neighbours.handoff
        conversation = await desk.create()
        for _ in range(2):
            handoff = await handoffs.open(conversation.id)
            await handoffs.accept(handoff, "els")
            await handoffs.release(handoff, SURVEY, state, kind)
            returned = handoff_pb2.HANDOFF_EVENT_KIND_OWNER_RETURNED
            await handoffs.move(handoff, state, returned)
        other = await desk.create("bob")
        await handoffs.accept(await handoffs.open(other.id), "els")  # what was before is followed by then
        once = ["AGENT_JOINED", "RETURNED_TO_BOT", "SURVEY"]
        messages = await desk.messages(conversation)
        assert notices(messages) == [*once, "AGENT_JOINED", "RETURNED_TO_BOT"]
        assert "1 (helemaal niet) tot 5" in messages[2].text

    async def test_is_put_with_the_return_when_the_end_did_not_say_so(self, desk: Desk) -> None:
        conversation, handoff = await helped(desk, reason=0)
        handoff.release_reason = SURVEY
        returned = handoff_pb2.HANDOFF_EVENT_KIND_OWNER_RETURNED
        await desk.neighbours.handoff.move(handoff, handoff_pb2.HANDOFF_STATE_RESOLVED, returned)

        async def asked() -> bool:
            return notices(await desk.messages(conversation))[-1] == "SURVEY"

        await until(asked)

    async def test_is_not_put_where_it_is_not_asked_or_was_answered_or_the_conversation_is_closed(
        self, desk: Desk
    ) -> None:
        conversation, _ = await helped(desk, reason=0)
        assert notices(await desk.messages(conversation)) == ["AGENT_JOINED", "RETURNED_TO_BOT"]
        await rate(desk, conversation, 4)
        again = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(again, "els")
        await desk.neighbours.handoff.release(again, SURVEY)
        assert "SURVEY" not in notices(await desk.messages(conversation))
        closed = await desk.create("bob")
        handoff = await desk.neighbours.handoff.open(closed.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        await desk.close(closed)
        await desk.neighbours.handoff.until(lambda: handoff.owner_confirmed and handoff.owner_epoch == 3)
        assert notices(await desk.messages(closed)) == ["AGENT_JOINED", "CLOSED"]


class TestADigit:
    async def test_directly_after_the_question_is_the_rating_and_no_turn(self, desk: Desk) -> None:
        conversation, handoff = await helped(desk)
        asked = len(desk.neighbours.nlu.asked)
        sent = await desk.say(conversation, " 4\n", request_id="same")
        assert (sent.turn_id, sent.turn_state, sent.message.turn_id) == ("", 0, "")
        assert notices(sent.replies) == ["RATED"]
        assert await desk.say(conversation, " 4\n", request_id="same") == sent
        assert (await desk.get(conversation)).rating == 4
        await heard(desk.neighbours, handoff, 4)
        messages = await desk.messages(conversation)
        assert notices(messages)[-2:] == ["SURVEY", "RATED"]
        assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
        assert len(desk.neighbours.nlu.asked) == asked
        later = await desk.say(conversation, "4")  # is words again
        assert later.turn_id

    @pytest.mark.parametrize("text", ["6", "0", "55", "5!", "vijf", "٤", "5 sterren"])
    async def test_alone_is_one_and_anything_else_is_a_question(self, desk: Desk, text: str) -> None:
        conversation, _ = await helped(desk)
        assert (await desk.say(conversation, text)).turn_id
        assert (await desk.say(conversation, "5")).turn_id  # not directly after the question any more
        assert not (await desk.get(conversation)).HasField("rating")

    async def test_with_a_file_or_of_the_agent_is_none(self, desk: Desk) -> None:
        conversation, _ = await helped(desk)
        photo = conversation_pb2.Attachment(url="https://files.example/1", media_type="image/jpeg")
        assert (await desk.say(conversation, "5", attachments=[photo])).turn_id

    async def test_that_the_channel_delivers_again_is_the_same(self, desk: Desk) -> None:
        conversation = await desk.create()
        first = await desk.say(conversation, "3", channel_message_id="wamid-1")
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        await desk.neighbours.handoff.release(handoff, SURVEY)
        late = await desk.say(conversation, "3", channel_message_id="wamid-1")  # of long before the question
        assert late.message == first.message
        assert not (await desk.get(conversation)).HasField("rating")
        answers = await asyncio.gather(
            *(desk.say(conversation, "5", channel_message_id="wamid-2") for _ in range(6))
        )
        assert len({answer.message.id for answer in answers}) == 1
        assert all(notices(answer.replies) == ["RATED"] for answer in answers)
        assert notices(await desk.messages(conversation)).count("RATED") == 1

    async def test_on_a_talk_is_accepted_and_thanked_for(self, desk: Desk) -> None:
        conversation, _ = await helped(desk)
        listed = await desk.stub.ListMessages(door.ListMessagesRequest(conversation_id=conversation.id))
        opening = door.WatchConversationRequest(conversation_id=conversation.id, cursor=listed.cursor)
        message = door.SendMessageRequest(text="5", request_id="r-1")
        parts = [door.ConverseRequest(open=opening), door.ConverseRequest(message=message)]
        talk = desk.stub.Converse(iter(parts), metadata=callers.contact("anna"), timeout=20)
        answers = [answer async for answer in talk]
        accepted = [answer.accepted for answer in answers if answer.WhichOneof("part") == "accepted"]
        assert [(one.request_id, one.turn_id) for one in accepted] == [("r-1", "")]
        told = [answer.event.message for answer in answers if answer.event.WhichOneof("event") == "message"]
        assert told[0].text == "5"
        assert notices(told) == ["RATED"]


class TestRateConversation:
    async def test_keeps_and_tells_one_rating(self, desk: Desk) -> None:
        conversation, handoff = await helped(desk, reason=0)
        rated = await rate(desk, conversation, 2, request_id="once")
        assert rated.rating == 2
        assert await rate(desk, conversation, 2, request_id="once") == rated
        assert notices(await desk.messages(conversation))[-1] == "RATED"
        await heard(desk.neighbours, handoff, 2)
        assert await refused(rate(desk, conversation, 3, request_id="once")) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
        )
        rated_before = (grpc.StatusCode.ALREADY_EXISTS, "CONVERSATION_RATED")
        assert await refused(rate(desk, conversation, 2)) == rated_before

    async def test_takes_it_once_from_many_at_once(self, desk: Desk) -> None:
        conversation, handoff = await helped(desk)
        calls = [rate(desk, conversation, number) for number in (1, 2, 3, 4)]
        results = await asyncio.gather(*calls, desk.say(conversation, "5"), return_exceptions=True)
        kept = [one for one in results[:4] if not isinstance(one, BaseException)]
        sent: Any = results[4]
        by_digit = not sent.turn_id
        assert len(kept) + by_digit == 1
        await heard(desk.neighbours, handoff, 5 if by_digit else kept[0].rating)

    async def test_takes_it_for_a_closed_conversation_and_from_a_service(self, desk: Desk) -> None:
        conversation = await desk.create()
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        await desk.close(conversation)
        rated = await rate(desk, conversation, 5, callers.service("survey"))
        assert (rated.rating, rated.state) == (5, conversation_pb2.CONVERSATION_STATE_CLOSED)
        assert notices(await desk.messages(conversation)) == ["AGENT_JOINED", "CLOSED"]
        await heard(desk.neighbours, handoff, 5)

    async def test_refuses_what_no_person_helped_with_or_is_not_theirs(self, desk: Desk) -> None:
        conversation = await desk.create()
        not_ratable = (grpc.StatusCode.FAILED_PRECONDITION, "CONVERSATION_NOT_RATABLE")
        assert await refused(rate(desk, conversation, 5)) == not_ratable
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        assert await refused(rate(desk, conversation, 5)) == not_ratable  # Els is still at it
        missing = (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")
        assert await refused(rate(desk, conversation, 5, callers.contact("bob"))) == missing
        assert await refused(rate(desk, conversation, 5, conversation_id="none")) == missing
        forbidden = (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
        assert await refused(rate(desk, conversation, 5, callers.agent("els"))) == forbidden

    async def test_refuses_what_is_out_of_bounds(self, desk: Desk) -> None:
        conversation = await desk.create()
        for fields, reason in (
            ({"conversation_id": ""}, "FIELD_REQUIRED"),
            ({"conversation_id": "c/1"}, "FIELD_MALFORMED"),
            ({"conversation_id": "c" * 129}, "FIELD_TOO_LONG"),
            ({"rating": 0}, "FIELD_OUT_OF_RANGE"),
            ({"rating": 6}, "FIELD_OUT_OF_RANGE"),
            ({"request_id": ""}, "FIELD_REQUIRED"),
        ):
            given = {"rating": 3} | fields
            call = rate(desk, conversation, given.pop("rating"), **given)  # type: ignore[arg-type]
            assert await refused(call) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


async def test_a_rating_is_told_after_a_kill_while_handoff_was_away(
    neighbours: Neighbours, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(neighbours, database_url, tmp_path)
    async with process(settings, neighbours) as first:
        conversation, handoff = await helped(first.desk)
        await neighbours.handoff_server.stop()
        await first.desk.say(conversation, "1", wait=None)
        await first.kill()
    await neighbours.handoff_server.start()
    async with process(settings, neighbours) as second:
        await heard(neighbours, handoff, 1)
        assert (await second.desk.get(conversation)).rating == 1


async def test_a_rating_that_handoff_refuses_holds_up_nothing(desk: Desk) -> None:
    conversation, handoff = await helped(desk)
    desk.neighbours.handoff.unrateable = {handoff.id}
    await desk.say(conversation, "5")
    other, known = await helped(desk, contact="bob")
    await desk.say(other, "3")
    await heard(desk.neighbours, known, 3)
