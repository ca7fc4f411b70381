from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.gateway_ports import conversation

from balie.api.gateway.v1 import conversation_pb2
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.gateway import convert
from balie.gateway.conversations import Creation, Filter
from balie.gateway.domain import (
    Author,
    ConversationState,
    HandoffState,
    Message,
    Notice,
    Owner,
    OwnerKind,
    ReleaseReason,
    Timing,
    Turn,
    TurnState,
    Versions,
)
from balie.gateway.events import ProtoCodec
from balie.gateway.happenings import (
    Closed,
    HandoffChanged,
    Happening,
    MessageAppended,
    OwnerChanged,
    TurnChanged,
)
from balie.gateway.records.convert import turn_to_proto
from balie.gateway.said import HandoffEventKind
from balie.kit.errors import Failure

IMAGE = {"url": "https://files.example/a.jpg", "media_type": "image/jpeg"}


def refused(read: Any, *args: Any, **kwargs: Any) -> tuple[str, str]:
    with pytest.raises(Failure) as raised:
        read(*args, **kwargs)
    return raised.value.reason, raised.value.metadata["field"]


def message(**fields: Any) -> door.SendMessageRequest:
    return door.SendMessageRequest(**({"conversation_id": "c1", "text": "hallo", "request_id": "r"} | fields))


def with_attachment(**fields: Any) -> door.SendMessageRequest:
    return message(attachments=[conversation_pb2.Attachment(**(IMAGE | fields))])


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (message(conversation_id=""), "FIELD_REQUIRED", "conversation_id"),
        (message(conversation_id="c 1"), "FIELD_MALFORMED", "conversation_id"),
        (message(conversation_id="c" * 129), "FIELD_TOO_LONG", "conversation_id"),
        (message(text=""), "FIELD_REQUIRED", "text"),
        (message(text=" \n"), "FIELD_REQUIRED", "text"),
        (message(text="x" * 4097), "FIELD_TOO_LONG", "text"),
        (message(text="a\0b"), "FIELD_MALFORMED", "text"),
        (message(channel_message_id="x" * 257), "FIELD_TOO_LONG", "channel_message_id"),
        (message(channel_message_id="a\0"), "FIELD_MALFORMED", "channel_message_id"),
        (message(attachments=[conversation_pb2.Attachment(**IMAGE)] * 11), "TOO_MANY_ITEMS", "attachments"),
        (with_attachment(url=""), "FIELD_REQUIRED", "attachments[0].url"),
        (with_attachment(url="http://files.example/a"), "FIELD_MALFORMED", "attachments[0].url"),
        (with_attachment(url="https:///a"), "FIELD_MALFORMED", "attachments[0].url"),
        (with_attachment(url="files/a.jpg"), "FIELD_MALFORMED", "attachments[0].url"),
        (with_attachment(url="https://files.example/a b"), "FIELD_MALFORMED", "attachments[0].url"),
        (with_attachment(url="https://files.example:99999/a"), "FIELD_MALFORMED", "attachments[0].url"),
        (with_attachment(url="https://files.example/" + "a" * 2048), "FIELD_TOO_LONG", "attachments[0].url"),
        (with_attachment(media_type=""), "FIELD_REQUIRED", "attachments[0].media_type"),
        (with_attachment(media_type="image"), "FIELD_MALFORMED", "attachments[0].media_type"),
        (with_attachment(media_type="image/" + "x" * 122), "FIELD_TOO_LONG", "attachments[0].media_type"),
        (with_attachment(name="x" * 256), "FIELD_TOO_LONG", "attachments[0].name"),
        (with_attachment(size_bytes=-1), "FIELD_OUT_OF_RANGE", "attachments[0].size_bytes"),
        (message(wait_for_reply=Duration(seconds=-1)), "FIELD_OUT_OF_RANGE", "wait_for_reply"),
        (message(wait_for_reply=Duration(nanos=-1)), "FIELD_OUT_OF_RANGE", "wait_for_reply"),
        (message(wait_for_reply=Duration(seconds=60, nanos=1000)), "FIELD_OUT_OF_RANGE", "wait_for_reply"),
        (message(wait_for_reply=Duration(seconds=1 << 62)), "FIELD_OUT_OF_RANGE", "wait_for_reply"),
    ],
)
def test_refuses_a_message_out_of_bounds(request_: door.SendMessageRequest, reason: str, field: str) -> None:
    assert refused(convert.posting_from_proto, request_) == (reason, field)


def test_takes_a_message_at_its_bounds() -> None:
    full = message(
        text="𝄞" * 4096,
        channel_message_id="x" * 256,
        wait_for_reply=Duration(seconds=60),
        attachments=[conversation_pb2.Attachment(**IMAGE, name="n" * 255, size_bytes=(1 << 63) - 1)] * 10,
    )
    posting = convert.posting_from_proto(full)
    assert (len(posting.text), posting.wait_seconds, len(posting.attachments)) == (4096, 60, 10)
    assert posting.attachments[0].size_bytes == (1 << 63) - 1


