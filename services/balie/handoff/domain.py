"""The words of the handoff service: handoffs and their events; those of agents and queues are in `staffing.profiles`.

The numbers of the enums are those of the contract, so that a stored state, a sent one and one in a log line are the
same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from balie.handoff.clocks import Clock, ClockKind
from balie.handoff.reasons import Reason
from balie.handoff.staffing.skills import Wanted

ANY_LANGUAGE = "und"
"""The language tag of a contact whose language nobody knows."""


class HandoffState(IntEnum):
    """Where a handoff is between the asking and the end; `balie.handoff.machine` says what leads where."""

    QUEUED = 1
    """Waits for an agent."""
    OFFERED = 2
    """Is offered to one agent, and waits on."""
    RESERVED = 3
    """An agent has accepted; the gateway is yet to make them the owner."""
    ACCEPTED = 4
    """The agent owns the conversation."""
    RELEASED = 5
    """Ended: the agent gave the conversation back to the bot."""
    RESOLVED = 6
    """Ended: the agent solved it."""
    CANCELLED = 7
    """Ended: withdrawn before an agent had it."""
    MESSAGE_TAKEN = 8
    """Ended: nobody came in time."""
    ON_HOLD = 9
    """The agent owns the conversation and waits for the contact."""
    CALL_BACK = 10
    """Waits for the time at which the contact was promised to be called back."""
    EXPIRED = 11
    """Ended: nobody came in time, not even when the contact should have been called back."""


WAITING = frozenset({HandoffState.QUEUED, HandoffState.OFFERED})
"""States in which the contact waits for an agent."""
HELD = frozenset({HandoffState.RESERVED, HandoffState.ACCEPTED, HandoffState.ON_HOLD})
"""States in which an agent has the conversation, or is about to."""
GIVEN_BACK = frozenset({HandoffState.RELEASED, HandoffState.RESOLVED})
"""States in which it has ended by its agent."""
OPEN = WAITING | HELD | {HandoffState.CALL_BACK}
"""States that have not ended; a conversation has at most one handoff in them."""
OCCUPYING = frozenset({HandoffState.OFFERED, *HELD})
"""States that take one of the agent's places."""


class EventKind(IntEnum):
    """What happened to a handoff."""

    QUEUED = 1
    OFFERED = 2
    OFFER_REJECTED = 3
    OFFER_EXPIRED = 4
    RESERVED = 5
    ACCEPTED = 6
    RELEASED = 7
    RESOLVED = 8
    CANCELLED = 9
    MESSAGE_TAKEN = 10
    OWNER_RETURNED = 11
    HELD = 12
    RESUMED = 13
    TRANSFERRED = 14
    AGENT_SILENT = 15
    CLOCK = 16
    POSITION = 17
    MOVED = 18
    CALL_BACK_PROMISED = 19
    CALL_BACK_DUE = 20
    EXPIRED = 21
    SPOKE = 22


class ReleaseReason(IntEnum):
    """How the bot goes on after a person."""

    NONE = 0
    """It was not released."""
    NEW_TOPIC = 1
    """Anew."""
    RESUME = 2
    """Where it was when the person came."""
    SURVEY = 3
    """Anew, and the contact is asked for a rating."""
    IDLE = 4
    """Anew: the contact was silent for so long that it was released by itself."""


