"""Handoffs in memory, and the indexes by which they are found: nothing is looked for among all of them."""

from collections.abc import Hashable, Iterator
from datetime import datetime
from enum import Enum
from heapq import merge
from itertools import islice, takewhile
from typing import Any

from balie.handoff.domain import GIVEN_BACK, OCCUPYING, OPEN, WAITING, Handoff, HandoffState
from balie.handoff.floor import Filter, Place
from balie.handoff.storage.ordered import Lines

_Moment = tuple[datetime, str]
_Turn = tuple[float, datetime, str]
_Bucket = tuple[str, str, HandoffState]


class _Due(Enum):
    OFFER = 1
    WAIT = 2


class HandoffIndex:
    """The handoffs of a tenant: each is taken out of the indexes as it was, and put in as it is."""

    def __init__(self) -> None:
        self._by_id: dict[str, Handoff] = {}
        self._open: dict[str, str] = {}
        self._buckets: Lines[_Bucket, _Moment] = Lines()
        self._waiting: Lines[str, _Turn] = Lines()
        self._unoffered: Lines[str, _Turn] = Lines()
        self._given_back: Lines[str, _Moment] = Lines()
        self._due: Lines[_Due, _Moment] = Lines()

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
        """Returns a handoff's place in its queue from 1, 0 when it does not wait."""
        if handoff.state not in WAITING:
            return 0
        return self._waiting[handoff.asked.queue_id].before(_turn(handoff)) + 1

    def waiting(self, queue_id: str) -> int:
        """Returns how many wait in a queue."""
        return len(self._waiting[queue_id])

    def occupying(self, agent_id: str) -> int:
        """Returns how many take one of an agent's places."""
        return sum(len(self._buckets["agent", agent_id, state]) for state in OCCUPYING)

    def queues_with_unoffered(self) -> list[str]:
        """Returns the queues in which somebody waits to be offered, by id."""
        return sorted(self._unoffered)

    def unoffered(self, queue_id: str) -> Iterator[Handoff]:
        """Yields those of a queue that wait to be offered, in their order."""
        return (self._by_id[handoff_id] for _, _, handoff_id in self._unoffered[queue_id])

    def expired_offers(self, now: datetime) -> list[Handoff]:
        """Returns those whose offer no longer stands, oldest first."""
        return self._until(_Due.OFFER, now)

    def out_of_time(self, now: datetime) -> list[Handoff]:
        """Returns those that have waited as long as they may, oldest first."""
        return self._until(_Due.WAIT, now)

    def last_agent(self, contact_id: str, since: datetime) -> str:
        """Returns the agent with whom a contact's last one ended since a moment; empty when none did."""
        last = self._given_back[contact_id].last()
        return "" if last is None or last[0] <= since else self._by_id[last[1]].agent_id

    def is_due(self, now: datetime) -> bool:
        """Tells whether an offer or a wait is over."""
        return any(next(iter(self._due[due]), (now, ""))[0] <= now for due in self._due)

    def _until(self, due: _Due, now: datetime) -> list[Handoff]:
        over = takewhile(lambda key: key[0] <= now, self._due[due])
        return sorted((self._by_id[handoff_id] for _, handoff_id in over), key=_asked_at)

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
            yield self._due, _Due.WAIT, (one.deadline_at, one.id)
        if one.state is HandoffState.QUEUED:
            yield self._unoffered, one.asked.queue_id, _turn(one)
        if one.state is HandoffState.OFFERED:
            yield self._due, _Due.OFFER, (one.offer_expires_at, one.id)
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
