"""The gateway's streams: watching a conversation, and talking both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from tests.fakes.gateway_desk import (
    WAIT_SECONDS,
    Desk,
    Neighbours,
    gateway,
    neighbourhood,
    settings_for,
    until,
)

from balie.api.gateway.v1 import conversation_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.client import CallError, error_of
from balie.kit.eventlog import encode_cursor
from balie.kit.testing import callers

DONE = conversation_pb2.TURN_STATE_DONE
ANSWER = "Elke dag van 9 tot 17 uur."


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with neighbourhood() as around:
        yield around


@pytest.fixture
async def desk(neighbours: Neighbours, database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(settings_for(neighbours, database_url, tmp_path), neighbours) as running:
        yield running


def kinds(events: list[Any]) -> list[str]:
    return [event.WhichOneof("event") for event in events]


@asynccontextmanager
async def watched(
    desk: Desk, conversation: Any, *, cursor: str = "", metadata: Any = None
) -> AsyncIterator[Any]:
    """Yields a watch; it is cancelled at the end."""
    request = door.WatchConversationRequest(conversation_id=conversation.id, cursor=cursor)
    call = desk.stub.WatchConversation(request, metadata=metadata)
    try:
        yield call
    finally:
        call.cancel()


async def take(call: Any, count: int) -> list[Any]:
    """Returns the next events of a watch."""
    async with asyncio.timeout(WAIT_SECONDS):
        return [(await call.read()).event for _ in range(count)]


async def rest(call: Any) -> list[Any]:
    """Returns the events of a watch until it ends."""
    async with asyncio.timeout(WAIT_SECONDS):
        return [answer.event async for answer in call]


async def refusal(call: Any) -> CallError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rest(call)
    return error_of(raised.value)


class TestWatchConversation:
    async def test_tells_what_happened_and_then_what_happens(self, desk: Desk) -> None:
        conversation = await desk.create()
        before = await desk.say(conversation, "hoe laat open")
        async with watched(desk, conversation, metadata=callers.contact("anna")) as call:
            asked, replied, ended = await take(call, 3)
            assert kinds([asked, replied, ended]) == ["message", "message", "turn_changed"]
            assert asked.message == before.message
            assert replied.message == before.replies[0]
            assert (ended.turn_changed.turn_id, ended.turn_changed.state) == (before.turn_id, DONE)
            after = await desk.say(conversation, "hoe laat open")
            live = await take(call, 3)
            assert live[0].message == after.message
            ids = [event.event_id for event in (asked, replied, ended, *live)]
            assert len(set(ids)) == 6

    async def test_misses_nothing_after_a_reconnect(self, desk: Desk) -> None:
        conversation = await desk.create()
        for _ in range(4):
            await desk.say(conversation, "hoe laat open")
        async with watched(desk, conversation) as call:
            whole = await take(call, 12)
        for number, event in enumerate(whole):
            async with watched(desk, conversation, cursor=event.cursor) as call:
                assert await take(call, len(whole) - number - 1) == whole[number + 1 :]

    async def test_continues_from_the_snapshot_of_a_list(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.say(conversation, "hoe laat open")
        listed = await desk.stub.ListMessages(door.ListMessagesRequest(conversation_id=conversation.id))
        async with watched(desk, conversation, cursor=listed.cursor) as call:
            sent = await desk.say(conversation, "hoe laat open", wait=None)
            (event,) = await take(call, 1)
            assert event.message == sent.message

    async def test_tells_of_owners_and_handoffs(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.say(conversation, "???")
        handoff = desk.neighbours.handoff.open_handoff(conversation.id)
        assert handoff is not None
        await desk.neighbours.handoff.accept(handoff, "els")
        async with watched(desk, conversation) as call:
            events = await take(call, 8)
        # The handoff may be heard of before the reply that announces it is on disk.
        assert sorted(kinds(events[:4])) == ["handoff_changed", "message", "message", "turn_changed"]
        assert kinds(events[4:]) == ["owner_changed", "message", "handoff_changed", "handoff_changed"]
        assert (events[4].owner_changed.owner.agent_id, events[4].owner_changed.owner_epoch) == ("els", 2)
        moves = [event.handoff_changed for event in events if event.HasField("handoff_changed")]
        assert [(move.handoff_id, move.position) for move in moves] == [
            (handoff.id, 1),
            (handoff.id, 0),
            (handoff.id, 0),
        ]
        assert [move.state for move in moves] == [
            handoff_pb2.HANDOFF_STATE_QUEUED,
            handoff_pb2.HANDOFF_STATE_RESERVED,
            handoff_pb2.HANDOFF_STATE_ACCEPTED,
        ]

    async def test_ends_once_the_conversation_is_closed(self, desk: Desk) -> None:
        conversation = await desk.create()
        async with watched(desk, conversation) as call:
            await desk.say(conversation, "hoe laat open")
            await desk.close(conversation)
            events = await rest(call)
        assert kinds(events) == ["message", "message", "turn_changed", "message", "closed"]
        async with watched(desk, conversation) as call:
            assert await rest(call) == events
        async with watched(desk, conversation, cursor=events[-1].cursor) as call:
            assert await rest(call) == []

    async def test_refuses_what_cannot_be_watched(self, desk: Desk) -> None:
        conversation, other = await desk.create("anna"), await desk.create("bob")
        watch = desk.stub.WatchConversation
        cases = [
            ("", "", None, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_REQUIRED"),
            ("?", "", None, grpc.StatusCode.INVALID_ARGUMENT, "FIELD_MALFORMED"),
            (conversation.id, "?", None, grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_MALFORMED"),
            ("none", "", None, grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"),
            (other.id, "", callers.contact("anna"), grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"),
        ]
        beyond = encode_cursor(f"conversation/{conversation.id}", 99)
        cases.append((conversation.id, beyond, None, grpc.StatusCode.OUT_OF_RANGE, "CURSOR_EXPIRED"))
        of_other = encode_cursor(f"conversation/{other.id}", 0)
        cases.append((conversation.id, of_other, None, grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_MALFORMED"))
        for conversation_id, cursor, metadata, code, reason in cases:
            request = door.WatchConversationRequest(conversation_id=conversation_id, cursor=cursor)
            error = await refusal(watch(request, metadata=metadata, timeout=WAIT_SECONDS))
            assert (error.code, error.reason) == (code, reason)

    @pytest.mark.postgres
    async def test_hears_what_another_replica_wrote(
        self, neighbours: Neighbours, postgresql_url: str, tmp_path: Path
    ) -> None:
        settings = settings_for(neighbours, postgresql_url, tmp_path)
        async with gateway(settings, neighbours) as one, gateway(settings, neighbours) as other:
            conversation = await one.create()
            async with watched(other, conversation) as call:
                answer = await one.say(conversation, "hoe laat open")
                asked, replied, _ = await take(call, 3)
                assert [asked.message, replied.message] == [answer.message, answer.replies[0]]


class Talk:
    """A two-way stream as a client has it."""

    def __init__(self, desk: Desk, metadata: Any) -> None:
        self.call = desk.stub.Converse(metadata=metadata)

    async def create(self, contact: str = "anna", **fields: Any) -> Any:
        """Opens the stream with a new conversation."""
        request = door.CreateConversationRequest(
            contact_id=contact, channel="web", language="nl", request_id=uuid4().hex, **fields
        )
        await self.call.write(door.ConverseRequest(create=request))
        return (await self.read()).opened

    async def open(self, conversation_id: str, cursor: str = "") -> None:
        """Opens the stream on a conversation there is."""
        request = door.WatchConversationRequest(conversation_id=conversation_id, cursor=cursor)
        await self.call.write(door.ConverseRequest(open=request))

    async def send(self, text: str, request_id: str = "", **fields: Any) -> None:
        """Sends a message."""
        request = door.SendMessageRequest(text=text, request_id=request_id or uuid4().hex, **fields)
        await self.call.write(door.ConverseRequest(message=request))

    async def read(self) -> Any:
        """Returns the next answer."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.call.read()

    async def rest(self) -> list[Any]:
        """Returns all answers until the stream ends."""
        found = []
        while (answer := await self.read()) is not grpc.aio.EOF:
            found.append(answer)
        return found

    async def error(self) -> CallError:
        """Returns what the stream ended with."""
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await self.rest()
        return error_of(raised.value)


