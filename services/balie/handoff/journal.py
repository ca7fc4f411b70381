"""Where every change of a handoff goes through: its row and its event in one transaction, one desk at a time.

Whoever writes holds the lock of the tenant's desk first. So no two writers ever see the same agent with a place left, the
same handoff unoffered or the same conversation without a handoff, on any replica, and locks are always taken in one order.
A desk's writes are a few short statements: at hundreds of them a second it is simpler and no slower than finer locks.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Generic, TypeVar

from balie.handoff.domain import OCCUPYING, Handoff, HandoffEvent
from balie.handoff.floor import F_co, Floor, Storage
from balie.handoff.machine import Change
from balie.handoff.matching import Waiting
from balie.handoff.pairing import Pairing, Roster, pair
from balie.handoff.rules import Rulebook, Rules
from balie.handoff.staffing.profiles import QueueProfile
from balie.handoff.timers import queues_of
from balie.handoff.waiting import offered
from balie.kit.ids import new_id
from balie.kit.ledger import Write

T = TypeVar("T")


_FEW = 50
"""Handoffs of a queue that are looked at in any case."""
_RECENT, _ACCEPTANCES, _LEAST_ACCEPTANCES = timedelta(hours=1), 20, 3
"""What the estimate of a wait rests on: at most so many acceptances of so long, and no estimate with fewer than the least."""


def _promised_at(handoff: Handoff) -> datetime | None:
    return handoff.call_back.promised_at if handoff.call_back else None


def _still_fits(line: list[Waiting], served: set[str], roster: Roster) -> bool:
    """Tells whether one of a line that goes on waits for a place alone: then nobody behind it comes first."""
    return any(one.id not in served and roster.suits(one) for one in line)


def utc_now() -> datetime:
    """Returns the time."""
    return datetime.now(UTC)


class Journal(Generic[F_co]):
    """Writes changes of handoffs, and reads.

    Args:
        storage: where the desks are kept.
        now: the clock.
        draws: is told whose desk has something to offer, and sees to it, once what made it so is on disk; None when the
            journal makes offers itself, by the service's own rules.
    """

    def __init__(
        self,
        storage: Storage[F_co],
        *,
        now: Callable[[], datetime] = utc_now,
        draws: Callable[[str], None] | None = None,
    ) -> None:
        self.storage = storage
        self.now = now
        self._draws = draws

    def writing(self, tenant: str) -> AbstractAsyncContextManager[F_co]:
        """Returns a transaction that holds the tenant's desk until it ends."""
        return self.storage.writing(tenant)

    def reading(self, tenant: str) -> AbstractAsyncContextManager[F_co]:
        """Returns a transaction that sees one snapshot, and cannot write."""
        return self.storage.reading(tenant)

    async def once(self, write: Write, kind: type[T], work: Callable[[F_co], Awaitable[T]]) -> T:
        """Does a write at its tenant's desk, or returns what it did when it came before.

        Raises:
            RequestIdReused: its request id came before with another request.
        """
        async with self.writing(write.tenant) as floor:
            return await floor.once(write, kind, lambda: work(floor))

    async def record(self, floor: Floor, change: Change) -> Handoff:
        """Stores a change and its event; returns the handoff with its position."""
        handoff, now = change.handoff, change.handoff.updated_at
        position = await floor.place(handoff)
        wait = await self._wait(floor, handoff.asked.queue_id, position) if position else None
        handoff = replace(handoff, told_position=position, told_wait=wait, told_at=now, position=position)
        await (floor.add if handoff.revision == 1 else floor.replace)(handoff)
        if change.agent_id and handoff.state not in OCCUPYING:
            await floor.touch(change.agent_id, now=now)
        event = HandoffEvent(
            id=new_id(),
            occurred_at=now,
            kind=change.kind,
            handoff_id=handoff.id,
            conversation_id=handoff.asked.conversation_id,
            state=handoff.state,
            agent_id=change.agent_id,
            queue_id=handoff.asked.queue_id,
            revision=handoff.revision,
            position=position,
            estimated_wait=wait,
            release_reason=handoff.release_reason,
            call_back_at=_promised_at(handoff),
            clock=change.clock,
            percent=change.percent,
        )
        await floor.append(event)
        return handoff

    async def rules(self, floor: Floor, queue_id: str) -> Rules:
        """Returns the rules of a queue.

        Raises:
            QueueNotFound: there is no such queue.
        """
        profile = (await floor.queue(queue_id)).profile
        return Rules(profile, await floor.hours(profile.calendar_id))

    async def rulebook(self, floor: Floor, handoff: Handoff) -> Rulebook:
        """Returns the rules of a handoff's queue, and of those that it may move to by itself."""
        rules = await self.rules(floor, handoff.asked.queue_id)
        others = [queue_id for queue_id in queues_of(rules) if queue_id != rules.queue.id]
        return {rules.queue.id: rules} | {queue_id: await self.rules(floor, queue_id) for queue_id in others}

    async def _wait(self, floor: Floor, queue_id: str, position: int) -> timedelta | None:
        """Returns how long the wait at a place should be: the place times the mean time between the last acceptances."""
        since = self.now() - _RECENT
        taken = await floor.acceptances(queue_id, since=since, limit=_ACCEPTANCES)
        if len(taken) < _LEAST_ACCEPTANCES:
            return None
        return (taken[0] - taken[-1]) / (len(taken) - 1) * position

    async def pairings(self, floor: Floor) -> list[Pairing]:
        """Returns the offers that could be made now."""
        queues = await floor.queues_with_unoffered()
        if not queues:  # most often nobody waits, and then nobody who is free need be looked at
            return []
        roster = await floor.roster()
        return await self._paired(floor, queues, roster) if roster else []

    async def _paired(self, floor: Floor, queues: list[QueueProfile], roster: Roster) -> list[Pairing]:
        """Looks at the first of each queue: as many as there are places, and at more only when of those none fits anybody."""
        limit, now = max(_FEW, roster.places), self.now()
        lines: dict[str, list[Waiting]] = {}
        unread = queues
        while True:
            for queue in unread:
                lines[queue.id] = await floor.unoffered(queue, now=now, limit=limit)
            made = pair(chain.from_iterable(lines.values()), roster)
            served = {one.handoff_id for one in made}
            unread = [
                queue
                for queue in queues
                if len(lines[queue.id]) == limit and not _still_fits(lines[queue.id], served, roster)
            ]
            if not unread:
                return made
            limit *= 4

    async def draw(self, floor: Floor) -> None:
        """Offers what waits to those who are free. Belongs at the end of every change that frees a place or adds a handoff."""
        if self._draws is not None:
            floor.after_commit(partial(self._draws, floor.tenant))
            return
        for pairing in await self.pairings(floor):
            handoff, now = await floor.handoff(pairing.handoff_id), self.now()
            rules = await self.rules(floor, handoff.asked.queue_id)
            await self.record(floor, offered(handoff, pairing.agent_id, rules, now=now))
