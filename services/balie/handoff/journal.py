"""Where every change of a handoff goes through: its row and its event in one transaction, one desk at a time.

Whoever writes holds the lock of the tenant's desk first. So no two writers ever see the same agent with a place left, the
same handoff unoffered or the same conversation without a handoff, on any replica, and locks are always taken in one order.
A desk's writes are a few short statements: at hundreds of them a second it is simpler and no slower than finer locks.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from balie.handoff import events, store
from balie.handoff.domain import OCCUPYING, Handoff, HandoffEvent, QueueProfile
from balie.handoff.events import TOPIC
from balie.handoff.matching import Free, Pairing, Waiting, fits, pair
from balie.handoff.staffing import directory
from balie.handoff.states import Change, offered
from balie.handoff.tables import desks
from balie.kit.database import Database, Transaction
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger, Write

T = TypeVar("T")


_FEW = 50
"""Handoffs of a queue that are looked at in any case."""


def _still_fits(line: list[Waiting], served: set[str], free: list[Free]) -> bool:
    """Tells whether one of a line that goes on waits for a place alone: then nobody behind it comes first."""
    return any(one.id not in served and any(fits(one, agent) for agent in free) for one in line)


def utc_now() -> datetime:
    """Returns the time."""
    return datetime.now(UTC)


class Journal:
    """Writes changes of handoffs, and reads.

    Args:
        database: where the tables and the log are.
        log: the service's one log.
        ledger: remembers what was done under which request id.
        now: the clock.
    """

    def __init__(
        self, database: Database, log: EventLog, ledger: Ledger, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.database = database
        self.log = log
        self.now = now
        self._ledger = ledger

    @asynccontextmanager
    async def writing(self, tenant: str) -> AsyncIterator[Transaction]:
        """Yields a writing transaction that holds the tenant's desk until it ends."""
        async with self.database.write() as tx:
            claim = tx.insert(desks).values(tenant=tenant)
            await tx.execute(
                claim.on_conflict_do_update(
                    index_elements=[desks.c.tenant], set_={"tenant": claim.excluded.tenant}
                )
            )
            yield tx

    async def once(self, write: Write, kind: type[T], work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Does a write at its tenant's desk, or returns what it did when it came before.

        Raises:
            RequestIdReused: its request id came before with another request.
        """
        async with self.writing(write.tenant) as tx:
            return await self._ledger.once(tx, write, kind, lambda: work(tx))

    async def record(self, tx: Transaction, tenant: str, change: Change) -> Handoff:
        """Stores a change and its event; returns the handoff with its position."""
        handoff, now = change.handoff, change.handoff.updated_at
        await (store.add if handoff.revision == 1 else store.replace)(tx, tenant, handoff)
        if change.agent_id and handoff.state not in OCCUPYING:
            await directory.touch(tx, tenant, change.agent_id, now=now)
        position = await store.position(tx, tenant, handoff.id)
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
        )
        await self.log.append(tx, tenant, TOPIC, events.encode(event), event_id=event.id)
        return replace(handoff, position=position)

    async def pairings(self, tx: Transaction, tenant: str) -> list[Pairing]:
        """Returns the offers that could be made now."""
        free = await directory.free_agents(tx, tenant)
        if not free:
            return []
        queues = await directory.queues_with_unoffered(tx, tenant)
        return await self._paired(tx, tenant, queues, free)

    async def _paired(
        self, tx: Transaction, tenant: str, queues: list[QueueProfile], free: list[Free]
    ) -> list[Pairing]:
        """Looks at the first of each queue: as many as there are places, and at more only when of those none fits anybody."""
        limit, now = max(_FEW, sum(agent.spare for agent in free)), self.now()
        lines: dict[str, list[Waiting]] = {}
        unread = queues
        while True:
            for queue in unread:
                lines[queue.id] = await store.unoffered(tx, tenant, queue, now=now, limit=limit)
            made = list(pair(chain.from_iterable(lines.values()), free))
            served = {one.handoff_id for one in made}
            unread = [
                queue
                for queue in queues
                if len(lines[queue.id]) == limit and not _still_fits(lines[queue.id], served, free)
            ]
            if not unread:
                return made
            limit *= 4

    async def draw(self, tx: Transaction, tenant: str) -> None:
        """Offers what waits to those who are free. Belongs at the end of every change that frees a place or adds a handoff."""
        for pairing in await self.pairings(tx, tenant):
            handoff, now = await store.handoff(tx, tenant, pairing.handoff_id), self.now()
            queue = await directory.queue(tx, tenant, handoff.asked.queue_id)
            until = now + queue.profile.offer_timeout
            await self.record(tx, tenant, offered(handoff, pairing.agent_id, expires_at=until, now=now))