@asynccontextmanager
async def talk(desk: Desk, metadata: Any = callers.contact("anna")) -> AsyncIterator[Talk]:  # noqa: B008
    opened = Talk(desk, metadata)
    try:
        yield opened
    finally:
        opened.call.cancel()


def words(answers: list[Any]) -> list[str]:
    return [answer.event.message.text for answer in answers if answer.event.HasField("message")]


class TestConverse:
    async def test_answers_each_message_and_tells_what_happens(self, desk: Desk) -> None:
        async with talk(desk) as line:
            conversation = await line.create()
            assert (conversation.contact_id, conversation.owner_epoch) == ("anna", 1)
            await line.send("hoe laat open", "r-1")
            await line.send("hoe laat open", "r-2", conversation_id=conversation.id)
            await line.call.done_writing()
            answers = await line.rest()
        accepted = [answer.accepted for answer in answers if answer.HasField("accepted")]
        assert [(one.request_id, one.seq > 0) for one in accepted] == [("r-1", True), ("r-2", True)]
        assert words(answers).count(ANSWER) == 2
        ended = [
            answer.event.turn_changed.turn_id
            for answer in answers
            if answer.event.HasField("turn_changed") and answer.event.turn_changed.state == DONE
        ]
        assert ended == [one.turn_id for one in sorted(accepted, key=lambda one: one.seq)]
        assert (await line.call.code()) == grpc.StatusCode.OK

    async def test_stays_open_after_half_close_until_its_turns_have_ended(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        async with talk(desk) as line:
            await line.create()
            await line.send("hoe laat open")
            await line.call.done_writing()
            first = [await line.read() for _ in range(2)]
            reading = asyncio.create_task(line.rest())
            await asyncio.sleep(0.2)
            assert not reading.done()
            desk.neighbours.nlu.gate.set()
            assert ANSWER in words(first + await reading)

    async def test_opens_a_conversation_from_a_cursor(self, desk: Desk) -> None:
        conversation = await desk.create()
        await desk.say(conversation, "hoe laat open")
        listed = await desk.stub.ListMessages(door.ListMessagesRequest(conversation_id=conversation.id))
        async with talk(desk) as line:
            await line.open(conversation.id, listed.cursor)
            assert (await line.read()).opened.last_seq == 2
            await line.send("???")
            await line.call.done_writing()
            answers = await line.rest()
        assert words(answers)[0] == "???"

    async def test_refuses_a_message_and_goes_on(self, desk: Desk) -> None:
        other = await desk.create("bob")
        async with talk(desk) as line:
            await line.create()
            await line.send("x" * 4097, "long")
            await line.send(" ", "blank")
            await line.send("hallo", "elsewhere", conversation_id=other.id)
            await line.send("hoe laat open", "good")
            await line.send("iets anders", "good")
            await line.call.done_writing()
            answers = await line.rest()
        refused = {
            answer.refused.request_id: answer.refused.reason
            for answer in answers
            if answer.HasField("refused")
        }
        assert refused == {
            "long": "FIELD_TOO_LONG",
            "blank": "FIELD_REQUIRED",
            "elsewhere": "CONVERSATION_NOT_FOUND",
            "good": "REQUEST_ID_REUSED",
        }
        assert words(answers)[-1] == ANSWER

    async def test_a_request_id_means_the_same_on_a_stream_and_off_it(self, desk: Desk) -> None:
        async with talk(desk) as line:
            conversation = await line.create()
            await line.send("hoe laat open", "same")
            accepted = await line.read()
            while not accepted.HasField("accepted"):
                accepted = await line.read()
        again = await desk.say(conversation, "hoe laat open", request_id="same")
        assert again.message.id == accepted.accepted.message_id
        assert len(await desk.messages(conversation)) == 2

    async def test_an_agent_talks_too(self, desk: Desk) -> None:
        conversation = await desk.create()
        handoff = await desk.neighbours.handoff.open(conversation.id)
        await desk.neighbours.handoff.accept(handoff, "els")
        async with talk(desk, callers.agent("els")) as line:
            await line.open(conversation.id)
            await line.send("Hallo, met Els.")
            await line.call.done_writing()
            answers = await line.rest()
        assert words(answers)[-1] == "Hallo, met Els."

    async def test_ends_once_the_conversation_is_closed(self, desk: Desk) -> None:
        async with talk(desk) as line:
            conversation = await line.create()
            await desk.close(conversation)
            answers = await line.rest()
        assert answers[-1].event.HasField("closed")

    async def test_ends_a_stream_that_is_out_of_order(self, desk: Desk) -> None:
        async with talk(desk) as line:
            await line.send("hallo")
            error = await line.error()
            assert (error.code, error.reason) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "STREAM_OUT_OF_ORDER",
            )
        async with talk(desk) as line:
            conversation = await line.create()
            await line.open(conversation.id)
            assert (await line.error()).metadata["expected"] == "message"
        async with talk(desk) as line:
            await line.call.done_writing()
            assert (await line.error()).reason == "STREAM_OUT_OF_ORDER"
        async with talk(desk) as line:
            await line.call.write(door.ConverseRequest())
            assert (await line.error()).reason == "STREAM_OUT_OF_ORDER"

    async def test_refuses_an_opening_out_of_bounds_or_not_the_callers(self, desk: Desk) -> None:
        other = await desk.create("bob")
        for conversation_id, cursor, reason in (
            ("", "", "FIELD_REQUIRED"),
            ("?", "", "FIELD_MALFORMED"),
            (other.id, "", "CONVERSATION_NOT_FOUND"),
        ):
            async with talk(desk) as line:
                await line.open(conversation_id, cursor)
                assert (await line.error()).reason == reason
        async with talk(desk, callers.contact("bob")) as line:
            await line.open(other.id, "?")
            assert (await line.error()).reason == "CURSOR_MALFORMED"
        async with talk(desk, callers.contact("bob")) as line:
            await line.open(other.id, encode_cursor(f"conversation/{other.id}", 50))
            assert (await line.error()).reason == "CURSOR_EXPIRED"

    async def test_ends_for_callers_who_may_not_create_or_write(self, desk: Desk) -> None:
        forbidden = (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
        async with talk(desk, callers.agent("els")) as line:
            request = door.CreateConversationRequest(contact_id="anna", channel="web", request_id="r")
            await line.call.write(door.ConverseRequest(create=request))
            error = await line.error()
            assert (error.code, error.reason) == forbidden
        async with talk(desk, callers.admin()) as line:
            await line.create()
            await line.send("hallo")
            error = await line.error()
            assert (error.code, error.reason) == forbidden

    async def test_a_server_that_stops_ends_the_streams_so_that_they_reconnect(
        self, neighbours: Neighbours, sqlite_url: str, tmp_path: Path
    ) -> None:
        async with AsyncExitStack() as stack:
            async with gateway(settings_for(neighbours, sqlite_url, tmp_path), neighbours) as desk:
                channel = await stack.enter_async_context(grpc.aio.insecure_channel(desk.address))
                client = Desk(desk.address, channel, neighbours)  # outlives the server
                line = Talk(client, callers.contact("anna"))
                conversation = await line.create()
                watch = client.stub.WatchConversation(
                    door.WatchConversationRequest(conversation_id=conversation.id)
                )
                ends = [asyncio.create_task(line.error()), asyncio.create_task(refusal(watch))]
                await desk.say(conversation, "hoe laat open")
            for end in ends:
                error = await end
                assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")

    async def test_a_caller_who_leaves_takes_nothing_with_them(self, desk: Desk) -> None:
        desk.neighbours.nlu.gate.clear()
        async with talk(desk) as line:
            conversation = await line.create()
            await line.send("hoe laat open")
            await line.read()
        desk.neighbours.nlu.gate.set()

        async def answered() -> bool:
            return len(await desk.messages(conversation)) == 2

        await until(answered)
