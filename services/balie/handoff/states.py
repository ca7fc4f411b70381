"""What may happen to a handoff in which state, and what it is afterwards: pure, and the only place that changes one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from balie.handoff.domain import Asked, EventKind, Handoff, HandoffState
from balie.handoff.errors import HandoffStateInvalid, OwnerEpochPassed


class Step(StrEnum):
    """Something that happens to a handoff."""

    OFFER = "offer"
    """It is offered to an agent."""
    REJECT = "reject"
    """The agent turns the offer down, or stops taking chats."""
    EXPIRE = "expire"
    """The agent lets the offer pass."""
    RESERVE = "reserve"
    """An agent accepts: an offer, or a waiting one they picked."""
    CONFIRM = "confirm"
    """The gateway has applied the owner that follows."""
    RELEASE = "release"
    """The agent gives the conversation back to the bot."""
    RESOLVE = "resolve"
    """The agent solved it."""
    CANCEL = "cancel"
    """It is withdrawn."""
    TAKE_MESSAGE = "take_message"
    """Nobody came in time."""


TRANSITIONS: Mapping[tuple[HandoffState, Step], tuple[HandoffState, EventKind]] = {
    (HandoffState.QUEUED, Step.OFFER): (HandoffState.OFFERED, EventKind.OFFERED),
    (HandoffState.QUEUED, Step.RESERVE): (HandoffState.RESERVED, EventKind.RESERVED),
    (HandoffState.QUEUED, Step.CANCEL): (HandoffState.CANCELLED, EventKind.CANCELLED),
    (HandoffState.QUEUED, Step.TAKE_MESSAGE): (HandoffState.MESSAGE_TAKEN, EventKind.MESSAGE_TAKEN),
    (HandoffState.OFFERED, Step.REJECT): (HandoffState.QUEUED, EventKind.OFFER_REJECTED),
    (HandoffState.OFFERED, Step.EXPIRE): (HandoffState.QUEUED, EventKind.OFFER_EXPIRED),
    (HandoffState.OFFERED, Step.RESERVE): (HandoffState.RESERVED, EventKind.RESERVED),
    (HandoffState.OFFERED, Step.CANCEL): (HandoffState.CANCELLED, EventKind.CANCELLED),
    (HandoffState.OFFERED, Step.TAKE_MESSAGE): (HandoffState.MESSAGE_TAKEN, EventKind.MESSAGE_TAKEN),
    (HandoffState.RESERVED, Step.CONFIRM): (HandoffState.ACCEPTED, EventKind.ACCEPTED),
    (HandoffState.ACCEPTED, Step.CONFIRM): (HandoffState.ACCEPTED, EventKind.ACCEPTED),
    (HandoffState.ACCEPTED, Step.RELEASE): (HandoffState.RELEASED, EventKind.RELEASED),
    (HandoffState.ACCEPTED, Step.RESOLVE): (HandoffState.RESOLVED, EventKind.RESOLVED),
    (HandoffState.RELEASED, Step.CONFIRM): (HandoffState.RELEASED, EventKind.OWNER_RETURNED),
    (HandoffState.RESOLVED, Step.CONFIRM): (HandoffState.RESOLVED, EventKind.OWNER_RETURNED),
}
"""Every step that is possible; whatever is not here is refused. A RESERVED handoff cannot be cancelled or given back: the
gateway may have made the agent the owner already, and confirms when it is back."""


@dataclass(frozen=True, slots=True)
class Change:
    """A handoff after a step.

    Attributes:
        handoff: as it is now.
        kind: what happened.
        agent_id: the agent concerned, who may have lost it by this; empty when there is none.
    """

    handoff: Handoff
    kind: EventKind
    agent_id: str


def queued(
    handoff_id: str,
    asked: Asked,
    *,
    deadline_at: datetime,
    now: datetime,
    rank: float = 0.0,
    preferred_agent_id: str = "",
) -> Change:
    """Returns a new handoff that waits until the deadline."""
    handoff = Handoff(
        id=handoff_id,
        asked=asked,
        state=HandoffState.QUEUED,
        agent_id="",
        passed_agent_ids=(),
        owner_epoch=0,
        owner_confirmed=False,
        revision=1,
        created_at=now,
        updated_at=now,
        offer_expires_at=None,
        deadline_at=deadline_at,
        rank=rank,
        preferred_agent_id=preferred_agent_id,
    )
    return Change(handoff, EventKind.QUEUED, "")


def offered(handoff: Handoff, agent_id: str, *, expires_at: datetime, now: datetime) -> Change:
    """Returns the handoff offered to an agent until a moment, or until its deadline when that is earlier."""
    until = min(expires_at, handoff.deadline_at)
    return _changed(handoff, Step.OFFER, now, agent_id=agent_id, offer_expires_at=until)


def passed(handoff: Handoff, step: Step, *, now: datetime) -> Change:
    """Returns the handoff back in its place, after its agent turned the offer down (REJECT) or let it pass (EXPIRE)."""
    others = tuple(agent_id for agent_id in handoff.passed_agent_ids if agent_id != handoff.agent_id)
    passed_by = (*others, handoff.agent_id)
    return _changed(handoff, step, now, agent_id="", offer_expires_at=None, passed_agent_ids=passed_by)


def reserved(handoff: Handoff, agent_id: str, *, now: datetime) -> Change:
    """Returns the handoff taken by an agent."""
    return _changed(handoff, Step.RESERVE, now, agent_id=agent_id, offer_expires_at=None)


def ended_waiting(handoff: Handoff, step: Step, *, now: datetime) -> Change:
    """Returns the handoff withdrawn (CANCEL) or out of time (TAKE_MESSAGE); an offer of it is void."""
    return _changed(handoff, step, now, agent_id="", offer_expires_at=None)


def given_back(handoff: Handoff, step: Step, *, outcome: str, now: datetime) -> Change:
    """Returns the handoff ended by its agent (RELEASE or RESOLVE); the gateway is yet to confirm the bot."""
    return _changed(handoff, step, now, outcome=outcome, owner_confirmed=False)


def confirmed(handoff: Handoff, epoch: int, *, now: datetime) -> Change | None:
    """Returns the handoff with its owner confirmed; None when nothing is new.

    An epoch that was confirmed already says nothing about the present state: after a release, the late repetition of
    the confirmation of the agent is not taken for one of the bot.

    Raises:
        HandoffStateInvalid: no owner follows from its state.
        OwnerEpochPassed: a later epoch was confirmed before.
    """
    target(handoff, Step.CONFIRM)
    if epoch < handoff.owner_epoch:
        raise OwnerEpochPassed(epoch=epoch, current_epoch=handoff.owner_epoch)
    if epoch == handoff.owner_epoch:
        return None
    return _changed(handoff, Step.CONFIRM, now, owner_epoch=epoch, owner_confirmed=True)


def target(handoff: Handoff, step: Step) -> tuple[HandoffState, EventKind]:
    """Returns the state and the event that a step leads to.

    Raises:
        HandoffStateInvalid: the step is not possible in the handoff's state.
    """
    found = TRANSITIONS.get((handoff.state, step))
    if found is None:
        allowed = [state.name for state, possible in TRANSITIONS if possible is step]
        raise HandoffStateInvalid(handoff.id, state=handoff.state.name, allowed=allowed)
    return found


def _changed(handoff: Handoff, step: Step, now: datetime, **values: Any) -> Change:
    state, kind = target(handoff, step)
    changed = replace(handoff, state=state, revision=handoff.revision + 1, updated_at=now, **values)
    return Change(changed, kind, changed.agent_id or handoff.agent_id)