def test_takes_files_without_words_and_no_wait() -> None:
    posting = convert.posting_from_proto(message(text="", attachments=[conversation_pb2.Attachment(**IMAGE)]))
    assert (posting.text, posting.wait_seconds) == ("", None)


@pytest.mark.parametrize("media_type", ["image/jpeg", "text/plain; charset=utf-8", "application/vnd.a+json"])
def test_takes_media_types(media_type: str) -> None:
    posting = convert.posting_from_proto(with_attachment(media_type=media_type))
    assert posting.attachments[0].media_type == media_type


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"contact_id": ""}, "FIELD_REQUIRED", "contact_id"),
        ({"contact_id": "-anna"}, "FIELD_MALFORMED", "contact_id"),
        ({"contact_id": "a" * 129}, "FIELD_TOO_LONG", "contact_id"),
        ({"channel": ""}, "FIELD_REQUIRED", "channel"),
        ({"channel": "web/1"}, "FIELD_MALFORMED", "channel"),
        ({"channel": "w" * 129}, "FIELD_TOO_LONG", "channel"),
        ({"language": "dutch!"}, "FIELD_MALFORMED", "language"),
        ({"language": "nl-" + "x" * 33}, "FIELD_TOO_LONG", "language"),
    ],
)
def test_refuses_a_creation_out_of_bounds(fields: dict[str, str], reason: str, field: str) -> None:
    request = door.CreateConversationRequest(**({"contact_id": "anna", "channel": "web"} | fields))
    assert refused(convert.creation_from_proto, request, by_contact=False) == (reason, field)


def test_a_contact_need_not_name_themselves() -> None:
    request = door.CreateConversationRequest(channel="web", language="nl-BE")
    assert convert.creation_from_proto(request, by_contact=True) == Creation("", "web", "nl-BE")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"contact_id": "?"}, "FIELD_MALFORMED", "contact_id"),
        ({"agent_id": "a" * 129}, "FIELD_TOO_LONG", "agent_id"),
        ({"state": 9}, "FIELD_UNKNOWN_VALUE", "state"),
        ({"page_size": 0}, "FIELD_OUT_OF_RANGE", "page_size"),
        ({"page_size": 501}, "FIELD_OUT_OF_RANGE", "page_size"),
        ({"page_token": "nonsense"}, "CURSOR_MALFORMED", "page_token"),
        ({"page_token": "é"}, "CURSOR_MALFORMED", "page_token"),
    ],
)
def test_refuses_a_list_out_of_bounds(fields: dict[str, Any], reason: str, field: str) -> None:
    assert refused(convert.filter_from_proto, door.ListConversationsRequest(**fields)) == (reason, field)


def test_reads_a_list() -> None:
    assert convert.filter_from_proto(door.ListConversationsRequest()) == Filter()
    request = door.ListConversationsRequest(contact_id="anna", agent_id="els", state=2, page_size=500)
    assert convert.filter_from_proto(request) == Filter("anna", "els", ConversationState.CLOSED, 500)


def test_a_page_token_belongs_to_its_list() -> None:
    request = door.ListConversationsRequest(contact_id="anna")
    token = convert.next_page_token(request, conversation())
    continued = door.ListConversationsRequest(contact_id="anna", page_token=token)
    assert convert.filter_from_proto(continued).before_id == "c1"
    other = door.ListConversationsRequest(contact_id="bob", page_token=token)
    assert refused(convert.filter_from_proto, other) == ("CURSOR_MALFORMED", "page_token")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"conversation_id": ""}, "FIELD_REQUIRED", "conversation_id"),
        ({"after_seq": -1}, "FIELD_OUT_OF_RANGE", "after_seq"),
        ({"page_size": -1}, "FIELD_OUT_OF_RANGE", "page_size"),
        ({"page_size": 501}, "FIELD_OUT_OF_RANGE", "page_size"),
    ],
)
def test_refuses_a_list_of_messages_out_of_bounds(fields: dict[str, Any], reason: str, field: str) -> None:
    request = door.ListMessagesRequest(**({"conversation_id": "c1"} | fields))
    assert refused(convert.page_of_messages, request) == (reason, field)


@pytest.mark.parametrize(
    ("turn_id", "reason"),
    [("", "FIELD_REQUIRED"), ("t" * 129, "FIELD_TOO_LONG"), ("t/1", "FIELD_MALFORMED")],
)
def test_refuses_a_turn_id_out_of_bounds(turn_id: str, reason: str) -> None:
    assert refused(convert.turn_id, door.GetTurnRequest(turn_id=turn_id)) == (reason, "turn_id")


