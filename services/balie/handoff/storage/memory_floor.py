"""What is read and written of a desk in memory within one transaction."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from balie.handoff.business_time import Always, BusinessTime
from balie.handoff.calendars.errors import CalendarNotFound
from balie.handoff.domain import Handoff, HandoffEvent
from balie.handoff.errors import AgentNotFound, HandoffNotFound, QueueNotFound
from balie.handoff.floor import Filter, Place
from balie.handoff.matching import Waiting, waiting
from balie.handoff.pairing import Roster
from balie.handoff.staffing.profiles import Agent, AgentProfile, Presence, Queue, QueueProfile
from balie.handoff.storage.memory_desk import MemoryDesk
from balie.handoff.storage.memory_part import MemoryPart
from balie.kit.errors import RequestIdReused, WriteConflict
from balie.kit.ledger import Write

T = TypeVar("T")


class MemoryFloor(MemoryPart):
    """A tenant's desk in one transaction.

    Attributes:
        tenant: whose desk.
    """

    def __init__(
        self, desk: MemoryDesk, tenant: str, calendars: Mapping[str, BusinessTime], *, writing: bool
    ) -> None:
        super().__init__(desk, tenant, writing=writing)
        self._calendars = calendars

    async def handoff(self, handoff_id: str) -> Handoff:
        """Returns a handoff with its position.

        Raises:
            HandoffNotFound: there is none.
        """
        found = self._desk.handoffs.get(handoff_id)
        if found is None:
            raise HandoffNotFound(handoff_id)
        return self._placed(found)

    async def open_handoff(self, conversation_id: str) -> Handoff | None:
        """Returns the conversation's open handoff, None when it has none."""
        found = self._desk.handoffs.open_of(conversation_id)
        return None if found is None else self._placed(found)

    async def listed(
        self, wanted: Filter, *, after: Place | None = None, limit: int | None = None
    ) -> list[Handoff]:
        """Returns handoffs, oldest first, with their positions."""
        return [self._placed(one) for one in self._desk.handoffs.listed(wanted, after, limit)]

    async def unoffered(self, queue: QueueProfile, *, now: datetime, limit: int) -> list[Waiting]:
        """Returns the first handoffs of a queue that wait, are offered to nobody and still have time, at most `limit`."""
        line = (one for one in self._desk.handoffs.unoffered(queue.id) if one.deadline_at > now)
        return [waiting(one, queue, now) for one in islice(line, limit)]

    async def last_agent(self, contact_id: str, *, since: datetime) -> str:
        """Returns the agent with whom a contact's last handoff ended since a moment; empty when none did."""
        return self._desk.handoffs.last_agent(contact_id, since)

    async def due(self, *, now: datetime, limit: int) -> list[Handoff]:
        """Returns the handoffs of which something is due by itself, what is due first before the rest, at most `limit`."""
        return [self._placed(one) for one in islice(self._desk.handoffs.due(now), limit)]

    async def moved_up(self, *, told_before: datetime, limit: int) -> list[Handoff]:
        """Returns handoffs whose place is worth telling beside the one told before a moment, at most `limit`."""
        found = self._desk.handoffs.moved_up(told_before)
        return [replace(one, position=place) for place, one in islice(found, limit)]

    async def acceptances(self, queue_id: str, *, since: datetime, limit: int) -> list[datetime]:
        """Returns when handoffs of a queue were accepted first, since a moment, the last ones first."""
        return self._desk.handoffs.acceptances(queue_id, since, limit)

    async def place(self, handoff: Handoff) -> int:
        """Returns the place in its queue, from 1, that a handoff has or would have; 0 when it does not wait."""
        return self._desk.handoffs.place(handoff)

    async def add(self, handoff: Handoff) -> None:
        """Stores a new handoff.

        Raises:
            WriteConflict: its id is taken, or its conversation has an open one.
        """
        already = self._desk.handoffs.open_of(handoff.asked.conversation_id)
        if already is not None or self._desk.handoffs.get(handoff.id) is not None:
            raise WriteConflict
        self._changing().put_handoff(handoff)

    async def replace(self, handoff: Handoff) -> None:
        """Stores a handoff in place of its revision before.

        Raises:
            WriteConflict: somebody else has changed it since it was read.
        """
        before = self._desk.handoffs.get(handoff.id)
        if before is None or before.revision != handoff.revision - 1:
            raise WriteConflict
        self._changing().put_handoff(handoff)

    async def queue(self, queue_id: str) -> Queue:
        """Returns a queue.

        Raises:
            QueueNotFound: there is none.
        """
        found = self._desk.queues.get(queue_id)
        if found is None:
            raise QueueNotFound(queue_id)
        return self._queue(found)

    async def queues(self, *, after: str, limit: int) -> list[Queue]:
        """Returns queues by id, those after an id."""
        return [self._queue(one) for one in islice(self._desk.queues.after(after), limit)]

    async def queues_with_unoffered(self) -> list[QueueProfile]:
        """Returns the queues, none that is paused, in which a handoff waits that is offered to nobody, by id."""
        named = (self._desk.queues.get(one) for one in self._desk.handoffs.queues_with_unoffered())
        return [queue.profile for queue in named if queue is not None and not queue.is_paused]

    async def missing_queues(self, queue_ids: Collection[str]) -> list[str]:
        """Returns those of the ids that no queue has, in their order."""
        return [queue_id for queue_id in queue_ids if self._desk.queues.get(queue_id) is None]

    async def require_calendar(self, calendar_id: str) -> None:
        """Returns when there is such a calendar.

        Raises:
            CalendarNotFound: there is none.
        """
        if calendar_id not in self._calendars:
            raise CalendarNotFound(calendar_id)

    async def hours(self, calendar_id: str) -> BusinessTime:
        """Returns the time that a calendar counts; all of it for an empty id.

        Raises:
            CalendarNotFound: there is no such calendar.
        """
        if not calendar_id:
            return Always()
        await self.require_calendar(calendar_id)
        return self._calendars[calendar_id]

    async def put_queue(self, profile: QueueProfile) -> None:
        """Stores a queue, in place of the one of this id, which stays paused when it is."""
        known = self._desk.queues.get(profile.id)
        self._changing().put_queue(Queue(profile, is_paused=known is not None and known.is_paused))

    async def pause_queue(self, queue_id: str, *, is_paused: bool) -> None:
        """Stores whether nothing is offered from a queue for now."""
        known = self._desk.queues.get(queue_id)
        if known is not None:
            self._changing().put_queue(replace(known, is_paused=is_paused))

    async def ensure_queue(self, queue_id: str) -> bool:
        """Returns whether a queue with default limits had to be made."""
        if self._desk.queues.get(queue_id) is not None:
            return False
        self._changing().put_queue(Queue(QueueProfile(queue_id, queue_id)))
        return True

    async def agent(self, agent_id: str) -> Agent:
        """Returns an agent.

        Raises:
            AgentNotFound: there is none.
        """
        return self._known(agent_id)

    async def agents(self, *, after: str, limit: int) -> list[Agent]:
        """Returns agents by id, those after an id."""
        return list(islice(self._desk.agents.after(after), limit))

    async def roster(self) -> Roster:
        """Returns the agents who are online and have a place left: always the same roster, kept up to date."""
        return self._desk.roster

    async def put_agent(self, profile: AgentProfile, *, now: datetime) -> None:
        """Stores an agent in place of the one of this id, whose presence stays; a new one is offline."""
        known = self._desk.agents.get(profile.id)
        new = Agent(profile, Presence.OFFLINE, open_chats=0, idle_since=now)
        self._changing().put_agent(new if known is None else replace(known, profile=profile))

    async def put_presence(self, agent_id: str, presence: Presence) -> None:
        """Stores whether an agent takes chats."""
        self._changing().put_agent(replace(self._known(agent_id), presence=presence))

    async def touch(self, agent_id: str, *, now: datetime) -> None:
        """Stores that an agent has a place more from now on."""
        self._changing().put_agent(replace(self._known(agent_id), idle_since=now))

    async def append(self, event: HandoffEvent) -> None:
        """Appends what happened to the tenant's log."""
        self._changing().append(event)

    async def head(self) -> int:
        """Returns the position of the log's last event, 0 when nothing ever happened."""
        return self._desk.head

    async def once(self, write: Write, kind: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, or returns the result of the time it was done before.

        Raises:
            RequestIdReused: its request id came before with another request.
        """
        key = (write.caller, write.rpc, write.request_id)
        before = self._desk.done.get(key)
        if before is None:
            result = await work()
            self._changing().remember(key, (write.digest, result))
            return result
        digest, done = before
        if digest != write.digest:
            raise RequestIdReused(write.request_id)
        if not isinstance(done, kind):
            raise TypeError(f"{write.rpc} returned a {type(done).__name__} before")
        return done

    def _placed(self, one: Handoff) -> Handoff:
        place = self._desk.handoffs.place(one)
        return replace(one, position=place) if place else one

    def _queue(self, queue: Queue) -> Queue:
        return replace(queue, waiting=self._desk.handoffs.waiting(queue.profile.id))

    def _known(self, agent_id: str) -> Agent:
        found = self._desk.agents.get(agent_id)
        if found is None:
            raise AgentNotFound(agent_id)
        return found
