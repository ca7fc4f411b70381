"""The log: what happened, by tenant and topic, in the order in which it was committed.

A topic's positions are 1, 2, 3, … without gaps, and handed out in commit order: appending locks the topic's head row
until the transaction ends, so a follower that has seen a position has seen all before it. (A database sequence is
handed out before the commit: a follower that saw 11 would never see the 10 that commits after it.)
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from balie.kit.cursors import FollowerCursors, decode_cursor, encode_cursor
from balie.kit.database import Database, Transaction
from balie.kit.errors import CursorExpired
from balie.kit.ids import new_id
from balie.kit.tables import log, log_head
from balie.kit.wakes import Topic, Wakes

__all__ = ["EventLog", "FollowerCursors", "Record", "decode_cursor", "encode_cursor"]

_BATCH = 500
_HEADS_BATCH = 1024  # topics of one query for heads, two parameters each


@dataclass(frozen=True)
class Record:
    """One event of a topic.

    Attributes:
        tenant: whose log.
        topic: which of the tenant's logs.
        position: 1 for the first event of the topic, then one more for each.
        event_id: unique in its topic.
        payload: a small event of ids, versions and states; never a customer's text.
        recorded_at: the writer's clock; not what orders events.
    """

    tenant: str
    topic: str
    position: int
    event_id: str
    payload: bytes
    recorded_at: datetime


class EventLog:
    """Appends to topics and follows them. One per database and process: followers are woken by their own log's commits.

    Args:
        database: where the log is, beside the tables it tells of.
        poll_seconds: how soon a follower sees what another process appended.
    """

    def __init__(self, database: Database, *, poll_seconds: float = 0.2) -> None:
        self._database = database
        self._wakes = Wakes(self._heads, poll_seconds=poll_seconds)

    async def append(
        self, tx: Transaction, tenant: str, topic: str, payload: bytes, *, event_id: str | None = None
    ) -> Record:
        """Appends an event in the caller's transaction and holds the topic's head until that ends.

        Other writers of this topic wait meanwhile, so append late; who appends to several topics does so in sorted
        order, or two such writers meet in a deadlock (WriteConflict). After the commit, followers are woken.

        Args:
            tx: the writing transaction that also changes the tables.
            tenant: whose log.
            topic: which of the tenant's logs; made by its first event.
            payload: the encoded event.
            event_id: unique in the topic, made up when absent.

        Returns:
            The new record; or, when the topic holds a record with this `event_id`, that one, unchanged whatever the
            payload, and the topic does not advance.
        """
        position = await self._advance(tx, tenant, topic)
        record = Record(tenant, topic, position, event_id or new_id(), payload, datetime.now(UTC))
        values = asdict(record)
        statement = tx.insert(log).values(values)
        stored = await tx.one(
            statement.on_conflict_do_nothing(
                index_elements=[log.c.tenant, log.c.topic, log.c.event_id]
            ).returning(log.c.position)
        )
        if stored is None:
            return await self._existing(tx, record)
        tx.after_commit(partial(self._wakes.wake, tenant, topic))
        return record

    async def _advance(self, tx: Transaction, tenant: str, topic: str) -> int:
        statement = tx.insert(log_head).values(tenant=tenant, topic=topic, position=1, floor=0)
        return int(
            await tx.scalar(
                statement.on_conflict_do_update(
                    index_elements=[log_head.c.tenant, log_head.c.topic],
                    set_={"position": log_head.c.position + 1},
                ).returning(log_head.c.position)
            )
        )

    async def _existing(self, tx: Transaction, record: Record) -> Record:
        # Only now is it certain: before the head was locked, another transaction could still have added it.
        await tx.execute(
            sa.update(log_head)
            .where(log_head.c.tenant == record.tenant, log_head.c.topic == record.topic)
            .values(position=log_head.c.position - 1)
        )
        same = sa.select(log).where(
            log.c.tenant == record.tenant, log.c.topic == record.topic, log.c.event_id == record.event_id
        )
        return _record(*await tx.all(same))

    async def read(self, tenant: str, topic: str, after: int, limit: int = _BATCH) -> Sequence[Record]:
        """Returns the records that follow a position, oldest first, at most `limit`; none at the head.

        Raises:
            CursorExpired: what follows `after` was trimmed, or the topic never reached it.
        """
        async with self._database.read() as tx:
            bounds = await tx.one(_bounds(tenant, topic))
            head, floor = (bounds.position, bounds.floor) if bounds else (0, 0)
            if not floor <= after <= head:
                raise CursorExpired
            if after == head:
                return ()
            newer = sa.select(log).where(log.c.tenant == tenant, log.c.topic == topic, log.c.position > after)
            rows = await tx.all(newer.order_by(log.c.position).limit(limit))
        return [_record(row) for row in rows]

    async def follow(self, tenant: str, topic: str, after: int) -> AsyncGenerator[Record, None]:
        """Yields the records after a position, first those that are there and then each as it is committed.

        Never ends by itself, so who stops early closes it. Holds no connection while the caller works on a record.

        Raises:
            CursorExpired: as `read`; also later, when the topic is trimmed past a follower that lags.
            DatabaseUnavailable: the database does not answer; follow again from the last record.
        """
        position = after
        while True:
            with self._wakes.listening(tenant, topic) as waiter:  # before the read: nothing falls in between
                records = await self.read(tenant, topic, position)
                if not records:
                    await waiter.beyond(position)
                    continue
            for record in records:
                position = record.position
                yield record

    async def head(self, tenant: str, topic: str, tx: Transaction | None = None) -> int:
        """Returns the position of the topic's last record, 0 when nothing was written.

        Args:
            tenant: whose log.
            topic: which of the tenant's logs.
            tx: the snapshot to look in, for "the tables as of this position"; its own when absent.
        """
        if tx is None:
            async with self._database.read() as own:
                return await self.head(tenant, topic, own)
        bounds = await tx.one(_bounds(tenant, topic))
        return int(bounds.position) if bounds else 0

    async def trim(self, tx: Transaction, tenant: str, topic: str, through: int) -> None:
        """Deletes the records up to and including a position, at most up to the head; what is trimmed stays so.

        Followers that have not come so far get CursorExpired and start from a snapshot. A trimmed event's id may be
        used again.
        """
        where = (log_head.c.tenant == tenant, log_head.c.topic == topic)
        bounds = await tx.one(_bounds(tenant, topic).with_for_update())
        if bounds is None:
            return
        floor = max(bounds.floor, min(through, bounds.position))
        await tx.execute(sa.update(log_head).where(*where).values(floor=floor))
        await tx.execute(
            sa.delete(log).where(log.c.tenant == tenant, log.c.topic == topic, log.c.position <= floor)
        )

    async def _heads(self, topics: Collection[Topic]) -> Mapping[Topic, int]:
        """Returns the heads of those topics that exist."""
        wanted, heads = list(topics), {}
        async with self._database.read() as tx:
            for start in range(0, len(wanted), _HEADS_BATCH):
                batch = wanted[start : start + _HEADS_BATCH]
                # Filled up to a power of two, so that few different statements are prepared.
                batch += batch[-1:] * ((1 << (len(batch) - 1).bit_length()) - len(batch))
                key = sa.tuple_(log_head.c.tenant, log_head.c.topic)
                for row in await tx.all(sa.select(log_head).where(key.in_(batch))):
                    heads[row.tenant, row.topic] = int(row.position)
        return heads


def _bounds(tenant: str, topic: str) -> sa.Select[Any]:
    return sa.select(log_head.c.position, log_head.c.floor).where(
        log_head.c.tenant == tenant, log_head.c.topic == topic
    )


def _record(row: sa.Row[Any]) -> Record:
    return Record(row.tenant, row.topic, row.position, row.event_id, row.payload, row.recorded_at)
