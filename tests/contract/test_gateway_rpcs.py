"""Every RPC of the gateway: its result, and each error that the contract names."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from tests.fakes.fake_nlu import understanding
from tests.fakes.gateway_desk import WAIT_SECONDS, Desk, gateway, neighbourhood, settings_for

from balie.api.common.v1 import language_pb2
from balie.api.gateway.v1 import conversation_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.client import CallError, error_of
from balie.kit.testing import callers

OPEN, CLOSED = conversation_pb2.CONVERSATION_STATE_OPEN, conversation_pb2.CONVERSATION_STATE_CLOSED
DONE = conversation_pb2.TURN_STATE_DONE


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        neighbourhood() as neighbours,
        gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running,
    ):
        yield running


async def refusal(call: Any) -> CallError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return error_of(raised.value)


async def refused_with(call: Any) -> tuple[grpc.StatusCode, str]:
    error = await refusal(call)
    assert error.metadata["request_id"]
    return error.code, error.reason


def created(**fields: Any) -> door.CreateConversationRequest:
    given = {"contact_id": "anna", "channel": "web", "request_id": uuid4().hex}
    return door.CreateConversationRequest(**(given | fields))


def message(conversation: Any, **fields: Any) -> door.SendMessageRequest:
    given = {"conversation_id": conversation.id, "text": "hallo", "request_id": uuid4().hex}
    return door.SendMessageRequest(**(given | fields))


class TestCreateConversation:
    async def test_makes_an_open_conversation_owned_by_the_bot(self, desk: Desk) -> None:
        answer = await desk.stub.CreateConversation(created(language="de"))
        conversation = answer.conversation
        assert conversation.contact_id == "anna"
        assert (conversation.channel, conversation.language, conversation.state) == ("web", "de", OPEN)
        assert conversation.owner.kind == conversation_pb2.OWNER_KIND_BOT
        assert (conversation.owner_epoch, conversation.last_seq) == (1, 0)
        assert conversation.create_time == conversation.update_time
        assert await desk.get(conversation) == conversation

    async def test_is_done_once_for_a_request_id(self, desk: Desk) -> None:
        request = created()
        first = await desk.stub.CreateConversation(request)
        await desk.say(first.conversation, "hoe laat open")
        assert await desk.stub.CreateConversation(request) == first
        other = created(request_id=request.request_id, channel="mail")
        assert await refused_with(desk.stub.CreateConversation(other)) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
        )

    async def test_takes_the_contact_from_the_caller(self, desk: Desk) -> None:
        request = created(contact_id="")
        answer = await desk.stub.CreateConversation(request, metadata=callers.contact("bob"))
        assert answer.conversation.contact_id == "bob"
        assert answer.conversation.language == "und"

    async def test_refuses_what_is_out_of_bounds(self, desk: Desk) -> None:
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        create = desk.stub.CreateConversation
        assert await refused_with(create(created(contact_id=""))) == (invalid, "FIELD_REQUIRED")
        assert await refused_with(create(created(channel="w" * 129))) == (invalid, "FIELD_TOO_LONG")
        assert await refused_with(create(created(language="?"))) == (invalid, "FIELD_MALFORMED")
        assert await refused_with(create(created(request_id=""))) == (invalid, "FIELD_REQUIRED")
        assert await refused_with(create(created(request_id="r" * 65))) == (invalid, "FIELD_TOO_LONG")

    @pytest.mark.parametrize("metadata", [callers.contact("bob"), callers.agent("els")])
    async def test_refuses_another_contact_and_agents(self, desk: Desk, metadata: Any) -> None:
        call = desk.stub.CreateConversation(created(), metadata=metadata)
        assert await refused_with(call) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")


class TestContactAttributes:
    async def test_reach_the_router_and_agents_and_not_the_contact(self, desk: Desk) -> None:
        known = {"tier": "gold", "risk": ""}
        made = (await desk.stub.CreateConversation(created(contact_attributes=known))).conversation
        assert dict(made.contact_attributes) == known
        get = door.GetConversationRequest(conversation_id=made.id)
        for caller, shown in ((callers.agent("els"), known), (callers.contact("anna"), {})):
            seen = (await desk.stub.GetConversation(get, metadata=caller)).conversation
            assert dict(seen.contact_attributes) == shown
            listed = await desk.stub.ListConversations(door.ListConversationsRequest(), metadata=caller)
            assert [dict(one.contact_attributes) for one in listed.conversations] == [shown]
        await desk.say(made, "hoe laat open")
        assert dict(desk.neighbours.handoff.routed[-1].contact_attributes) == known
        closed = await desk.stub.CloseConversation(
            door.CloseConversationRequest(conversation_id=made.id, request_id="bye"),
            metadata=callers.contact("anna"),
        )
        assert not closed.conversation.contact_attributes

    async def test_are_bounded_and_not_the_contacts_to_set(self, desk: Desk) -> None:
        create = desk.stub.CreateConversation
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        for held, reason in (
            ({f"a{number}": "b" for number in range(21)}, "TOO_MANY_ITEMS"),
            ({"": "b"}, "FIELD_REQUIRED"),
            ({"a" * 65: "b"}, "FIELD_TOO_LONG"),
            ({"a": "b" * 257}, "FIELD_TOO_LONG"),
        ):
            assert await refused_with(create(created(contact_attributes=held))) == (invalid, reason)
        by_contact = create(created(contact_attributes={"tier": "gold"}), metadata=callers.contact("anna"))
        assert await refused_with(by_contact) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")


async def test_the_router_hears_of_files_and_of_the_same_words_again(desk: Desk) -> None:
    conversation = await desk.create()
    photo = conversation_pb2.Attachment(url="https://files.example/1", media_type="image/jpeg")
    for text in ("Hoe laat open", "hoe  laat OPEN", "hoe laat open", "iets anders", "hoe laat open"):
        await desk.say(conversation, text)
    await desk.say(conversation, "", attachments=[photo, photo])
    await desk.say(conversation, "", attachments=[photo])
    routed = desk.neighbours.handoff.routed
    assert [one.history.same_message_in_a_row for one in routed] == [0, 1, 2, 0, 0, 0, 0]
    assert [one.attachment_count for one in routed] == [0, 0, 0, 0, 0, 2, 1]


async def test_a_silent_decision_says_nothing(desk: Desk) -> None:
    conversation = await desk.create()
    await desk.say(conversation, "hoe laat open")
    before = await desk.messages(conversation)
    silent = handoff_pb2.Decision(
        kind=handoff_pb2.DECISION_KIND_ESCALATE,
        silent=True,
        reasons=[handoff_pb2.Reason(code=handoff_pb2.REASON_CODE_MESSAGE_REPEATED)],
    )
    desk.neighbours.handoff.decide = lambda _: silent
    sent = await desk.say(conversation, "hoe laat open", wait=None)
    turn = await desk.ended_turn(sent.turn_id)
    assert (turn.decision.silent, list(turn.reply_message_ids)) == (True, [])
    assert [one.text for one in (await desk.messages(conversation))[len(before) :]] == ["hoe laat open"]


class TestGetConversation:
    async def test_shows_a_contact_their_own_alone(self, desk: Desk) -> None:
        conversation = await desk.create("anna")
        request = door.GetConversationRequest(conversation_id=conversation.id)
        own = await desk.stub.GetConversation(request, metadata=callers.contact("anna"))
        assert own.conversation == conversation
        missing = (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")
        get = desk.stub.GetConversation
        assert await refused_with(get(request, metadata=callers.contact("bob"))) == missing
        assert await refused_with(get(request, metadata=callers.admin(tenant="acme"))) == missing
        assert await refused_with(get(door.GetConversationRequest(conversation_id="none"))) == missing

    async def test_refuses_what_is_out_of_bounds(self, desk: Desk) -> None:
        for conversation_id, reason in (
            ("", "FIELD_REQUIRED"),
            ("c/1", "FIELD_MALFORMED"),
            ("c" * 129, "FIELD_TOO_LONG"),
        ):
            request = door.GetConversationRequest(conversation_id=conversation_id)
            error = await refusal(desk.stub.GetConversation(request))
            assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
            assert error.metadata["field"] == "conversation_id"


class TestListConversations:
    async def list(self, desk: Desk, metadata: Any = None, **fields: Any) -> Any:
        return await desk.stub.ListConversations(door.ListConversationsRequest(**fields), metadata=metadata)

    async def test_lists_the_newest_first_by_pages(self, desk: Desk) -> None:
        made = [await desk.create(f"contact-{number}") for number in range(5)]
        wanted = [conversation.id for conversation in reversed(made)]
        found: list[str] = []
        token = ""
        while True:
            page = await self.list(desk, page_size=2, page_token=token)
            found += [conversation.id for conversation in page.conversations]
            token = page.next_page_token
            if not token:
                break
            assert len(page.conversations) == 2
        assert found == wanted

    async def test_keeps_those_that_fit_the_filters(self, desk: Desk) -> None:
        anna, bob = await desk.create("anna"), await desk.create("bob")
        await desk.close(bob)
        await desk.neighbours.handoff.accept(await desk.neighbours.handoff.open(anna.id), "els")

        async def ids(**fields: Any) -> list[str]:
            return [one.id for one in (await self.list(desk, **fields)).conversations]

        assert await ids(contact_id="anna") == [anna.id]
        assert await ids(agent_id="els") == [anna.id]
        assert await ids(state=CLOSED) == [bob.id]
        assert await ids(state=OPEN, contact_id="bob") == []

    async def test_shows_a_contact_their_own_alone(self, desk: Desk) -> None:
        anna, _ = await desk.create("anna"), await desk.create("bob")
        own = await self.list(desk, callers.contact("anna"))
        assert [one.id for one in own.conversations] == [anna.id]
        assert not (await self.list(desk, callers.contact("anna"), contact_id="bob")).conversations
        assert not (await self.list(desk, callers.admin(tenant="acme"))).conversations

    async def test_refuses_what_is_out_of_bounds(self, desk: Desk) -> None:
        for fields, reason in (
            ({"contact_id": "?"}, "FIELD_MALFORMED"),
            ({"agent_id": "a" * 129}, "FIELD_TOO_LONG"),
            ({"page_size": 0}, "FIELD_OUT_OF_RANGE"),
            ({"state": 77}, "FIELD_UNKNOWN_VALUE"),
            ({"page_token": "?"}, "CURSOR_MALFORMED"),
        ):
            assert await refused_with(self.list(desk, **fields)) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                reason,
            )


class TestSendMessage:
    async def test_returns_the_stored_message_and_the_replies(self, desk: Desk) -> None:
        conversation = await desk.create()
        answer = await desk.say(conversation, "hoe laat open", channel_message_id="wamid-1")
        stored = answer.message
        assert (stored.seq, stored.author, stored.author_id) == (1, conversation_pb2.AUTHOR_CONTACT, "anna")
        assert (stored.text, stored.channel_message_id) == ("hoe laat open", "wamid-1")
        assert stored.turn_id == answer.turn_id
        (reply,) = answer.replies
        assert (reply.seq, reply.author, reply.ordinal) == (2, conversation_pb2.AUTHOR_BOT, 1)
        assert reply.text == "Elke dag van 9 tot 17 uur."
        assert (reply.turn_id, reply.language, reply.owner_epoch) == (answer.turn_id, "nl", 1)
        assert reply.answer_id.startswith("hours-")
        assert answer.turn_state == DONE
        assert await desk.messages(conversation) == [stored, reply]
        assert (await desk.get(conversation)).last_seq == 2

    async def test_returns_at_once_without_a_wait(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        conversation = await desk.create()
        answer = await desk.say(conversation, "hoe laat open", wait=None)
        assert not answer.replies
        assert answer.turn_state in (conversation_pb2.TURN_STATE_PENDING, conversation_pb2.TURN_STATE_WORKING)
        desk.neighbours.nlu.gate.set()
        assert (await desk.ended_turn(answer.turn_id)).state == DONE

    async def test_waits_no_longer_than_asked_and_the_turn_goes_on(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        conversation = await desk.create()
        answer = await desk.say(conversation, "hoe laat open", wait=0.05)
        assert not answer.replies
        assert answer.turn_state == conversation_pb2.TURN_STATE_WORKING
        desk.neighbours.nlu.gate.set()
        await desk.ended_turn(answer.turn_id)
        assert len(await desk.messages(conversation)) == 2

    async def test_waits_no_longer_than_the_deadline_allows(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        conversation = await desk.create()
        request = message(conversation, wait_for_reply=Duration(seconds=60))
        answer = await desk.stub.SendMessage(request, metadata=callers.contact("anna"), timeout=2)
        assert answer.turn_state == conversation_pb2.TURN_STATE_WORKING
        desk.neighbours.nlu.gate.set()

    async def test_a_turn_goes_on_when_the_caller_leaves(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        conversation = await desk.create()
        call = desk.stub.SendMessage(
            message(conversation, text="hoe laat open", wait_for_reply=Duration(seconds=60)),
            metadata=callers.contact("anna"),
            timeout=WAIT_SECONDS,
        )
        while not desk.neighbours.nlu.asked:
            await asyncio.sleep(0.01)
        call.cancel()
        desk.neighbours.nlu.gate.set()
        (sent,) = await desk.messages(conversation)
        await desk.ended_turn(sent.turn_id)
        assert [one.text for one in await desk.messages(conversation)][1:] == ["Elke dag van 9 tot 17 uur."]

    async def test_takes_files_and_asks_a_person_about_them(self, desk: Desk) -> None:
        conversation = await desk.create()
        image = conversation_pb2.Attachment(
            url="https://files.example/a.jpg", media_type="image/jpeg", name="a.jpg", size_bytes=7
        )
        answer = await desk.say(conversation, "", attachments=[image])
        assert list(answer.message.attachments) == [image]
        assert [reply.notice for reply in answer.replies] == [conversation_pb2.NOTICE_WAITING]
        assert not desk.neighbours.nlu.asked

    async def test_takes_an_agents_words_while_they_own_the_conversation(self, desk: Desk) -> None:
        conversation = await desk.create()
        assert await refused_with(desk.say_as_agent(conversation, "els", "hallo")) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "NOT_OWNER",
        )
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        answer = await desk.say_as_agent(conversation, "els", "Hallo, met Els.")
        assert (answer.message.author, answer.message.author_id) == (conversation_pb2.AUTHOR_AGENT, "els")
        assert (answer.turn_id, answer.message.turn_id, answer.turn_state) == ("", "", 0)
        error = await refusal(desk.say_as_agent(conversation, "jan", "ik ook"))
        assert (error.reason, error.metadata["owner"]) == ("NOT_OWNER", "agent:els")

    @pytest.mark.parametrize("metadata", [None, callers.service("crm")])
    async def test_refuses_callers_who_speak_for_nobody(self, desk: Desk, metadata: Any) -> None:
        conversation = await desk.create()
        error = await refusal(desk.stub.SendMessage(message(conversation), metadata=metadata))
        assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
        assert "balie-act-as" in error.message

    async def test_refuses_what_cannot_be_sent(self, desk: Desk) -> None:
        conversation = await desk.create()
        send, anna = desk.stub.SendMessage, callers.contact("anna")

        async def refused(metadata: Any = anna, **fields: Any) -> tuple[grpc.StatusCode, str]:
            return await refused_with(send(message(conversation, **fields), metadata=metadata))

        invalid, absent = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
        assert await refused(text=" ") == (invalid, "FIELD_REQUIRED")
        assert await refused(text="x" * 4097) == (invalid, "FIELD_TOO_LONG")
        assert await refused(text="a\0") == (invalid, "FIELD_MALFORMED")
        assert await refused(wait_for_reply=Duration(seconds=61)) == (invalid, "FIELD_OUT_OF_RANGE")
        assert await refused(attachments=[conversation_pb2.Attachment()] * 11) == (invalid, "TOO_MANY_ITEMS")
        assert await refused(request_id="") == (invalid, "FIELD_REQUIRED")
        assert await refused(conversation_id="none") == (absent, "CONVERSATION_NOT_FOUND")
        assert await refused(callers.contact("bob")) == (absent, "CONVERSATION_NOT_FOUND")
        assert await refused(callers.contact("anna", tenant="acme")) == (absent, "CONVERSATION_NOT_FOUND")
        assert await desk.messages(conversation) == []

    async def test_refuses_another_message_with_the_same_request_id(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.say(conversation, "hoe laat open", request_id="r-1")
        assert await refused_with(desk.say(conversation, "iets anders", request_id="r-1")) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
        )

    async def test_refuses_messages_in_a_closed_conversation(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.close(conversation)
        assert await refused_with(desk.say(conversation, "nog iets")) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CONVERSATION_CLOSED",
        )


class TestListMessages:
    async def list(self, desk: Desk, metadata: Any = None, **fields: Any) -> Any:
        return await desk.stub.ListMessages(door.ListMessagesRequest(**fields), metadata=metadata)

    async def test_lists_by_seq_in_pages(self, desk: Desk) -> None:
        conversation = await desk.create()
        for _ in range(3):
            await desk.say(conversation, "hoe laat open")
        first = await self.list(desk, conversation_id=conversation.id, page_size=4)
        assert ([one.seq for one in first.messages], first.more) == ([1, 2, 3, 4], True)
        rest = await self.list(desk, conversation_id=conversation.id, page_size=4, after_seq=4)
        assert ([one.seq for one in rest.messages], rest.more) == ([5, 6], False)
        own = await self.list(desk, callers.contact("anna"), conversation_id=conversation.id)
        assert len(own.messages) == 6

    async def test_refuses_what_is_out_of_bounds_or_not_the_callers(self, desk: Desk) -> None:
        conversation = await desk.create()
        invalid, absent = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
        known = {"conversation_id": conversation.id}
        assert await refused_with(self.list(desk)) == (invalid, "FIELD_REQUIRED")
        assert await refused_with(self.list(desk, conversation_id="?")) == (invalid, "FIELD_MALFORMED")
        assert await refused_with(self.list(desk, **known, after_seq=-1)) == (invalid, "FIELD_OUT_OF_RANGE")
        assert await refused_with(self.list(desk, **known, page_size=501)) == (invalid, "FIELD_OUT_OF_RANGE")
        assert await refused_with(self.list(desk, callers.contact("bob"), **known)) == (
            absent,
            "CONVERSATION_NOT_FOUND",
        )


class TestGetTurn:
    async def test_explains_what_was_done(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        conversation = await desk.create()
        answer = await desk.say(conversation, "hoe laat open")
        turn = await desk.turn(answer.turn_id)
        assert (turn.message_id, turn.message_seq, turn.state) == (answer.message.id, 1, DONE)
        assert (turn.attempts, turn.owner_epoch) == (1, 1)
        assert turn.understanding.model_version == "model-7"
        assert not turn.understanding.HasField("embedding")
        assert [one.entry_id for one in turn.answers] == ["hours", "price"]
        assert turn.decision.kind == handoff_pb2.DECISION_KIND_ANSWER
        assert turn.decision.reasons[0].code == handoff_pb2.REASON_CODE_FAQ_ANSWER
        assert list(turn.reply_message_ids) == [reply.id for reply in answer.replies]
        assert [one.stage for one in turn.timings] == ["queue", "analyze", "search", "route", "append"]
        assert all(one.ok for one in turn.timings)
        assert (turn.versions.model, turn.versions.policy) == ("model-7", "fake-policy")
        assert (turn.versions.index_generation, turn.versions.encoder_fingerprint) == (12, "fake")
        assert turn.versions.follow_ups.startswith("1-")
        assert turn.end_time.ToNanoseconds() > turn.create_time.ToNanoseconds()
        assert not turn.HasField("next_attempt_time")
        assert neighbours.nlu.asked[0].want_embedding
        assert neighbours.faq.asked[0].embedding.fingerprint == "fake"

    async def test_the_signals_reach_the_router_and_the_explanation(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        neighbours.nlu.said["waar blijft het!!!"] = understanding(
            frustration=language_pb2.FRUSTRATION_STRONG, signs=[language_pb2.FRUSTRATION_SIGN_NO_REPLY]
        )
        answer = await desk.say(await desk.create(), "waar blijft het!!!")
        routed = neighbours.handoff.routed[-1].understanding.signals
        assert routed.frustration == language_pb2.FRUSTRATION_STRONG
        assert (await desk.turn(answer.turn_id)).understanding.signals == routed

    async def test_is_not_for_contacts_and_says_when_there_is_none(self, desk: Desk) -> None:
        answer = await desk.say(await desk.create(), "hoe laat open")
        get = desk.stub.GetTurn
        request = door.GetTurnRequest(turn_id=answer.turn_id)
        forbidden = (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
        absent = (grpc.StatusCode.NOT_FOUND, "TURN_NOT_FOUND")
        assert await refused_with(get(request, metadata=callers.contact("anna"))) == forbidden
        assert await refused_with(get(request, metadata=callers.agent("els", tenant="acme"))) == absent
        assert await refused_with(get(door.GetTurnRequest(turn_id="none"))) == absent
        assert (await refused_with(get(door.GetTurnRequest())))[1] == "FIELD_REQUIRED"
        assert (await refused_with(get(door.GetTurnRequest(turn_id="?"))))[1] == "FIELD_MALFORMED"
        assert (await get(request, metadata=callers.agent("els"))).turn.id == answer.turn_id


class TestCloseConversation:
    async def test_says_so_and_takes_no_more(self, desk: Desk) -> None:
        conversation = await desk.create()
        closed = await desk.close(conversation, request_id="close-1")
        assert closed.state == CLOSED
        (last,) = await desk.messages(conversation)
        assert (last.author, last.notice) == (conversation_pb2.AUTHOR_SYSTEM, conversation_pb2.NOTICE_CLOSED)
        assert await desk.close(conversation, request_id="close-1") == closed
        assert len(await desk.messages(conversation)) == 1

    async def test_refuses_what_was_closed_before_and_what_is_not_there(self, desk: Desk) -> None:
        conversation, other = await desk.create(), await desk.create()
        await desk.close(conversation, request_id="close-1")
        close = desk.stub.CloseConversation
        assert await refused_with(desk.close(conversation)) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CONVERSATION_CLOSED",
        )
        assert await refused_with(desk.close(other, request_id="close-1")) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
        )
        request = door.CloseConversationRequest(conversation_id=other.id, request_id="close-2")
        assert await refused_with(close(request, metadata=callers.contact("bob"))) == (
            grpc.StatusCode.NOT_FOUND,
            "CONVERSATION_NOT_FOUND",
        )
        assert (await refused_with(close(door.CloseConversationRequest(request_id="r"))))[
            1
        ] == "FIELD_REQUIRED"
        assert (await refused_with(close(door.CloseConversationRequest(conversation_id="c"))))[
            1
        ] == "FIELD_REQUIRED"
        assert (await desk.get(other)).state == OPEN

    async def test_ends_open_turns_without_a_reply(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        conversation = await desk.create()
        sent = [await desk.say(conversation, "hoe laat open", wait=None) for _ in range(3)]
        while not desk.neighbours.nlu.asked:
            await asyncio.sleep(0.01)
        await desk.close(conversation)
        desk.neighbours.nlu.gate.set()
        for one in sent:
            assert (await desk.ended_turn(one.turn_id)).state == conversation_pb2.TURN_STATE_SUPERSEDED
        later = await desk.create("bob")
        await desk.say(later, "hoe laat open")  # whatever was at work has come to its end
        assert [one.notice for one in await desk.messages(conversation)][3:] == [
            conversation_pb2.NOTICE_CLOSED
        ]

    async def test_withdraws_the_handoff_that_is_open(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.say(conversation, "???")
        handoff = desk.neighbours.handoff.open_handoff(conversation.id)
        assert handoff is not None
        await desk.close(conversation)
        await desk.neighbours.handoff.until(lambda: handoff.state == handoff_pb2.HANDOFF_STATE_CANCELLED)

    async def test_ends_the_handoff_that_an_agent_has(self, desk: Desk) -> None:
        conversation = await desk.create()
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        await desk.close(conversation)
        await desk.neighbours.handoff.until(lambda: handoff.owner_confirmed and handoff.outcome != "")
        assert handoff.outcome == "conversation_closed"
        assert (await desk.messages(conversation))[-1].notice == conversation_pb2.NOTICE_CLOSED


class TestTurns:
    async def test_asks_back_with_options_and_remembers_that_it_did(self, desk: Desk) -> None:
        desk.neighbours.faq.finds["wat kost het"] = [("price", 0.45), ("dogs", 0.4)]
        conversation = await desk.create()
        first = await desk.say(conversation, "wat kost het")
        (asked,) = first.replies
        assert asked.author == conversation_pb2.AUTHOR_BOT
        assert [(one.title, one.entry_id) for one in asked.options] == [
            ("Wat kost een kaartje?", "price"),
            ("Mag mijn hond mee?", "dogs"),
        ]
        second = await desk.say(conversation, "wat kost het")
        assert [one.notice for one in second.replies] == [conversation_pb2.NOTICE_WAITING]
        histories = [
            (one.history.clarified_in_a_row, one.history.bot_replies)
            for one in desk.neighbours.handoff.routed
        ]
        assert histories == [(0, 0), (1, 1)]

    async def test_an_intent_points_at_its_entry_without_taking_the_searchs_place(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        neighbours.nlu.said["open?"] = understanding(language_pb2.VERDICT_MATCH, "opening_hours")
        neighbours.faq.finds["open?"] = [("dogs", 0.3)]
        answer = await desk.say(await desk.create(), "open?")
        assert [one.text for one in answer.replies] == ["Elke dag van 9 tot 17 uur."]
        searched, pointed_at = neighbours.faq.asked
        assert (searched.text, list(searched.entry_ids)) == ("open?", [])
        assert (pointed_at.text, list(pointed_at.entry_ids)) == ("", ["hours"])
        (case,) = neighbours.handoff.routed
        assert [(one.entry_id, one.pinned) for one in case.answers.candidates] == [
            ("dogs", False),
            ("hours", True),
        ]
        assert case.follow_ups[0].faq_entry_id == "hours"

    async def test_calls_carry_tenant_identity_and_the_turns_id(self, desk: Desk) -> None:
        conversation = await desk.create(tenant="acme")
        answer = await desk.say(conversation, "hoe laat open", tenant="acme")
        (metadata,) = desk.neighbours.nlu.metadata
        assert metadata["balie-tenant"] == "acme"
        assert metadata["balie-act-as"] == "service:gateway"
        assert metadata["balie-request-id"] == answer.turn_id

    async def test_what_a_customer_asks_is_remembered_once_for_each_turn(self, desk: Desk) -> None:
        neighbours = desk.neighbours
        neighbours.nlu.said["open?"] = understanding(language_pb2.VERDICT_MATCH, "opening_hours")
        answer = await desk.say(await desk.create(), "open?")
        assert [asked.remember for asked in neighbours.faq.asked] == [True, False]  # the second has no text
        assert {metadata["balie-request-id"] for metadata in neighbours.faq.metadata} == {answer.turn_id}

    async def test_the_conversation_takes_the_contacts_language(self, desk: Desk) -> None:
        desk.neighbours.nlu.said["hello"] = understanding(
            language_pb2.VERDICT_MATCH, "greeting", language="en"
        )
        conversation = await desk.create(language="nl")
        answer = await desk.say(conversation, "hello")
        assert [(one.text, one.language) for one in answer.replies] == [("Hello!", "en")]
        assert (await desk.get(conversation)).language == "en"