owners = st.builds(Owner, st.sampled_from(OwnerKind), st.text(max_size=20))
numbers = st.integers(0, (1 << 62))
happenings: st.SearchStrategy[Happening] = st.one_of(
    st.builds(MessageAppended, st.text(max_size=40), numbers),
    st.builds(OwnerChanged, owners, numbers),
    st.builds(TurnChanged, st.text(max_size=40), st.sampled_from(TurnState)),
    st.builds(
        HandoffChanged,
        st.text(max_size=40),
        st.sampled_from(HandoffState),
        st.integers(0, (1 << 31) - 1),
        st.none() | st.integers(0, 1 << 20).map(float),
        st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    st.just(Closed()),
)


@given(happenings)
def test_the_log_gives_back_what_was_written(happening: Happening) -> None:
    codec = ProtoCodec()
    assert codec.decode(codec.encode(happening)) == happening


def test_the_log_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="no event that this version knows"):
        ProtoCodec().decode(b"")


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (ConversationState, conversation_pb2.ConversationState, "CONVERSATION_STATE_"),
        (OwnerKind, conversation_pb2.OwnerKind, "OWNER_KIND_"),
        (Author, conversation_pb2.Author, "AUTHOR_"),
        (TurnState, conversation_pb2.TurnState, "TURN_STATE_"),
    ],
)
def test_our_enums_have_the_contracts_numbers(ours: Any, theirs: Any, prefix: str) -> None:
    contract = {name.removeprefix(prefix): number for name, number in theirs.items() if number}
    assert {member.name: member.value for member in ours} == contract


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (HandoffState, handoff_pb2.HandoffState, "HANDOFF_STATE_"),
        (ReleaseReason, handoff_pb2.ReleaseReason, "RELEASE_REASON_"),
    ],
)
def test_states_and_reasons_of_handoffs_have_the_contracts_numbers(
    ours: Any, theirs: Any, prefix: str
) -> None:
    contract = {name.removeprefix(prefix): number for name, number in theirs.items() if number}
    assert {member.name: member.value for member in ours if member} == contract


def test_the_events_of_handoffs_that_are_told_apart_have_the_contracts_numbers() -> None:
    for kind in HandoffEventKind:
        if kind:
            assert handoff_pb2.HandoffEventKind.Value(f"HANDOFF_EVENT_KIND_{kind.name}") == kind


def test_our_notices_have_the_contracts_numbers() -> None:
    contract = {
        name.removeprefix("NOTICE_"): number for name, number in conversation_pb2.Notice.items() if number
    }
    assert {member.name: member.value for member in Notice if member} == contract


def test_sends_every_field_of_a_turn() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 1, 500_000, tzinfo=UTC)
    turn = Turn(
        "t1",
        "c1",
        "m1",
        7,
        TurnState.WAITING,
        3,
        moment,
        reply_message_ids=("m2",),
        suggestions=("s",),
        timings=(Timing("analyze", 0.25), Timing("route", 1.5, ok=False)),
        versions=Versions("m", 4, "e", "p", "f"),
        services_down=("handoff",),
        attempts=2,
        next_attempt_at=moment,
        ended_at=moment,
    )
    sent = turn_to_proto(turn)
    unset = {field.name for field in sent.DESCRIPTOR.fields} - {field.name for field, _ in sent.ListFields()}
    assert unset == {"understanding", "answers", "no_answer_reason", "decision"}
    assert [(one.stage, one.duration.ToMilliseconds(), one.ok) for one in sent.timings] == [
        ("analyze", 250, True),
        ("route", 1500, False),
    ]
    assert sent.next_attempt_time.ToDatetime(UTC) == moment


def test_sends_every_field_of_a_conversation_and_a_message() -> None:
    held = replace(
        conversation(owner=Owner(OwnerKind.AGENT, "els"), owner_epoch=2),
        handoff_id="h",
        handoff_state=HandoffState.ACCEPTED,
        contact_attributes={"tier": "gold"},
        rating=5,
    )
    sent = convert.conversation_to_proto(held)
    assert len(sent.ListFields()) == len(sent.DESCRIPTOR.fields)
    posting = convert.posting_from_proto(with_attachment(name="n", size_bytes=3))
    stored = Message(
        "m", "c1", 1, Author.SYSTEM, "x", "text", "nl", posting.attachments, "t", 1, Notice.CLOSED, "a",
        (), 2, "wamid", held.created_at,
    )  # fmt: skip
    message_sent = convert.message_to_proto(stored)
    unset = {field.name for field in message_sent.DESCRIPTOR.fields} - {
        field.name for field, _ in message_sent.ListFields()
    }
    assert unset == {"options"}
