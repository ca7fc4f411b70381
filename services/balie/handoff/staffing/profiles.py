"""The words of staffing: agents and queues.

The numbers of the enums are those of the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from balie.handoff.clocks import Promises
from balie.handoff.staffing.skills import Ring

MAX_WAIT = timedelta(minutes=10)
"""How long a contact waits in a queue that says nothing about it."""
OFFER_TIMEOUT = timedelta(seconds=30)
"""How long an offer stands in a queue that says nothing about it."""
LAST_AGENT_WINDOW = timedelta(days=1)
"""How long a contact's last agent is preferred in a queue that says nothing about it."""
SILENT_AFTER = timedelta(minutes=10)
"""How long an agent may let a contact wait in a queue that says nothing about it."""
HOLD_AFTER = timedelta(minutes=5)
"""After how much silence of the contact a chat goes on hold in a queue that says nothing about it."""
IDLE_RELEASE_AFTER = timedelta(days=1)
"""After how much silence of the contact a chat is released in a queue that says nothing about it."""
CALL_BACK_WITHIN = timedelta(hours=1)
"""Within which business time a contact is called back by a queue that says nothing about it."""
RETURN_PRIORITY = 10
"""What is added to the priority of what comes back to a queue that says nothing about it."""
HOLD_WEIGHT = 0.2
"""What a chat on hold weighs for an agent of whom nothing is said about it."""
_ROUNDING = 1e-9  # weights are decimal fractions, and five of 0.2 are one
OPEN_CHATS_PER_CHAT = 3
"""How many chats an agent has at most for each of weight 1, when nothing is said about it."""


class Presence(IntEnum):
    """Whether an agent takes chats."""

    ONLINE = 1
    """Takes chats."""
    AWAY = 2
    """Keeps the chats at hand and takes no new ones."""
    OFFLINE = 3
    """Takes none."""


class WaitAction(IntEnum):
    """What becomes of a handoff that nobody takes."""

    WAIT = 1
    """It waits."""
    TAKE_MESSAGE = 2
    """The contact is asked to leave a message."""
    CALL_BACK = 3
    """The contact is promised to be called back."""


class AgentOrder(IntEnum):
    """Which agent gets a handoff, of those who fit it equally well."""

    LONGEST_IDLE = 1
    """The one who has had nothing new to do for longest."""
    HIGHEST_SPARE = 2
    """The one with most places left."""
    WEIGHTED_CAPACITY = 3
    """The one of whose places the least share is used, by weight."""


@dataclass(frozen=True, slots=True)
class BreachAction:
    """What is done with a handoff whose promise is broken.

    Attributes:
        queue_id: queue it moves to; empty when it stays.
        priority: what is added to its priority, 0 to 100.
    """

    queue_id: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What an administrator says of an agent.

    Attributes:
        id: unique within the tenant.
        display_name: what contacts see.
        queue_ids: queues the agent works for.
        languages: BCP-47 tags of what the agent writes; empty means any.
        max_chats: weight of the chats at a time, offers included, 0 to 100.
        skills: levels by name, 1 to 5.
        hold_weight: what a chat on hold weighs, 0 to 1; every other weighs 1.
        max_open: chats at a time whatever they weigh, 0 to 500; None is three times `max_chats`.
    """

    id: str
    display_name: str
    queue_ids: tuple[str, ...]
    languages: tuple[str, ...]
    max_chats: int
    skills: Mapping[str, int] = field(default_factory=dict)
    hold_weight: float = HOLD_WEIGHT
    max_open: int | None = None

    @property
    def ceiling(self) -> int:
        """Returns how many chats the agent has at most, whatever they weigh."""
        return self.max_chats * OPEN_CHATS_PER_CHAT if self.max_open is None else self.max_open


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers.

    Attributes:
        profile: what an administrator said of them.
        presence: whether they take chats.
        open_chats: chats now, offers and those on hold included.
        idle_since: when a chat of theirs ended last, or they came online.
        on_hold: those of the chats that are on hold.
    """

    profile: AgentProfile
    presence: Presence
    open_chats: int
    idle_since: datetime
    on_hold: int = 0

    @property
    def id(self) -> str:
        """Returns the agent's id."""
        return self.profile.id

    @property
    def load(self) -> float:
        """Returns what the agent's chats weigh."""
        return self.open_chats - self.on_hold * (1 - self.profile.hold_weight)

    @property
    def spare(self) -> float:
        """Returns the weight that may be added: less than 1 when the agent may be given no other chat."""
        profile = self.profile
        return min(profile.max_chats - self.load, float(profile.ceiling - self.open_chats))

    @property
    def takes_more(self) -> bool:
        """Returns whether the agent may be given another chat, which weighs 1."""
        return self.spare >= 1 - _ROUNDING


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
        promises: within which time contacts are served; None when nothing is promised.
        on_breach: what is done when a promise is broken; None is nothing.
        silent_after: how long an agent lets a contact wait before it is taken from them, 10 seconds to 7 days.
        hold_after: after how much silence of the contact a chat goes on hold by itself, 0 to 7 days; 0 is never.
        idle_release_after: after how much of it a chat is released, 1 minute to 30 days.
        return_priority: what is added to the priority of what comes back from an agent, 0 to 100.
        when_closed: what becomes of what is asked for while the calendar is closed.
        when_timed_out: what becomes of what has waited for `max_wait`: not WAIT.
        overflow_queue_id: where it goes first then; empty for nowhere.
        call_back_within: business time within which a contact is promised to be called back, 1 second to 7 days.
        asks_rating: whether contacts are asked for a rating once it is solved.
        agent_order: who gets it of those who fit equally well.
    """

    id: str
    display_name: str
    max_wait: timedelta = MAX_WAIT
    offer_timeout: timedelta = OFFER_TIMEOUT
    calendar_id: str = ""
    rings: tuple[Ring, ...] = ()
    priority_per_minute: float = 0.0
    last_agent_window: timedelta = LAST_AGENT_WINDOW
    promises: Promises | None = None
    on_breach: BreachAction | None = None
    silent_after: timedelta = SILENT_AFTER
    hold_after: timedelta = HOLD_AFTER
    idle_release_after: timedelta = IDLE_RELEASE_AFTER
    return_priority: int = RETURN_PRIORITY
    when_closed: WaitAction = WaitAction.TAKE_MESSAGE
    when_timed_out: WaitAction = WaitAction.TAKE_MESSAGE
    overflow_queue_id: str = ""
    call_back_within: timedelta = CALL_BACK_WITHIN
    asks_rating: bool = False
    agent_order: AgentOrder = AgentOrder.WEIGHTED_CAPACITY


@dataclass(frozen=True, slots=True)
class Queue:
    """A line in which handoffs wait.

    Attributes:
        profile: what an administrator said of it.
        waiting: handoffs that wait, offered ones included.
        is_paused: whether nothing is offered from it for now.
    """

    profile: QueueProfile
    waiting: int = 0
    is_paused: bool = False
