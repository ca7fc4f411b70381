"""Handoffs in a database: how they are found and written, nothing about what may happen to them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.handoff.domain import (
    GIVEN_BACK,
    OPEN,
    WAITING,
    Handoff,
    HandoffState,
    QueueProfile,
)
from balie.handoff.errors import HandoffNotFound
from balie.handoff.floor import Filter, Place
from balie.handoff.matching import Waiting
from balie.handoff.storage.rows import handoff_of, values_of, waiting_of
from balie.handoff.storage.sql_part import SqlPart
from balie.handoff.tables import handoffs
from balie.kit.database import Transaction
from balie.kit.errors import WriteConflict


class SqlHandoffs(SqlPart):
    """The handoffs of a tenant in one transaction."""

    async def handoff(self, handoff_id: str) -> Handoff:
        """Returns a handoff with its position.

        Raises:
            HandoffNotFound: there is none.
        """
        row = await self.tx.one(_select(self.tenant).where(handoffs.c.id == handoff_id))
        if row is None:
            raise HandoffNotFound(handoff_id)
        return handoff_of(row)

    async def open_handoff(self, conversation_id: str) -> Handoff | None:
        """Returns the conversation's open handoff, None when it has none."""
        rows = await self.listed(Filter(tuple(OPEN), conversation_id=conversation_id))
        return rows[0] if rows else None

    async def listed(
        self, wanted: Filter, *, after: Place | None = None, limit: int | None = None
    ) -> list[Handoff]:
        """Returns handoffs, oldest first, with their positions."""
        columns = handoffs.c
        statement = _select(self.tenant).order_by(columns.created_at, columns.id).limit(limit)
        if wanted.states:
            statement = statement.where(columns.state.in_(wanted.states))
        for column in (columns.queue_id, columns.agent_id, columns.conversation_id):
            value = getattr(wanted, column.name)
            if value:
                statement = statement.where(column == value)
        if after is not None:
            later = sa.tuple_(columns.created_at, columns.id) > sa.tuple_(
                sa.literal(after.created_at, columns.created_at.type), sa.literal(after.id, columns.id.type)
            )
            statement = statement.where(later)
        return [handoff_of(row) for row in await self.tx.all(statement)]

    async def unoffered(self, queue: QueueProfile, *, now: datetime, limit: int) -> list[Waiting]:
        """Returns the first handoffs of a queue that wait, are offered to nobody and still have time, at most `limit`."""
        columns = handoffs.c
        statement = (
            sa.select(
                columns.id,
                columns.language,
                columns.priority,
                columns.created_at,
                columns.passed_agent_ids,
                columns.skills,
                columns.preferred_agent_id,
            )
            .where(
                columns.tenant == self.tenant,
                columns.state == HandoffState.QUEUED,
                columns.queue_id == queue.id,
                columns.deadline_at > now,
            )
            .order_by(columns.rank.desc(), columns.created_at, columns.id)
            .limit(limit)
        )
        return [waiting_of(row, queue, now) for row in await self.tx.all(statement)]

    async def last_agent(self, contact_id: str, *, since: datetime) -> str:
        """Returns the agent with whom a contact's last handoff ended since a moment; empty when none did."""
        columns = handoffs.c
        found = await self.tx.scalar(
            sa.select(columns.agent_id)
            .where(
                columns.tenant == self.tenant,
                columns.contact_id == contact_id,
                columns.updated_at > since,  # a window of nothing holds nobody
                columns.state.in_(GIVEN_BACK),
            )
            .order_by(columns.updated_at.desc())
            .limit(1)
        )
        return found or ""

    async def expired_offers(self, *, now: datetime) -> list[Handoff]:
        """Returns the handoffs whose offer no longer stands."""
        return await self._due(_offer_is_over(now))

    async def out_of_time(self, *, now: datetime) -> list[Handoff]:
        """Returns the handoffs that have waited as long as they may."""
        return await self._due(_wait_is_over(now))

    async def add(self, one: Handoff) -> None:
        """Stores a new handoff."""
        await self.tx.execute(sa.insert(handoffs).values(tenant=self.tenant, **values_of(one)))

    async def replace(self, one: Handoff) -> None:
        """Stores a handoff in place of its revision before.

        Raises:
            WriteConflict: somebody else has changed it since it was read.
        """
        columns = handoffs.c
        same = (columns.tenant == self.tenant, columns.id == one.id, columns.revision == one.revision - 1)
        if (await self.tx.execute(sa.update(handoffs).where(*same).values(values_of(one)))).rowcount != 1:
            raise WriteConflict

    async def position(self, handoff_id: str) -> int:
        """Returns a handoff's place in its queue from 1, 0 when it does not wait."""
        where = (handoffs.c.tenant == self.tenant, handoffs.c.id == handoff_id)
        return int(await self.tx.scalar(sa.select(_position()).where(*where)) or 0)

    async def _due(self, due: sa.ColumnElement[bool]) -> list[Handoff]:
        statement = _select(self.tenant).where(due).order_by(handoffs.c.created_at, handoffs.c.id)
        return [handoff_of(row) for row in await self.tx.all(statement)]


async def tenants_with_due(tx: Transaction, *, now: datetime) -> set[str]:
    """Returns the tenants with an offer or a wait that is over."""
    found: set[str] = set()
    for due in (_offer_is_over(now), _wait_is_over(now)):
        found |= {row.tenant for row in await tx.all(sa.select(handoffs.c.tenant).where(due).distinct())}
    return found


async def tenants_with_unoffered(tx: Transaction) -> set[str]:
    """Returns the tenants with a handoff that is offered to nobody."""
    queued = sa.select(handoffs.c.tenant).where(handoffs.c.state == HandoffState.QUEUED).distinct()
    return {row.tenant for row in await tx.all(queued)}


def _offer_is_over(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(handoffs.c.state == HandoffState.OFFERED, handoffs.c.offer_expires_at <= now)


def _wait_is_over(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(handoffs.c.state.in_(WAITING), handoffs.c.deadline_at <= now)


def _select(tenant: str) -> sa.Select[Any]:
    return sa.select(handoffs, _position()).where(handoffs.c.tenant == tenant)


def _position() -> sa.Label[Any]:
    """Returns the place in the queue, counted: who waits ahead, by rank, then time, then id."""
    one, other = handoffs.c, handoffs.alias("other").c
    ahead = sa.or_(
        other.rank > one.rank,
        sa.and_(
            other.rank == one.rank,
            sa.tuple_(other.created_at, other.id) < sa.tuple_(one.created_at, one.id),
        ),
    )
    count = sa.select(sa.func.count() + 1).where(
        other.tenant == one.tenant, other.queue_id == one.queue_id, other.state.in_(WAITING), ahead
    )
    waits = one.state.in_(WAITING)
    return sa.case((waits, count.correlate(handoffs).scalar_subquery()), else_=0).label("position")
