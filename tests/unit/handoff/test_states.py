"""Every step in every state: where it leads, what happened, or that it is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from balie.api.handoff.v1 import handoff_pb2
from balie.handoff import waiting
from balie.handoff.chats import chatting
from balie.handoff.clocks import ClockKind, ClockState
from balie.handoff.domain import (
    HELD,
    OCCUPYING,
    OPEN,
    WAITING,
    Asked,
    CallBack,
    EventKind,
    Handoff,
    HandoffState,
    ReleaseReason,
    Speaker,
    Talk,
)
from balie.handoff.errors import ContactWaits, HandoffStateInvalid, OwnerEpochPassed
from balie.handoff.machine import TRANSITIONS, Step, changed
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing.turns import DecisionKind
from balie.handoff.rules import Rules
from balie.handoff.staffing.profiles import AgentOrder, Presence, QueueProfile, WaitAction

NOW = datetime(2025, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
SOON = NOW + timedelta(seconds=30)
QUEUE = QueueProfile("desk", "Desk")
RULES = Rules(QUEUE)
ASKED = Asked("talk-1", "anna", "web", "nl", "desk", (Reason(ReasonCode.PERSON_REQUESTED),))

# What leads where, step by step: "from > event / to". What is not here is refused.
TABLE = """
offer          QUEUED > OFFERED / OFFERED
reject         OFFERED > OFFER_REJECTED / QUEUED
expire         OFFERED > OFFER_EXPIRED / QUEUED
reserve        QUEUED OFFERED CALL_BACK > RESERVED / RESERVED
confirm        RESERVED ACCEPTED > ACCEPTED / ACCEPTED
confirm        ON_HOLD > ACCEPTED / ON_HOLD
confirm        RELEASED > OWNER_RETURNED / RELEASED
confirm        RESOLVED > OWNER_RETURNED / RESOLVED
release        ACCEPTED ON_HOLD > RELEASED / RELEASED
resolve        ACCEPTED ON_HOLD > RESOLVED / RESOLVED
cancel         QUEUED OFFERED CALL_BACK > CANCELLED / CANCELLED
take_message   QUEUED OFFERED > MESSAGE_TAKEN / MESSAGE_TAKEN
give_up        QUEUED OFFERED > EXPIRED / EXPIRED
hold           ACCEPTED > HELD / ON_HOLD
resume         ON_HOLD > RESUMED / ACCEPTED
speak          RESERVED > SPOKE / RESERVED
speak          ACCEPTED > SPOKE / ACCEPTED
transfer       QUEUED OFFERED RESERVED ACCEPTED ON_HOLD CALL_BACK > TRANSFERRED / QUEUED
lose           RESERVED ACCEPTED ON_HOLD > AGENT_SILENT / QUEUED
move           QUEUED OFFERED RESERVED ACCEPTED ON_HOLD > MOVED / QUEUED
promise        QUEUED OFFERED > CALL_BACK_PROMISED / CALL_BACK
call           CALL_BACK > CALL_BACK_DUE / QUEUED
tell_clock     QUEUED > CLOCK / QUEUED
tell_clock     OFFERED > CLOCK / OFFERED
tell_clock     RESERVED > CLOCK / RESERVED
tell_clock     ACCEPTED > CLOCK / ACCEPTED
tell_clock     ON_HOLD > CLOCK / ON_HOLD
tell_position  QUEUED > POSITION / QUEUED
tell_position  OFFERED > POSITION / OFFERED
"""


def table() -> dict[tuple[HandoffState, Step], tuple[HandoffState, EventKind]]:
    found = {}
    for line in TABLE.strip().splitlines():
        step, rest = line.split(maxsplit=1)
        befores, happens = rest.split(" > ")
        kind, after = happens.split(" / ")
        for before in befores.split():
            found[HandoffState[before], Step(step)] = (HandoffState[after], EventKind[kind])
    return found


def handoff(state: HandoffState = HandoffState.QUEUED, **values: object) -> Handoff:
    fresh = waiting.queued("h1", ASKED, RULES, now=NOW).handoff
    has_agent = state in OCCUPYING or state in (HandoffState.RELEASED, HandoffState.RESOLVED)
    epoch = 0 if state in WAITING or state in (HandoffState.RESERVED, HandoffState.CALL_BACK) else 2
    changes: dict[str, object] = {
        "state": state,
        "agent_id": "els" if has_agent else "",
        "owner_epoch": epoch,
        "revision": 3,
        "offer_expires_at": SOON if state is HandoffState.OFFERED else None,
        "agent_due_at": NOW + timedelta(minutes=10),
        "call_back": CallBack(NOW + timedelta(hours=1), NOW + timedelta(hours=2)),
    }
    return replace(fresh, **(changes | values))  # type: ignore[arg-type]


def agent_spoke(one: Handoff) -> Handoff:
    return replace(one, talk=Talk(contact_waits=False, since=NOW, seq=4))


def test_the_table_is_the_one_that_rules() -> None:
    assert table() == TRANSITIONS
    assert {step for _, step in TRANSITIONS} == set(Step)


@pytest.mark.parametrize("state", HandoffState)
@pytest.mark.parametrize("step", Step)
def test_a_step_leads_on_or_is_refused(state: HandoffState, step: Step) -> None:
    before = handoff(state)
    leads = table().get((state, step))
    if leads is None:
        with pytest.raises(HandoffStateInvalid) as refused:
            changed(before, step, LATER)
        assert refused.value.metadata["state"] == state.name
        assert state.name not in refused.value.metadata["allowed"].split(", ")
        return
    change = changed(before, step, LATER)
    assert (change.handoff.state, change.kind) == leads
    assert change.handoff.revision == before.revision + 1
    assert change.handoff.updated_at == LATER
    assert (change.handoff.next_step_at is None) == (change.handoff.state not in OPEN)


def test_an_offer_never_outlives_the_deadline() -> None:
    rules = Rules(replace(QUEUE, offer_timeout=timedelta(hours=1)))
    change = waiting.offered(handoff(), "els", rules, now=NOW)
    assert change.handoff.offer_expires_at == handoff().deadline_at


def test_who_lets_an_offer_pass_is_remembered_in_order_and_keeps_nothing() -> None:
    first = waiting.passed(handoff(HandoffState.OFFERED), Step.EXPIRE, now=NOW).handoff
    offered = waiting.offered(first, "jan", RULES, now=NOW).handoff
    second = waiting.passed(offered, Step.REJECT, now=NOW).handoff
    third = waiting.passed(waiting.offered(second, "els", RULES, now=NOW).handoff, Step.REJECT, now=NOW)
    assert third.handoff.passed_agent_ids == ("jan", "els")
    assert (third.handoff.agent_id, third.handoff.offer_expires_at) == ("", None)
    assert third.handoff.created_at == NOW


def test_the_agent_is_confirmed_once() -> None:
    accepted = chatting.confirmed(handoff(HandoffState.RESERVED), 2, now=LATER)
    assert accepted is not None
    assert (accepted.handoff.owner_epoch, accepted.handoff.owner_confirmed) == (2, True)
    assert chatting.confirmed(accepted.handoff, 2, now=LATER) is None


def test_a_late_confirmation_of_one_agent_is_not_one_of_the_next() -> None:
    reserved = handoff(HandoffState.RESERVED)
    assert chatting.confirmed(reserved, 2, agent_id="jan", now=LATER) is None
    assert chatting.confirmed(reserved, 2, agent_id="", now=LATER) is None
    accepted = chatting.confirmed(reserved, 2, agent_id="els", now=LATER)
    assert accepted is not None
    released = chatting.given_back(accepted.handoff, Step.RELEASE, RULES, now=LATER).handoff
    assert chatting.confirmed(released, 3, agent_id="els", now=LATER) is None
    assert chatting.confirmed(released, 3, agent_id="", now=LATER) is not None


def test_a_late_confirmation_of_the_agent_is_not_one_of_the_bot() -> None:
    released = chatting.given_back(handoff(HandoffState.ACCEPTED), Step.RELEASE, RULES, now=NOW).handoff
    assert not released.owner_confirmed
    assert chatting.confirmed(released, 2, now=LATER) is None
    with pytest.raises(OwnerEpochPassed) as refused:
        chatting.confirmed(released, 1, now=LATER)
    assert refused.value.metadata == {"epoch": "1", "current_epoch": "2"}
    returned = chatting.confirmed(released, 3, now=LATER)
    assert returned is not None
    assert (returned.kind, returned.handoff.owner_confirmed) == (EventKind.OWNER_RETURNED, True)


def test_how_the_bot_goes_on_follows_from_the_end() -> None:
    asking = Rules(replace(QUEUE, asks_rating=True))

    def reason(step: Step, rules: Rules, given: ReleaseReason = ReleaseReason.NONE) -> ReleaseReason:
        ended = chatting.given_back(
            handoff(HandoffState.ACCEPTED), step, rules, release_reason=given, now=NOW
        )
        return ended.handoff.release_reason

    assert reason(Step.RELEASE, asking) is ReleaseReason.NEW_TOPIC
    assert reason(Step.RELEASE, RULES, ReleaseReason.RESUME) is ReleaseReason.RESUME
    assert reason(Step.RESOLVE, RULES) is ReleaseReason.NONE
    assert reason(Step.RESOLVE, asking) is ReleaseReason.SURVEY


def test_a_chat_goes_on_hold_only_once_its_contact_was_answered() -> None:
    accepted = handoff(HandoffState.ACCEPTED)
    with pytest.raises(ContactWaits):
        chatting.held(accepted, RULES, now=LATER)
    held = chatting.held(agent_spoke(accepted), RULES, now=LATER).handoff
    assert held.agent_due_at == NOW + QUEUE.idle_release_after
    assert chatting.resumed(held, RULES, now=LATER).handoff.agent_due_at == LATER + QUEUE.hold_after


def test_words_of_the_contact_end_a_hold_and_start_the_agents_time() -> None:
    held = handoff(HandoffState.ON_HOLD, talk=Talk(contact_waits=False, since=NOW, seq=4))
    change = chatting.spoke(held, Speaker.CONTACT, 5, SOON, RULES, now=SOON)
    assert change is not None
    assert (change.kind, change.handoff.state) == (EventKind.RESUMED, HandoffState.ACCEPTED)
    assert change.handoff.agent_due_at == SOON + QUEUE.silent_after
    assert change.handoff.talk == Talk(contact_waits=True, since=SOON, seq=5)


def test_words_that_are_told_again_or_late_change_nothing() -> None:
    accepted = handoff(HandoffState.ACCEPTED)
    replied = chatting.spoke(accepted, Speaker.AGENT, 7, LATER, RULES, now=SOON)
    assert replied is not None
    assert replied.handoff.course.replied_at == LATER
    for speaker, seq in ((Speaker.AGENT, 7), (Speaker.CONTACT, 6), (Speaker.CONTACT, 7), (Speaker.AGENT, 9)):
        assert chatting.spoke(replied.handoff, speaker, seq, SOON, RULES, now=SOON) is None
    assert chatting.spoke(accepted, Speaker.CONTACT, 8, SOON, RULES, now=SOON) is None  # they wait already
    assert chatting.spoke(handoff(), Speaker.AGENT, 8, SOON, RULES, now=SOON) is None  # nobody has it


def test_words_of_the_future_are_taken_for_now() -> None:
    change = chatting.spoke(
        handoff(HandoffState.ACCEPTED), Speaker.AGENT, 1, NOW + timedelta(days=1), RULES, now=LATER
    )
    assert change is not None
    assert change.handoff.course.replied_at == LATER


def test_what_is_transferred_waits_ahead_and_is_one_agents_for_half_the_wait() -> None:
    accepted = handoff(HandoffState.ACCEPTED, passed_agent_ids=("jan",))
    goal = Rules(replace(QUEUE, id="other", return_priority=7, max_wait=timedelta(minutes=4)))
    change = waiting.transferred(agent_spoke(accepted), RULES, goal, wanted_agent_id="jan", now=LATER)
    moved = change.handoff
    assert (change.agent_id, moved.agent_id, moved.asked.queue_id, moved.asked.priority) == (
        "els",
        "",
        "other",
        7,
    )
    assert (moved.wanted_agent_id, moved.wanted_until) == ("jan", LATER + timedelta(minutes=2))
    assert moved.passed_agent_ids == ("els",)
    assert moved.talk == Talk(contact_waits=True, since=LATER, seq=4)
    assert (moved.deadline_at, moved.transfers) == (LATER + timedelta(minutes=4), 1)
    declined = waiting.passed(waiting.offered(moved, "jan", goal, now=LATER).handoff, Step.REJECT, now=LATER)
    assert declined.handoff.wanted_agent_id == ""


def test_a_silent_agent_is_preferred_again() -> None:
    change = waiting.lost(handoff(HandoffState.ACCEPTED), RULES, now=LATER)
    assert (change.agent_id, change.handoff.agent_id) == ("els", "")
    assert change.handoff.preferred_agent_id == "els"
    assert change.handoff.passed_agent_ids == ()
    assert change.handoff.asked.priority == QUEUE.return_priority
    assert change.handoff.talk.since == NOW  # it is not the taking away that they wait since


def test_sets_of_states_belong_together() -> None:
    assert WAITING.isdisjoint(HELD)
    assert WAITING | HELD | {HandoffState.CALL_BACK} == OPEN
    ended = set(HandoffState) - OPEN
    assert not any(step is not Step.CONFIRM for state, step in TRANSITIONS if state in ended)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (HandoffState, handoff_pb2.HandoffState),
        (EventKind, handoff_pb2.HandoffEventKind),
        (Presence, handoff_pb2.Presence),
        (ReasonCode, handoff_pb2.ReasonCode),
        (DecisionKind, handoff_pb2.DecisionKind),
        (Speaker, handoff_pb2.Speaker),
        (ClockKind, handoff_pb2.ClockKind),
        (ClockState, handoff_pb2.ClockState),
        (WaitAction, handoff_pb2.WaitAction),
        (AgentOrder, handoff_pb2.AgentOrder),
        (ReleaseReason, handoff_pb2.ReleaseReason),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_numbers_are_those_of_the_contract(ours: type, theirs: object) -> None:
    prefix = theirs.keys()[0].removesuffix("UNSPECIFIED")  # type: ignore[attr-defined]
    expected = {name.removeprefix(prefix): number for name, number in theirs.items() if number}  # type: ignore[attr-defined]
    assert {member.name: member.value for member in ours if member.value} == expected  # type: ignore[attr-defined]
