"""Every step in every state: where it leads, what happened, or that it is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from balie.handoff.states import Change, Step

from balie.api.handoff.v1 import handoff_pb2
from balie.handoff import states
from balie.handoff.domain import HELD, OCCUPYING, OPEN, WAITING, Asked, EventKind, Handoff, HandoffState
from balie.handoff.errors import HandoffStateInvalid, OwnerEpochPassed
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing.turns import DecisionKind
from balie.handoff.staffing.profiles import Presence

NOW = datetime(2025, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
SOON = NOW + timedelta(seconds=30)
ASKED = Asked("talk-1", "anna", "web", "nl", "desk", (Reason(ReasonCode.PERSON_REQUESTED),))

# A row is a state, a column a step; what happens, or "-" where it is refused. The state after it follows the slash.
TABLE = """
               offer            reject                expire               reserve            confirm                  release            resolve            cancel               take_message
QUEUED         OFFERED/OFFERED  -                     -                    RESERVED/RESERVED  -                        -                  -                  CANCELLED/CANCELLED  MESSAGE_TAKEN/MESSAGE_TAKEN
OFFERED        -                OFFER_REJECTED/QUEUED OFFER_EXPIRED/QUEUED RESERVED/RESERVED  -                        -                  -                  CANCELLED/CANCELLED  MESSAGE_TAKEN/MESSAGE_TAKEN
RESERVED       -                -                     -                    -                  ACCEPTED/ACCEPTED        -                  -                  -                    -
ACCEPTED       -                -                     -                    -                  ACCEPTED/ACCEPTED        RELEASED/RELEASED  RESOLVED/RESOLVED  -                    -
RELEASED       -                -                     -                    -                  OWNER_RETURNED/RELEASED  -                  -                  -                    -
RESOLVED       -                -                     -                    -                  OWNER_RETURNED/RESOLVED  -                  -                  -                    -
CANCELLED      -                -                     -                    -                  -                        -                  -                  -                    -
MESSAGE_TAKEN  -                -                     -                    -                  -                        -                  -                  -                    -
"""

TAKE: dict[Step, Callable[[Handoff], Change | None]] = {
    Step.OFFER: lambda one: states.offered(one, "els", expires_at=SOON, now=LATER),
    Step.REJECT: lambda one: states.passed(one, Step.REJECT, now=LATER),
    Step.EXPIRE: lambda one: states.passed(one, Step.EXPIRE, now=LATER),
    Step.RESERVE: lambda one: states.reserved(one, "els", now=LATER),
    Step.CONFIRM: lambda one: states.confirmed(one, one.owner_epoch + 1, now=LATER),
    Step.RELEASE: lambda one: states.given_back(one, Step.RELEASE, outcome="", now=LATER),
    Step.RESOLVE: lambda one: states.given_back(one, Step.RESOLVE, outcome="solved", now=LATER),
    Step.CANCEL: lambda one: states.ended_waiting(one, Step.CANCEL, now=LATER),
    Step.TAKE_MESSAGE: lambda one: states.ended_waiting(one, Step.TAKE_MESSAGE, now=LATER),
}


def cells() -> list[tuple[HandoffState, Step, str]]:
    head, *rows = TABLE.strip().splitlines()
    steps = [Step(name) for name in head.split()]
    return [
        (HandoffState[name], step, cell)
        for name, *row in (line.split() for line in rows)
        for step, cell in zip(steps, row, strict=True)
    ]


def handoff(state: HandoffState = HandoffState.QUEUED) -> Handoff:
    fresh = states.queued("h1", ASKED, deadline_at=NOW + timedelta(minutes=10), now=NOW).handoff
    held = state in OCCUPYING or state in (HandoffState.RELEASED, HandoffState.RESOLVED)
    return replace(
        fresh,
        state=state,
        agent_id="els" if held else "",
        owner_epoch=0 if state in WAITING or state is HandoffState.RESERVED else 2,
        revision=3,
        offer_expires_at=SOON if state is HandoffState.OFFERED else None,
    )


def test_the_table_has_every_state_and_every_step() -> None:
    assert len(cells()) == len(HandoffState) * len(Step) == 72
    assert {(state, step) for state, step, cell in cells() if cell != "-"} == set(states.TRANSITIONS)


@pytest.mark.parametrize(("state", "step", "cell"), cells(), ids=lambda value: str(value))
def test_a_step_leads_on_or_is_refused(state: HandoffState, step: Step, cell: str) -> None:
    before = handoff(state)
    if cell == "-":
        with pytest.raises(HandoffStateInvalid) as refused:
            TAKE[step](before)
        assert refused.value.metadata["state"] == state.name
        assert state.name not in refused.value.metadata["allowed"].split(", ")
        return
    change = TAKE[step](before)
    assert change is not None
    assert f"{change.kind.name}/{change.handoff.state.name}" == cell
    assert change.handoff.revision == before.revision + 1
    assert change.handoff.updated_at == LATER
    assert change.agent_id == (
        "" if state is HandoffState.QUEUED and step not in (Step.OFFER, Step.RESERVE) else "els"
    )


def test_an_offer_never_outlives_the_deadline() -> None:
    change = states.offered(handoff(), "els", expires_at=NOW + timedelta(hours=1), now=NOW)
    assert change.handoff.offer_expires_at == handoff().deadline_at


def test_who_lets_an_offer_pass_is_remembered_in_order_and_keeps_nothing() -> None:
    first = states.passed(handoff(HandoffState.OFFERED), Step.EXPIRE, now=NOW).handoff
    second = states.passed(
        states.offered(first, "jan", expires_at=SOON, now=NOW).handoff, Step.REJECT, now=NOW
    ).handoff
    third = states.passed(
        states.offered(second, "els", expires_at=SOON, now=NOW).handoff, Step.REJECT, now=NOW
    ).handoff
    assert third.passed_agent_ids == ("jan", "els")
    assert (third.agent_id, third.offer_expires_at) == ("", None)
    assert third.created_at == NOW


def test_the_agent_is_confirmed_once() -> None:
    accepted = states.confirmed(handoff(HandoffState.RESERVED), 2, now=LATER)
    assert accepted is not None
    assert (accepted.handoff.owner_epoch, accepted.handoff.owner_confirmed) == (2, True)
    assert states.confirmed(accepted.handoff, 2, now=LATER) is None


def test_a_late_confirmation_of_the_agent_is_not_one_of_the_bot() -> None:
    released = states.given_back(handoff(HandoffState.ACCEPTED), Step.RELEASE, outcome="", now=NOW).handoff
    assert not released.owner_confirmed
    assert states.confirmed(released, 2, now=LATER) is None
    with pytest.raises(OwnerEpochPassed) as refused:
        states.confirmed(released, 1, now=LATER)
    assert refused.value.metadata == {"epoch": "1", "current_epoch": "2"}
    returned = states.confirmed(released, 3, now=LATER)
    assert returned is not None
    assert (returned.kind, returned.handoff.owner_confirmed) == (EventKind.OWNER_RETURNED, True)


def test_sets_of_states_belong_together() -> None:
    assert WAITING.isdisjoint(HELD)
    assert WAITING | HELD == OPEN
    ended = set(HandoffState) - OPEN
    assert not any(step is not Step.CONFIRM for state, step in states.TRANSITIONS if state in ended)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (HandoffState, handoff_pb2.HandoffState),
        (EventKind, handoff_pb2.HandoffEventKind),
        (Presence, handoff_pb2.Presence),
        (ReasonCode, handoff_pb2.ReasonCode),
        (DecisionKind, handoff_pb2.DecisionKind),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_numbers_are_those_of_the_contract(ours: type, theirs: object) -> None:
    prefix = theirs.keys()[0].removesuffix("UNSPECIFIED")  # type: ignore[attr-defined]
    expected = {name.removeprefix(prefix): number for name, number in theirs.items() if number}  # type: ignore[attr-defined]
    assert {member.name: member.value for member in ours} == expected  # type: ignore[attr-defined]
