"""What a tenant's desk reads and writes, wherever it is kept: the port between what happens and its storage.

The desk, the staff, the journal and the sweeper see nothing else, so they are the same over SQL and in memory.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from balie.handoff.business_time import BusinessTime
from balie.handoff.domain import Handoff, HandoffEvent, HandoffState
from balie.handoff.matching import Waiting
from balie.handoff.notes.note import Notebook
from balie.handoff.pairing import Roster
from balie.handoff.staffing.profiles import Agent, AgentProfile, Presence, Queue, QueueProfile
from balie.kit.ledger import Write

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which handoffs are wanted; what is empty does not matter."""

    states: tuple[HandoffState, ...] = ()
    queue_id: str = ""
    agent_id: str = ""
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A handoff's place in the order of lists, after which a page goes on."""

    created_at: datetime
    id: str


class Handoffs(Protocol):
    """The handoffs of a tenant."""

    async def handoff(self, handoff_id: str) -> Handoff:
        """Returns a handoff with its position.

        Raises:
            HandoffNotFound: there is none.
        """

    async def open_handoff(self, conversation_id: str) -> Handoff | None:
        """Returns the conversation's open handoff, None when it has none."""

    async def listed(
        self, wanted: Filter, *, after: Place | None = None, limit: int | None = None
    ) -> list[Handoff]:
        """Returns handoffs, oldest first, with their positions."""

    async def unoffered(self, queue: QueueProfile, *, now: datetime, limit: int) -> list[Waiting]:
        """Returns the first handoffs of a queue that wait, are offered to nobody and still have time, at most `limit`."""

    async def last_agent(self, contact_id: str, *, since: datetime) -> str:
        """Returns the agent with whom a contact's last handoff ended since a moment; empty when none did."""

    async def due(self, *, now: datetime, limit: int) -> list[Handoff]:
        """Returns the handoffs of which something is due by itself, what is due first before the rest, at most `limit`."""

    async def moved_up(self, *, told_before: datetime, limit: int) -> list[Handoff]:
        """Returns handoffs whose place is worth telling beside the one told before a moment, at most `limit`."""

    async def acceptances(self, queue_id: str, *, since: datetime, limit: int) -> list[datetime]:
        """Returns when handoffs of a queue were accepted first, since a moment, the last ones first."""

    async def place(self, handoff: Handoff) -> int:
        """Returns the place in its queue, from 1, that a handoff has or would have; 0 when it does not wait."""

    async def add(self, handoff: Handoff) -> None:
        """Stores a new handoff."""

    async def replace(self, handoff: Handoff) -> None:
        """Stores a handoff in place of its revision before.

        Raises:
            WriteConflict: somebody else has changed it since it was read.
        """


class Staffing(Protocol):
    """The agents and queues of a tenant."""

    async def queue(self, queue_id: str) -> Queue:
        """Returns a queue.

        Raises:
            QueueNotFound: there is none.
        """

    async def queues(self, *, after: str, limit: int) -> list[Queue]:
        """Returns queues by id, those after an id."""

    async def queues_with_unoffered(self) -> list[QueueProfile]:
        """Returns the queues, none that is paused, in which a handoff waits that is offered to nobody, by id."""

    async def missing_queues(self, queue_ids: Collection[str]) -> list[str]:
        """Returns those of the ids that no queue has, in their order."""

    async def require_calendar(self, calendar_id: str) -> None:
        """Returns when there is such a calendar.

        Raises:
            CalendarNotFound: there is none.
        """

    async def hours(self, calendar_id: str) -> BusinessTime:
        """Returns the time that a calendar counts; all of it for an empty id.

        Raises:
            CalendarNotFound: there is no such calendar.
        """

    async def put_queue(self, profile: QueueProfile) -> None:
        """Stores a queue, in place of the one of this id, which stays paused when it is."""

    async def pause_queue(self, queue_id: str, *, is_paused: bool) -> None:
        """Stores whether nothing is offered from a queue for now."""

    async def ensure_queue(self, queue_id: str) -> bool:
        """Returns whether a queue with default limits had to be made."""

    async def agent(self, agent_id: str) -> Agent:
        """Returns an agent.

        Raises:
            AgentNotFound: there is none.
        """

    async def agents(self, *, after: str, limit: int) -> list[Agent]:
        """Returns agents by id, those after an id."""

    async def roster(self) -> Roster:
        """Returns the agents who are online and have a place left for a whole chat."""

    async def put_agent(self, profile: AgentProfile, *, now: datetime) -> None:
        """Stores an agent in place of the one of this id, whose presence stays; a new one is offline."""

    async def put_presence(self, agent_id: str, presence: Presence) -> None:
        """Stores whether an agent takes chats."""

    async def touch(self, agent_id: str, *, now: datetime) -> None:
        """Stores that an agent has a place more from now on."""


class Floor(Handoffs, Staffing, Notebook, Protocol):
    """What one tenant's desk reads and writes within one transaction.

    Attributes:
        tenant: whose desk.
    """

    tenant: str

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs a short action once all of this is kept; never when it is not."""

    async def append(self, event: HandoffEvent) -> None:
        """Appends what happened to the tenant's log."""

    async def head(self) -> int:
        """Returns the position of the log's last event, 0 when nothing ever happened."""

    async def once(self, write: Write, kind: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, or returns the result of the time it was done before.

        Args:
            write: what was asked.
            kind: type of the result.
            work: writes to this floor alone.

        Raises:
            RequestIdReused: its request id came before with another request.
        """


F_co = TypeVar("F_co", bound=Floor, covariant=True)


class Storage(Protocol[F_co]):
    """Where the desks of all tenants are kept."""

    def writing(self, tenant: str) -> AbstractAsyncContextManager[F_co]:
        """Returns a transaction that holds the tenant's desk until it ends: all of it is kept, or nothing of it."""

    def reading(self, tenant: str) -> AbstractAsyncContextManager[F_co]:
        """Returns a transaction that sees one snapshot, and cannot write."""

    async def tenants_with_due(self, *, now: datetime) -> set[str]:
        """Returns the tenants with a handoff of which something is due by itself."""

    async def tenants_with_unoffered(self) -> set[str]:
        """Returns the tenants with a handoff that is offered to nobody."""

    async def tenants_with_waiting(self) -> set[str]:
        """Returns the tenants with a handoff that waits."""
