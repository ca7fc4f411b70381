"""What is converted both ways comes back as it was; what is said of a handoff is all of it."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, queue_service_pb2
from balie.handoff import convert, events
from balie.handoff.domain import (
    Agent,
    AgentProfile,
    Asked,
    EventKind,
    Handoff,
    HandoffEvent,
    HandoffState,
    Presence,
    Queue,
    QueueProfile,
    Reason,
    ReasonCode,
)

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,20}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50).filter(
    str.strip
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
languages = st.sampled_from(["nl", "de-AT", "pt-BR", "und"])
counts = st.integers(0, 2**31 - 1)
long_counts = st.integers(0, 2**63 - 1)
scores = st.none() | st.floats(-1, 1, width=32)

happenings = st.builds(
    HandoffEvent,
    ids,
    moments,
    st.sampled_from(EventKind),
    ids,
    ids,
    st.sampled_from(HandoffState),
    st.just("") | ids,
    ids,
    long_counts,
    counts,
)
agent_profiles = st.builds(
    AgentProfile,
    ids,
    texts,
    st.lists(ids, max_size=5, unique=True).map(tuple),
    st.lists(languages, max_size=4, unique=True).map(tuple),
    st.integers(0, 100),
)
queue_profiles = st.builds(
    QueueProfile,
    ids,
    texts,
    st.timedeltas(timedelta(seconds=1), timedelta(days=7)),
    st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
    st.just("") | ids,
)
reasons = st.builds(Reason, st.sampled_from(ReasonCode), texts, scores, scores)
asked = st.builds(
    Asked,
    ids,
    ids,
    ids,
    languages,
    ids,
    st.lists(reasons, max_size=3).map(tuple),
    ids,
    st.integers(-100, 100),
    st.lists(ids, max_size=3).map(tuple),
)
handoffs = st.builds(
    Handoff,
    ids,
    asked,
    st.sampled_from(HandoffState),
    ids,
    st.just(()),
    long_counts,
    st.booleans(),
    long_counts,
    moments,
    moments,
    st.none() | moments,
    moments,
    texts,
    counts,
)


@given(happenings)
def test_an_event_comes_back_from_the_log_as_it_was(event: HandoffEvent) -> None:
    assert events.decode(events.encode(event)) == event


@given(happenings, ids)
def test_a_watched_event_adds_nothing_but_its_cursor(event: HandoffEvent, cursor: str) -> None:
    watched = events.event_to_proto(event, cursor)
    assert watched.cursor == cursor
    watched.ClearField("cursor")
    assert watched.SerializeToString(deterministic=True) == events.encode(event)


@given(agent_profiles, st.sampled_from(Presence), counts, moments)
def test_an_agent_comes_back_as_it_was_said(
    profile: AgentProfile, presence: Presence, chats: int, moment: datetime
) -> None:
    sent = convert.agent_to_proto(Agent(profile, presence, chats, moment))
    assert convert.agent_from_proto(agent_service_pb2.UpsertAgentRequest(agent=sent)) == profile
    assert (sent.presence, sent.open_chats) == (presence, chats)


@given(queue_profiles, counts)
def test_a_queue_comes_back_as_it_was_said(profile: QueueProfile, waiting: int) -> None:
    sent = convert.queue_to_proto(Queue(profile, waiting))
    back = convert.queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=sent))
    assert (back.id, back.display_name, sent.waiting) == (profile.id, profile.display_name, waiting)
    assert back.calendar_id == profile.calendar_id
    assert abs(back.max_wait - profile.max_wait) <= timedelta(microseconds=1)
    assert abs(back.offer_timeout - profile.offer_timeout) <= timedelta(microseconds=1)


def test_limits_that_are_not_given_are_the_defaults() -> None:
    queue = handoff_pb2.Queue(id="desk", display_name="Desk")
    back = convert.queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=queue))
    assert (back.max_wait, back.offer_timeout) == (timedelta(minutes=10), timedelta(seconds=30))


def test_what_is_listed_twice_counts_once() -> None:
    agent = handoff_pb2.Agent(id="els", display_name="Els", queue_ids=["a", "b", "a"], languages=["nl", "nl"])
    back = convert.agent_from_proto(agent_service_pb2.UpsertAgentRequest(agent=agent))
    assert (back.queue_ids, back.languages) == (("a", "b"), ("nl",))


@given(handoffs)
def test_a_handoff_is_sent_with_everything_but_who_let_it_pass(handoff: Handoff) -> None:
    sent = convert.handoff_to_proto(handoff)
    asked_for = handoff.asked
    for one in fields(asked_for):
        if one.name != "reasons":
            value = getattr(sent, one.name)
            assert (tuple(value) if one.name == "suggested_answer_ids" else value) == getattr(
                asked_for, one.name
            )
    for name in (
        "id",
        "state",
        "agent_id",
        "owner_epoch",
        "owner_confirmed",
        "revision",
        "outcome",
        "position",
    ):
        assert getattr(sent, name) == getattr(handoff, name)
    assert sent.create_time.ToDatetime(UTC) == handoff.created_at
    assert sent.update_time.ToDatetime(UTC) == handoff.updated_at
    assert sent.deadline_time.ToDatetime(UTC) == handoff.deadline_at
    assert sent.HasField("offer_expire_time") == (handoff.offer_expires_at is not None)
    for reason, told in zip(asked_for.reasons, sent.reasons, strict=True):
        assert (told.code, told.subject) == (reason.code, reason.subject)
        assert (told.score if told.HasField("score") else None) == reason.score
        assert (told.threshold if told.HasField("threshold") else None) == reason.threshold
