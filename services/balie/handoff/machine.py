"""Which step leads a handoff from which state to which: the only table of it, and the only place that changes a handoff."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from balie.handoff import clocks
from balie.handoff.clocks import ClockKind
from balie.handoff.domain import HELD, OPEN, WAITING, EventKind, Handoff, HandoffState
from balie.handoff.errors import HandoffStateInvalid


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
    """The agent gives the conversation back to the bot, or the contact was silent for too long."""
    RESOLVE = "resolve"
    """The agent solved it."""
    CANCEL = "cancel"
    """It is withdrawn."""
    TAKE_MESSAGE = "take_message"
    """Nobody came in time."""
    GIVE_UP = "give_up"
    """Nobody came when the contact should have been called back."""
    HOLD = "hold"
    """It waits for the contact."""
    RESUME = "resume"
    """It waits for the contact no longer."""
    SPEAK = "speak"
    """The contact or the agent wrote, after the other."""
    TRANSFER = "transfer"
    """It is sent to another queue or agent."""
    LOSE = "lose"
    """The agent let the contact wait for too long."""
    MOVE = "move"
    """It goes to another queue or gets another priority by itself."""
    PROMISE = "promise"
    """The contact is promised to be called back."""
    CALL = "call"
    """The time to call the contact back has come."""
    TELL_CLOCK = "tell_clock"
    """So much of a promise is used up."""
    TELL_POSITION = "tell_position"
    """It has another place in its queue."""


def _from(
    *befores: HandoffState, step: Step, to: HandoffState | None, kind: EventKind
) -> Mapping[tuple[HandoffState, Step], tuple[HandoffState, EventKind]]:
    return {(before, step): (to or before, kind) for before in befores}


_Q, _O, _R, _A = HandoffState.QUEUED, HandoffState.OFFERED, HandoffState.RESERVED, HandoffState.ACCEPTED
_H, _C = HandoffState.ON_HOLD, HandoffState.CALL_BACK
_GIVEN = (HandoffState.RELEASED, HandoffState.RESOLVED)

TRANSITIONS: Mapping[tuple[HandoffState, Step], tuple[HandoffState, EventKind]] = {
    **_from(_Q, step=Step.OFFER, to=_O, kind=EventKind.OFFERED),
    **_from(_O, step=Step.REJECT, to=_Q, kind=EventKind.OFFER_REJECTED),
    **_from(_O, step=Step.EXPIRE, to=_Q, kind=EventKind.OFFER_EXPIRED),
    **_from(_Q, _O, _C, step=Step.RESERVE, to=_R, kind=EventKind.RESERVED),
    **_from(_R, _A, step=Step.CONFIRM, to=_A, kind=EventKind.ACCEPTED),
    **_from(_H, step=Step.CONFIRM, to=_H, kind=EventKind.ACCEPTED),
    **_from(*_GIVEN, step=Step.CONFIRM, to=None, kind=EventKind.OWNER_RETURNED),
    **_from(_A, _H, step=Step.RELEASE, to=HandoffState.RELEASED, kind=EventKind.RELEASED),
    **_from(_A, _H, step=Step.RESOLVE, to=HandoffState.RESOLVED, kind=EventKind.RESOLVED),
    **_from(_Q, _O, _C, step=Step.CANCEL, to=HandoffState.CANCELLED, kind=EventKind.CANCELLED),
    **_from(_Q, _O, step=Step.TAKE_MESSAGE, to=HandoffState.MESSAGE_TAKEN, kind=EventKind.MESSAGE_TAKEN),
    **_from(_Q, _O, step=Step.GIVE_UP, to=HandoffState.EXPIRED, kind=EventKind.EXPIRED),
    **_from(_Q, _O, step=Step.PROMISE, to=_C, kind=EventKind.CALL_BACK_PROMISED),
    **_from(_C, step=Step.CALL, to=_Q, kind=EventKind.CALL_BACK_DUE),
    **_from(_A, step=Step.HOLD, to=_H, kind=EventKind.HELD),
    **_from(_H, step=Step.RESUME, to=_A, kind=EventKind.RESUMED),
    **_from(_R, _A, step=Step.SPEAK, to=None, kind=EventKind.SPOKE),
    **_from(_R, _A, _H, step=Step.LOSE, to=_Q, kind=EventKind.AGENT_SILENT),
    **_from(_Q, _O, _R, _A, _H, _C, step=Step.TRANSFER, to=_Q, kind=EventKind.TRANSFERRED),
    **_from(_Q, _O, _R, _A, _H, step=Step.MOVE, to=_Q, kind=EventKind.MOVED),
    **_from(_Q, _O, _R, _A, _H, step=Step.TELL_CLOCK, to=None, kind=EventKind.CLOCK),
    **_from(_Q, _O, step=Step.TELL_POSITION, to=None, kind=EventKind.POSITION),
}
"""Every step that is possible; whatever is not here is refused. A RESERVED handoff cannot be cancelled or ended: the gateway may
have made the agent the owner already. It can be queued again, as the gateway makes the bot the owner of whatever waits."""


@dataclass(frozen=True, slots=True)
class Change:
    """A handoff after a step.

    Attributes:
        handoff: as it is now.
        kind: what happened.
        agent_id: the agent concerned, who may have lost it by this; empty when there is none.
        clock: the promise of which a share is used up; set with CLOCK.
        percent: that share.
    """

    handoff: Handoff
    kind: EventKind
    agent_id: str
    clock: ClockKind | None = None
    percent: int = 0


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


def next_step_at(handoff: Handoff) -> datetime | None:
    """Returns when something is due by itself at the latest; None once it has ended."""
    if handoff.state not in OPEN:
        return None
    moments = [clocks.next_moment(handoff.clocks)]
    if handoff.state in WAITING:
        moments += [handoff.deadline_at, handoff.offer_expires_at]
    elif handoff.state in HELD:
        moments += [handoff.agent_due_at]
    elif handoff.call_back is not None:
        moments += [handoff.call_back.start_at]
    return min((moment for moment in moments if moment is not None), default=None)


def changed(handoff: Handoff, step: Step, now: datetime, **values: Any) -> Change:
    """Returns the handoff after a step that also changes some of its attributes.

    Raises:
        HandoffStateInvalid: the step is not possible in the handoff's state.
    """
    state, kind = target(handoff, step)
    after = replace(handoff, state=state, revision=handoff.revision + 1, updated_at=now, **values)
    after = replace(after, next_step_at=next_step_at(after))
    return Change(after, kind, after.agent_id or handoff.agent_id)