class Speaker(IntEnum):
    """Who wrote."""

    CONTACT = 1
    AGENT = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for when a person is asked for, in the queue and with the priority that it came to have since.

    Attributes:
        conversation_id: conversation in which a person is needed.
        contact_id: who writes there.
        channel: where they write.
        language: their BCP-47 language, or `und`.
        queue_id: where the handoff waits.
        reasons: why, most important first.
        turn_id: turn that asked; empty when no turn did.
        priority: higher goes first, -100 to 100.
        suggested_answer_ids: FAQ answers to show to the agent, best first.
        skills: what is wanted of the agent.
    """

    conversation_id: str
    contact_id: str
    channel: str
    language: str
    queue_id: str
    reasons: tuple[Reason, ...]
    turn_id: str = ""
    priority: int = 0
    suggested_answer_ids: tuple[str, ...] = ()
    skills: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """Who wrote last, as far as the gateway has told.

    Attributes:
        contact_waits: whether the contact waits for words of a person.
        since: since when they do, or do not.
        seq: `seq` of the message that made it so; 0 before one did.
    """

    contact_waits: bool
    since: datetime
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """When what happened first; None before.

    Attributes:
        waiting_since: when it last began to wait for an agent.
        accepted_at: when the first agent took it.
        replied_at: when the first agent wrote.
        ended_at: when it ended.
    """

    waiting_since: datetime
    accepted_at: datetime | None = None
    replied_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """A promise to call the contact back.

    Attributes:
        start_at: when it is queued again for that.
        promised_at: when the contact was told that they are called back, at the latest.
    """

    start_at: datetime
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class Handoff:
    """A request for a person.

    Attributes:
        id: sorts by when it was made.
        asked: what was asked for.
        state: where it is.
        agent_id: to whom it is offered, or who has or had it; empty while queued and when nobody ever came.
        passed_agent_ids: who turned it down or let it pass, the one who did so longest ago first.
        owner_epoch: the conversation's epoch that the gateway confirmed last, 0 before the first.
        owner_confirmed: whether the gateway has confirmed the owner that follows from `state`: the agent of an
            ACCEPTED one, the bot after RELEASED and RESOLVED; False in every other state.
        revision: counts its changes, from 1.
        created_at: when it was asked for.
        updated_at: when it last changed.
        offer_expires_at: until when the offer stands; None unless offered.
        deadline_at: when waiting ends and a message is taken instead.
        outcome: how it ended in the agent's own code; empty unless resolved.
        rank: its place among those of its queue: higher first, then longest waiting; `priority` where nothing ages.
        preferred_agent_id: who had the contact last, a short while before; empty when nobody had.
        talk: who wrote last.
        course: when what happened.
        clocks: the promises of its queue, as far as it makes any.
        agent_due_at: when the agent's turn is over: it is taken from them while the contact waits, else it goes on hold or is
            released; None while no agent has it.
        call_back: set once the contact was promised to be called back.
        release_reason: how the bot goes on; NONE unless released, or resolved where the contact is asked for a rating.
        wanted_agent_id: the only agent it is offered to until `wanted_until`; empty when anybody will do.
        wanted_until: None when anybody will do.
        transfers: how often it was transferred.
        past_queue_ids: queues it was in before, and is not moved to again by itself.
        told_position: place that was told last, 0 when none was.
        told_wait: how much longer it should wait by the estimate that was told last; None when none was.
        told_at: when that was.
        next_step_at: when something is due by itself, at the latest; None once it has ended.
        position: place in its queue from 1 when it was read, 0 when it does not wait.
    """

    id: str
    asked: Asked
    state: HandoffState
    talk: Talk
    course: Course
    agent_id: str
    passed_agent_ids: tuple[str, ...]
    owner_epoch: int
    owner_confirmed: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    offer_expires_at: datetime | None
    deadline_at: datetime
    outcome: str = ""
    rank: float = 0.0
    preferred_agent_id: str = ""
    clocks: tuple[Clock, ...] = ()
    agent_due_at: datetime | None = None
    call_back: CallBack | None = None
    release_reason: ReleaseReason = ReleaseReason.NONE
    wanted_agent_id: str = ""
    wanted_until: datetime | None = None
    transfers: int = 0
    past_queue_ids: tuple[str, ...] = ()
    told_position: int = 0
    told_wait: timedelta | None = None
    told_at: datetime | None = None
    next_step_at: datetime | None = None
    position: int = 0

    def is_wanted_at(self, now: datetime) -> bool:
        """Returns whether it is only offered to one agent, because it was transferred to them."""
        return self.wanted_until is not None and self.wanted_until > now

    @property
    def is_called_back(self) -> bool:
        """Returns whether the time to call the contact back has come before."""
        return self.call_back is not None and self.state is not HandoffState.CALL_BACK


@dataclass(frozen=True, slots=True)
class HandoffEvent:
    """That a handoff changed; holds ids, states and numbers alone."""

    id: str
    occurred_at: datetime
    kind: EventKind
    handoff_id: str
    conversation_id: str
    state: HandoffState
    agent_id: str
    """The agent concerned: also the one who turned an offer down, let it pass or lost it."""
    queue_id: str
    revision: int
    position: int
    estimated_wait: timedelta | None = None
    """How much longer it waits, about; None where nothing can be said."""
    release_reason: ReleaseReason = ReleaseReason.NONE
    call_back_at: datetime | None = None
    clock: ClockKind | None = None
    """The promise of which `percent` is used up; set with CLOCK."""
    percent: int = 0
