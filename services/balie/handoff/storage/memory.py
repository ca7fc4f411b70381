"""Desks in memory: for tests and simulations, which run the very code of the service over them. Nothing outlives the process."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from balie.handoff.calendars.errors import CalendarNotFound
from balie.handoff.domain import (
    Agent,
    AgentProfile,
    Handoff,
    HandoffEvent,
    Presence,
    Queue,
    QueueProfile,
)
from balie.handoff.errors import AgentNotFound, HandoffNotFound, QueueNotFound
from balie.handoff.floor import Filter, Place
from balie.handoff.matching import Waiting, waiting
from balie.handoff.pairing import Roster
from balie.handoff.storage.memory_desk import MemoryDesk
from balie.kit.errors import RequestIdReused, WriteConflict
from balie.kit.ledger import Write

T = TypeVar("T")


class MemoryFloor:
    """A tenant's desk in one transaction.

    Attributes:
        tenant: whose desk.
    """

    def __init__(self, desk: MemoryDesk, tenant: str, *, writing: bool) -> None:
        self.tenant = tenant
        self._desk = desk
        self._writing = writing

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

    async def expired_offers(self, *, now: datetime) -> list[Handoff]:
        """Returns the handoffs whose offer no longer stands."""
        return [self._placed(one) for one in self._desk.handoffs.expired_offers(now)]

    async def out_of_time(self, *, now: datetime) -> list[Handoff]:
        """Returns the handoffs that have waited as long as they may."""
        return [self._placed(one) for one in self._desk.handoffs.out_of_time(now)]

    async def position(self, handoff_id: str) -> int:
        """Returns a handoff's place in its queue from 1, 0 when it does not wait."""
        found = self._desk.handoffs.get(handoff_id)
        return 0 if found is None else self._desk.handoffs.place(found)

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
        """Returns the queues in which a handoff waits that is offered to nobody, by id."""
        named = (self._desk.queues.get(one) for one in self._desk.handoffs.queues_with_unoffered())
        return [queue for queue in named if queue is not None]

    async def missing_queues(self, queue_ids: Collection[str]) -> list[str]:
        """Returns those of the ids that no queue has, in their order."""
        return [queue_id for queue_id in queue_ids if self._desk.queues.get(queue_id) is None]

    async def require_calendar(self, calendar_id: str) -> None:
        """Returns when there is such a calendar.

        Raises:
            CalendarNotFound: there is none.
        """
        raise CalendarNotFound(calendar_id)

    async def put_queue(self, profile: QueueProfile) -> None:
        """Stores a queue, in place of the one of this id."""
        self._changing().put_queue(profile)

    async def ensure_queue(self, queue_id: str) -> bool:
        """Returns whether a queue with default limits had to be made."""
        if self._desk.queues.get(queue_id) is not None:
            return False
        self._changing().put_queue(QueueProfile(queue_id, queue_id))
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

    def _changing(self) -> MemoryDesk:
        if not self._writing:
            raise RuntimeError("a reading transaction cannot write")
        return self._desk

    def _placed(self, one: Handoff) -> Handoff:
        place = self._desk.handoffs.place(one)
        return replace(one, position=place) if place else one

    def _queue(self, profile: QueueProfile) -> Queue:
        return Queue(profile, waiting=self._desk.handoffs.waiting(profile.id))

    def _known(self, agent_id: str) -> Agent:
        found = self._desk.agents.get(agent_id)
        if found is None:
            raise AgentNotFound(agent_id)
        return found


_Told = Callable[[str, HandoffEvent], object]


class _Transaction(AbstractAsyncContextManager[MemoryFloor]):
    """One transaction at a desk; a reading one is told to nobody."""

    def __init__(self, desk: MemoryDesk, tenant: str, told: _Told | None) -> None:
        self._desk = desk
        self._tenant = tenant
        self._told = told

    async def __aenter__(self) -> MemoryFloor:
        await self._desk.enter()
        return MemoryFloor(self._desk, self._tenant, writing=self._told is not None)

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            events = self._desk.keep()
        else:
            events = []
            self._desk.undo()
        self._desk.leave()
        if self._told is not None:
            for event in events:
                self._told(self._tenant, event)


class MemoryStorage:
    """The desks of all tenants in memory. One transaction of a desk at a time, reading or writing.

    Args:
        told: is given each event of a tenant once its transaction is kept, in their order.
    """

    def __init__(self, told: _Told = lambda tenant, event: None) -> None:
        self._desks: dict[str, MemoryDesk] = {}
        self._told = told

    def writing(self, tenant: str) -> AbstractAsyncContextManager[MemoryFloor]:
        """Returns a transaction that holds the tenant's desk until it ends: all of it is kept, or nothing of it."""
        return _Transaction(self._desk(tenant), tenant, self._told)

    def reading(self, tenant: str) -> AbstractAsyncContextManager[MemoryFloor]:
        """Returns a transaction that sees one snapshot, and cannot write."""
        return _Transaction(self._desk(tenant), tenant, None)

    async def tenants_with_due(self, *, now: datetime) -> set[str]:
        """Returns the tenants with an offer or a wait that is over."""
        return {tenant for tenant, desk in self._desks.items() if desk.handoffs.is_due(now)}

    async def tenants_with_unoffered(self) -> set[str]:
        """Returns the tenants with a handoff that is offered to nobody."""
        return {tenant for tenant, desk in self._desks.items() if desk.handoffs.queues_with_unoffered()}

    def _desk(self, tenant: str) -> MemoryDesk:
        desk = self._desks.get(tenant)
        if desk is None:
            desk = self._desks[tenant] = MemoryDesk()
        return desk
