"""What is converted both ways comes back as it was; what is said of a handoff is all of it."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, queue_service_pb2
from balie.handoff import convert, events
from balie.handoff.clocks import Clock, ClockKind, ClockState, Promises
from balie.handoff.domain import (
    Asked,
    CallBack,
    Course,
    EventKind,
    Handoff,
    HandoffEvent,
    HandoffState,
    ReleaseReason,
    Talk,
)
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.staffing import convert as staffing
from balie.handoff.staffing.profiles import (
    Agent,
    AgentOrder,
    AgentProfile,
    BreachAction,
    Presence,
    Queue,
    QueueProfile,
    WaitAction,
)
from balie.handoff.staffing.queues import convert as queues
from balie.handoff.staffing.skills import Relaxation, Ring, Wanted

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,20}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50).filter(
    str.strip
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
languages = st.sampled_from(["nl", "de-AT", "pt-BR", "und"])
counts = st.integers(0, 2**31 - 1)
long_counts = st.integers(0, 2**63 - 1)
scores = st.none() | st.floats(-1, 1, width=32)

whole_seconds = st.integers(0, 604_800).map(lambda seconds: timedelta(seconds=seconds))
some_seconds = st.integers(60, 604_800).map(lambda seconds: timedelta(seconds=seconds))

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
    st.none() | whole_seconds,
    st.sampled_from(ReleaseReason),
    st.none() | moments,
    st.none() | st.sampled_from(ClockKind),
    st.sampled_from([0, 50, 80, 100]),
)
agent_profiles = st.builds(
    AgentProfile,
    ids,
    texts,
    st.lists(ids, max_size=5, unique=True).map(tuple),
    st.lists(languages, max_size=4, unique=True).map(tuple),
    st.integers(0, 100),
    st.dictionaries(texts, st.integers(1, 5), max_size=4),
    st.floats(0, 1),
    st.integers(0, 500),
)
promises = st.builds(Promises, st.none() | some_seconds, st.none() | some_seconds, some_seconds)
breaches = st.builds(BreachAction, ids, st.integers(0, 100))
wanted = st.lists(st.builds(Wanted, texts, st.integers(1, 5), st.booleans()), max_size=3).map(tuple)
rings = st.builds(
    Ring,
    whole_seconds,
    st.lists(st.sampled_from(Relaxation), min_size=1, max_size=5, unique=True).map(tuple),
)
queue_profiles = st.builds(
    QueueProfile,
    ids,
    texts,
    st.timedeltas(timedelta(seconds=1), timedelta(days=7)),
    st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
    st.just("") | ids,
    st.lists(rings, max_size=3).map(tuple),
    st.floats(0, 100),
    whole_seconds,
    st.none() | promises,
    st.none() | breaches,
    some_seconds,
    whole_seconds,
    some_seconds,
    st.integers(0, 100),
    st.sampled_from(WaitAction),
    st.sampled_from([WaitAction.TAKE_MESSAGE, WaitAction.CALL_BACK]),
    st.just("") | ids,
    some_seconds,
    st.booleans(),
    st.sampled_from(AgentOrder),
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
    wanted,
)
clocks = st.builds(
    Clock,
    st.sampled_from(ClockKind),
    st.sampled_from(ClockState),
    some_seconds,
    whole_seconds,
    st.none() | moments,
    st.none() | moments,
    st.sampled_from([0, 50, 80, 100]),
)
handoffs = st.builds(
    Handoff,
    ids,
    asked,
    st.sampled_from(HandoffState),
    st.builds(Talk, st.booleans(), moments),
    st.builds(Course, moments),
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
    st.floats(-100, 100),
    st.just("") | ids,
    st.lists(clocks, max_size=3).map(tuple),
    st.none() | moments,
    st.none() | st.builds(CallBack, moments, moments),
    st.sampled_from(ReleaseReason),
    st.just("") | ids,
    st.none() | moments,
    counts,
    told_wait=st.none() | whole_seconds,
    position=counts,
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
    sent = staffing.agent_to_proto(Agent(profile, presence, chats, moment))
    assert staffing.agent_from_proto(agent_service_pb2.UpsertAgentRequest(agent=sent)) == profile
    assert (sent.presence, sent.open_chats, sent.load) == (presence, chats, chats)


@given(queue_profiles, counts)
def test_a_queue_comes_back_as_it_was_said(profile: QueueProfile, waiting: int) -> None:
    sent = queues.queue_to_proto(Queue(profile, waiting, is_paused=True))
    back = queues.queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=sent))
    assert (sent.waiting, sent.paused) == (waiting, True)
    for one in fields(profile):
        ours, theirs = getattr(profile, one.name), getattr(back, one.name)
        if isinstance(ours, timedelta):
            assert abs(ours - theirs) <= timedelta(microseconds=1)
        else:
            assert ours == theirs


def test_limits_that_are_not_given_are_the_defaults() -> None:
    queue = handoff_pb2.Queue(id="desk", display_name="Desk")
    back = queues.queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=queue))
    assert back == QueueProfile("desk", "Desk")
    assert (back.max_wait, back.offer_timeout) == (timedelta(minutes=10), timedelta(seconds=30))
    queue.last_agent_window.SetInParent()
    never = queues.queue_from_proto(queue_service_pb2.UpsertQueueRequest(queue=queue))
    assert never.last_agent_window == timedelta(0)


def test_a_skill_without_a_level_is_wanted_at_any() -> None:
    given_level = [
        handoff_pb2.WantedSkill(name="refunds"),
        handoff_pb2.WantedSkill(name="boats", level=3, preferred=True),
    ]
    back = staffing.wanted_from_proto("skills", given_level)
    assert back == (Wanted("refunds"), Wanted("boats", 3, is_preferred=True))


def test_what_is_listed_twice_counts_once() -> None:
    agent = handoff_pb2.Agent(id="els", display_name="Els", queue_ids=["a", "b", "a"], languages=["nl", "nl"])
    back = staffing.agent_from_proto(agent_service_pb2.UpsertAgentRequest(agent=agent))
    assert (back.queue_ids, back.languages) == (("a", "b"), ("nl",))


@given(handoffs)
def test_a_handoff_is_sent_with_everything_but_who_let_it_pass(handoff: Handoff) -> None:
    sent = convert.handoff_to_proto(handoff)
    asked_for = handoff.asked
    for one in fields(asked_for):
        if one.name not in ("reasons", "skills"):
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
        "preferred_agent_id",
        "release_reason",
        "wanted_agent_id",
        "transfers",
        "position",
    ):
        assert getattr(sent, name) == getattr(handoff, name)
    assert staffing.wanted_from_proto("skills", sent.skills) == asked_for.skills
    assert sent.create_time.ToDatetime(UTC) == handoff.created_at
    assert sent.update_time.ToDatetime(UTC) == handoff.updated_at
    assert sent.deadline_time.ToDatetime(UTC) == handoff.deadline_at
    assert sent.HasField("offer_expire_time") == (handoff.offer_expires_at is not None)
    assert sent.contact_waits == handoff.talk.contact_waits
    assert sent.HasField("reply_due_time") == (
        handoff.talk.contact_waits and handoff.agent_due_at is not None
    )
    assert sent.HasField("call_back_time") == (handoff.call_back is not None)
    for clock, shown in zip(handoff.clocks, sent.clocks, strict=True):
        assert (shown.kind, shown.state, shown.told_percent) == (clock.kind, clock.state, clock.told)
        assert shown.target.ToTimedelta() == clock.target
        assert shown.HasField("due_time") == (clock.due_at is not None)
    for reason, told in zip(asked_for.reasons, sent.reasons, strict=True):
        assert (told.code, told.subject) == (reason.code, reason.subject)
        assert (told.score if told.HasField("score") else None) == reason.score
        assert (told.threshold if told.HasField("threshold") else None) == reason.threshold
