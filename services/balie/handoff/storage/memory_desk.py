"""A tenant's desk in memory, and how a transaction is undone: each change leaves behind what takes it back."""

import asyncio
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from balie.handoff.domain import Handoff, HandoffEvent
from balie.handoff.matching import free
from balie.handoff.notes.note import Note
from balie.handoff.pairing import Roster
from balie.handoff.staffing.profiles import Agent, Presence, Queue
from balie.handoff.storage.memory_handoffs import HandoffIndex

V = TypeVar("V")
RequestKey = tuple[str, str, str]


class Named(Generic[V]):
    """Values by id, in the order of their ids."""

    def __init__(self) -> None:
        self._by_id: dict[str, V] = {}
        self._ids: list[str] = []

    def get(self, name: str) -> V | None:
        """Returns the value of an id, None when there is none."""
        return self._by_id.get(name)

    def put(self, name: str, value: V | None) -> V | None:
        """Puts a value, or nothing, in place of what the id has; returns what it had."""
        before = self._by_id.pop(name, None)
        if value is not None:
            self._by_id[name] = value
        if before is None and value is not None:
            insort(self._ids, name)
        elif before is not None and value is None:
            self._ids.remove(name)
        return before

    def after(self, name: str) -> Iterator[V]:
        """Yields the values of the ids after one."""
        for index in range(bisect_right(self._ids, name), len(self._ids)):
            yield self._by_id[self._ids[index]]


class MemoryDesk:
    """What a tenant's desk holds.

    Attributes:
        handoffs: all of them.
        queues: by id; those who wait in them are counted when they are read.
        agents: by id.
        roster: who is free now.
        notes: all of them, in the order of their making.
        done: results of writes with their digest, by caller, method and request id.
        head: position of the log's last event.
    """

    def __init__(self) -> None:
        self.handoffs = HandoffIndex()
        self.queues: Named[Queue] = Named()
        self.agents: Named[Agent] = Named()
        self.roster = Roster()
        self.notes: list[Note] = []
        self.done: dict[RequestKey, tuple[str, object]] = {}
        self.head = 0
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None
        self._events: list[HandoffEvent] = []
        self._undo: list[Callable[[], object]] = []
        self._actions: list[Callable[[], None]] = []

    async def enter(self) -> None:
        """Returns when a transaction holds the desk.

        Raises:
            RuntimeError: this task is inside a transaction of this desk already.
        """
        task = asyncio.current_task()
        if self._lock.locked() and self._holder is task:
            raise RuntimeError("a transaction inside a transaction: hand the outer one on instead")
        await self._lock.acquire()
        self._holder = task

    def leave(self) -> None:
        """Ends the transaction that holds the desk."""
        self._holder = None
        self._lock.release()

    def put_handoff(self, handoff: Handoff) -> None:
        """Puts a handoff in place of what has its id."""
        one = replace(handoff, position=0) if handoff.position else handoff
        before = self._move(one.id, one)
        self._undo.append(lambda: self._move(one.id, before))

    def put_queue(self, queue: Queue) -> None:
        """Puts a queue in place of what has its id."""
        queue_id = queue.profile.id
        before = self.queues.put(queue_id, queue)
        self._undo.append(lambda: self.queues.put(queue_id, before))

    def put_agent(self, agent: Agent) -> None:
        """Puts an agent in place of what has their id."""
        before = self._seat(agent.id, agent)
        self._undo.append(lambda: self._seat(agent.id, before))

    def add_note(self, note: Note) -> None:
        """Adds a note."""
        self.notes.append(note)
        self._undo.append(self.notes.pop)

    def remember(self, key: RequestKey, result: tuple[str, object]) -> None:
        """Remembers what a write did."""
        self.done[key] = result
        self._undo.append(lambda: self.done.pop(key))

    def append(self, event: HandoffEvent) -> None:
        """Appends an event to the log."""
        self._events.append(event)
        self.head += 1

    def afterwards(self, action: Callable[[], None]) -> None:
        """Runs an action once all changes stay."""
        self._actions.append(action)

    def keep(self) -> list[HandoffEvent]:
        """Makes all changes stay; returns the events of them."""
        events, self._events = self._events, []
        actions, self._actions = self._actions, []
        self._undo.clear()
        for action in actions:
            action()
        return events

    def undo(self) -> None:
        """Takes all changes back, the last one first."""
        for step in reversed(self._undo):
            step()
        self._undo.clear()
        self._actions.clear()
        self.head -= len(self._events)
        self._events.clear()

    def _move(self, handoff_id: str, handoff: Handoff | None) -> Handoff | None:
        before = self.handoffs.put(handoff_id, handoff)
        for one in (before, handoff):
            if one is not None and one.agent_id:
                self._count(one.agent_id)
        return before

    def _seat(self, agent_id: str, agent: Agent | None) -> Agent | None:
        agent = None if agent is None else self._counted(agent)
        before = self.agents.put(agent_id, agent)
        if agent is None or agent.presence is not Presence.ONLINE:
            self.roster.drop(agent_id)
        else:
            self.roster.put(free(agent))
        return before

    def _count(self, agent_id: str) -> None:
        """Brings an agent up to date about their chats."""
        agent = self.agents.get(agent_id)
        if agent is not None and self._counted(agent) is not agent:
            self._seat(agent_id, agent)

    def _counted(self, agent: Agent) -> Agent:
        """Returns an agent with the number of their chats as it is; the same one when it is right already."""
        chats, on_hold = self.handoffs.occupying(agent.id), self.handoffs.on_hold(agent.id)
        if (agent.open_chats, agent.on_hold) == (chats, on_hold):
            return agent
        return replace(agent, open_chats=chats, on_hold=on_hold)
