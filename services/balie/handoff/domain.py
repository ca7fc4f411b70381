"""The words of the handoff service: handoffs, their events, agents and queues.

The numbers of the enums are those of the contract, so that a stored state, a sent one and one in a log line are the
same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from balie.handoff.staffing.skills import Ring, Wanted

MAX_WAIT = timedelta(minutes=10)
"""How long a contact waits in a queue that says nothing about it."""
OFFER_TIMEOUT = timedelta(seconds=30)
"""How long an offer stands in a queue that says nothing about it."""
LAST_AGENT_WINDOW = timedelta(days=1)
"""How long a contact's last agent is preferred in a queue that says nothing about it."""
ANY_LANGUAGE = "und"
"""The language tag of a contact whose language nobody knows."""


class HandoffState(IntEnum):
    """Where a handoff is between the asking and the end; `balie.handoff.states` says what leads where."""

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


WAITING = frozenset({HandoffState.QUEUED, HandoffState.OFFERED})
"""States in which the contact waits for an agent."""
HELD = frozenset({HandoffState.RESERVED, HandoffState.ACCEPTED})
"""States in which an agent has the conversation, or is about to."""
GIVEN_BACK = frozenset({HandoffState.RELEASED, HandoffState.RESOLVED})
"""States in which it has ended by its agent."""
OPEN = WAITING | HELD
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


class Presence(IntEnum):
    """Whether an agent takes chats."""

    ONLINE = 1
    """Takes chats."""
    AWAY = 2
    """Keeps the chats at hand and takes no new ones."""
    OFFLINE = 3
    """Takes none."""


class ReasonCode(IntEnum):
    """The rule behind a decision or a handoff."""

    KEYWORD = 1
    PERSON_REQUESTED = 2
    FAQ_ANSWER = 3
    INTENT = 4
    INTENT_QUEUE = 5
    AMBIGUOUS = 6
    AMBIGUOUS_AGAIN = 7
    NO_MATCH = 8
    OWNED_BY_PERSON = 9
    NLU_UNAVAILABLE = 10
    FAQ_UNAVAILABLE = 11
    HANDOFF_OPEN = 12
    NOTHING_FOLLOWS = 13
    REQUESTED_BY_STAFF = 14
    RULE = 15
    BOT_REPLIES_CAPPED = 16
    MESSAGE_REPEATED = 17
    ANSWER_REPEATED = 18
    RELEASED_RECENTLY = 19


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision.

    Attributes:
        code: the rule that spoke.
        subject: what it spoke about: an intent, a keyword, an entry, a caller; empty when there is none.
        score: what the rule looked at, None when it looked at no score.
        threshold: what the score was compared with, None when there was nothing.
    """

    code: ReasonCode
    subject: str = ""
    score: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for when a person is asked for.

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
class Handoff:
    """A request for a person.

    Attributes:
        id: sorts by when it was made.
        asked: what was asked for; never changes.
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
        position: place in its queue from 1 when it was read, 0 when it does not wait.
    """

    id: str
    asked: Asked
    state: HandoffState
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
    position: int = 0


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


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What an administrator says of an agent.

    Attributes:
        id: unique within the tenant.
        display_name: what contacts see.
        queue_ids: queues the agent works for.
        languages: BCP-47 tags of what the agent writes; empty means any.
        max_chats: chats at a time, offers included, 0 to 100.
        skills: levels by name, 1 to 5.
    """

    id: str
    display_name: str
    queue_ids: tuple[str, ...]
    languages: tuple[str, ...]
    max_chats: int
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers.

    Attributes:
        profile: what an administrator said of them.
        presence: whether they take chats.
        open_chats: chats now, offers included.
        idle_since: when a chat of theirs ended last, or they came online.
    """

    profile: AgentProfile
    presence: Presence
    open_chats: int
    idle_since: datetime

    @property
    def id(self) -> str:
        """Returns the agent's id."""
        return self.profile.id


@dataclass(frozen=True, slots=True)
class QueueProfile:
    """What an administrator says of a queue.

    Attributes:
        id: unique within the tenant.
        display_name: a name for people.
        max_wait: how long a contact waits before a message is taken, 1 second to 7 days.
        offer_timeout: how long an offer stands, 1 second to 1 hour.
        rings: what is relaxed the longer somebody waits.
        priority_per_minute: what a handoff's priority grows by while it waits, 0 to 100.
        last_agent_window: how long after the end of a handoff its contact's next one prefers the same agent; 0 is never.
        calendar_id: calendar that says when it is open; empty means always.
    """

    id: str
    display_name: str
    max_wait: timedelta = MAX_WAIT
    offer_timeout: timedelta = OFFER_TIMEOUT
    calendar_id: str = ""
    rings: tuple[Ring, ...] = ()
    priority_per_minute: float = 0.0
    last_agent_window: timedelta = LAST_AGENT_WINDOW


@dataclass(frozen=True, slots=True)
class Queue:
    """A line in which handoffs wait.

    Attributes:
        profile: what an administrator said of it.
        waiting: handoffs that wait, offered ones included.
    """

    profile: QueueProfile
    waiting: int = 0
