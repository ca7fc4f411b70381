"""Handoffs in memory, and the indexes by which they are found: nothing is looked for among all of them."""

from collections.abc import Hashable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice, takewhile
from typing import Any

from balie.handoff.domain import GIVEN_BACK, OCCUPYING, OPEN, WAITING, Handoff, HandoffState
from balie.handoff.floor import Filter, Place
from balie.handoff.storage.ordered import Lines
from balie.handoff.waiting import is_worth_telling

_Moment = tuple[datetime, str]
_Turn = tuple[float, datetime, str]
_Bucket = tuple[str, str, HandoffState]


class HandoffIndex:
    """The handoffs of a tenant: each is taken out of the indexes as it was, and put in as it is."""

    def __init__(self) -> None:
        self._by_id: dict[str, Handoff] = {}
        self._open: dict[str, str] = {}
        self._buckets: Lines[_Bucket, _Moment] = Lines()
        self._waiting: Lines[str, _Turn] = Lines()
        self._unoffered: Lines[str, _Turn] = Lines()
        self._given_back: Lines[str, _Moment] = Lines()
        self._due: Lines[None, _Moment] = Lines()
        self._accepted: Lines[str, _Moment] = Lines()

    def get(self, handoff_id: str) -> Handoff | None:
        """Returns a handoff as it was put, None when there is none."""
        return self._by_id.get(handoff_id)

    def put(self, handoff_id: str, handoff: Handoff | None) -> Handoff | None:
        """Puts a handoff in place of what has its id, or nothing; returns what was there before."""
        before = self._by_id.pop(handoff_id, None)
        if before is not None:
            self._leave(before)
        if handoff is not None:
            self._by_id[handoff_id] = handoff
            self._enter(handoff)
        return before

    def open_of(self, conversation_id: str) -> Handoff | None:
        """Returns the conversation's open handoff, None when it has none."""
        found = self._open.get(conversation_id)
        return None if found is None else self._by_id[found]

    def listed(self, wanted: Filter, after: Place | None, limit: int | None) -> list[Handoff]:
        """Returns handoffs, oldest first."""
        kind, value = _most_telling(wanted)
        place = None if after is None else (after.created_at, after.id)
        states = set(wanted.states) or set(HandoffState)
        keys = merge(*(self._buckets[kind, value, state].after(place) for state in states))
        found = (self._by_id[handoff_id] for _, handoff_id in keys)
        return list(islice((one for one in found if _is_wanted(one, wanted)), limit))

    def place(self, handoff: Handoff) -> int:
        """Returns the place in its queue, from 1, that a handoff has or would have; 0 when it does not wait."""
        if handoff.state not in WAITING:
            return 0
        ahead = self._waiting[handoff.asked.queue_id].before(_turn(handoff))
        known = self._by_id.get(handoff.id)
        if known is not None and known.state in WAITING and known.asked.queue_id == handoff.asked.queue_id:
            ahead -= _turn(known) < _turn(handoff)  # nobody waits behind themselves
        return ahead + 1

    def waiting(self, queue_id: str) -> int:
        """Returns how many wait in a queue."""
        return len(self._waiting[queue_id])

    def occupying(self, agent_id: str) -> int:
        """Returns how many take one of an agent's places."""
        return sum(len(self._buckets["agent", agent_id, state]) for state in OCCUPYING)

    def on_hold(self, agent_id: str) -> int:
        """Returns how many of an agent's chats are on hold."""
        return len(self._buckets["agent", agent_id, HandoffState.ON_HOLD])

    def queues_with_waiting(self) -> list[str]:
        """Returns the queues in which somebody waits, by id."""
        return sorted(self._waiting)

    def queues_with_unoffered(self) -> list[str]:
        """Returns the queues in which somebody waits to be offered, by id."""
        return sorted(self._unoffered)

    def unoffered(self, queue_id: str) -> Iterator[Handoff]:
        """Yields those of a queue that wait to be offered, in their order."""
        return (self._by_id[handoff_id] for _, _, handoff_id in self._unoffered[queue_id])

    def due(self, now: datetime) -> Iterator[Handoff]:
        """Yields those of which something is due by itself, what is due first before the rest."""
        over = takewhile(lambda key: key[0] <= now, self._due[None])
        return (self._by_id[handoff_id] for _, handoff_id in over)

    def moved_up(self, told_before: datetime) -> Iterator[tuple[int, Handoff]]:
        """Yields those whose place is worth telling beside the one told before a moment, with it, first places first."""
        found = []
        for queue_id in self._waiting:
            for place, (_, _, handoff_id) in enumerate(self._waiting[queue_id], start=1):
                one = self._by_id[handoff_id]
                if (
                    is_worth_telling(one.told_position, place)
                    and one.told_at is not None
                    and one.told_at <= told_before
                ):
                    found.append((place, handoff_id))
        return ((place, self._by_id[handoff_id]) for place, handoff_id in sorted(found))

    def acceptances(self, queue_id: str, since: datetime, limit: int) -> list[datetime]:
        """Returns when those of a queue were accepted first, since a moment, the last ones first."""
        accepted = takewhile(lambda key: key[0] > since, self._accepted[queue_id].backwards())
        return [at for at, _ in islice(accepted, limit)]

    def last_agent(self, contact_id: str, since: datetime) -> str:
        """Returns the agent with whom a contact's last one ended since a moment; empty when none did."""
        last = self._given_back[contact_id].last()
        return "" if last is None or last[0] <= since else self._by_id[last[1]].agent_id

    def is_due(self, now: datetime) -> bool:
        """Tells whether something is due by itself."""
        return any(True for _ in self.due(now))

    def _enter(self, one: Handoff) -> None:
        for lines, name, key in self._places(one):
            lines.add(name, key)
        if one.state in OPEN:
            self._open[one.asked.conversation_id] = one.id

    def _leave(self, one: Handoff) -> None:
        for lines, name, key in self._places(one):
            lines.remove(name, key)
        if one.state in OPEN:
            del self._open[one.asked.conversation_id]

    def _places(self, one: Handoff) -> Iterator[tuple[Lines[Any, Any], Hashable, tuple[Any, ...]]]:
        """Yields where a handoff is found: the lines, its name in them, and its key."""
        for kind, value in _kinds(one):
            yield self._buckets, (kind, value, one.state), _asked_at(one)
        if one.state in WAITING:
            yield self._waiting, one.asked.queue_id, _turn(one)
        if one.state is HandoffState.QUEUED:
            yield self._unoffered, one.asked.queue_id, _turn(one)
        if one.next_step_at is not None:
            yield self._due, None, (one.next_step_at, one.id)
        if one.course.accepted_at is not None:
            yield self._accepted, one.asked.queue_id, (one.course.accepted_at, one.id)
        if one.state in GIVEN_BACK:
            yield self._given_back, one.asked.contact_id, (one.updated_at, one.id)


def _asked_at(one: Handoff) -> _Moment:
    return one.created_at, one.id


def _turn(one: Handoff) -> _Turn:
    return -one.rank, one.created_at, one.id


def _kinds(one: Handoff) -> Iterator[tuple[str, str]]:
    yield "", ""
    yield "queue", one.asked.queue_id
    yield "conversation", one.asked.conversation_id
    if one.agent_id:
        yield "agent", one.agent_id


def _most_telling(wanted: Filter) -> tuple[str, str]:
    """Returns the condition that leaves fewest."""
    for kind, value in (
        ("conversation", wanted.conversation_id),
        ("agent", wanted.agent_id),
        ("queue", wanted.queue_id),
    ):
        if value:
            return kind, value
    return "", ""


def _is_wanted(one: Handoff, wanted: Filter) -> bool:
    return (
        wanted.queue_id in ("", one.asked.queue_id)
        and wanted.agent_id in ("", one.agent_id)
        and wanted.conversation_id in ("", one.asked.conversation_id)
    )
