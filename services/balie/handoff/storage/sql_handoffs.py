"""Handoffs in a database: how they are found and written, nothing about what may happen to them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.handoff.domain import GIVEN_BACK, OPEN, WAITING, Handoff, HandoffState
from balie.handoff.errors import HandoffNotFound
from balie.handoff.floor import Filter, Place
from balie.handoff.matching import Waiting
from balie.handoff.staffing.profiles import QueueProfile
from balie.handoff.storage.rows import handoff_of, values_of, waiting_of
from balie.handoff.storage.sql_part import SqlPart
from balie.handoff.tables import handoffs
from balie.handoff.waiting import FINENESS
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
                columns.waiting_since,
                columns.wanted_agent_id,
                columns.wanted_until,
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

    async def due(self, *, now: datetime, limit: int) -> list[Handoff]:
        """Returns the handoffs of which something is due by itself, what is due first before the rest, at most `limit`."""
        statement = _select(self.tenant).where(handoffs.c.next_step_at <= now)
        rows = await self.tx.all(statement.order_by(handoffs.c.next_step_at, handoffs.c.id).limit(limit))
        return [handoff_of(row) for row in rows]

    async def moved_up(self, *, told_before: datetime, limit: int) -> list[Handoff]:
        """Returns handoffs whose place is worth telling beside the one told before a moment, at most `limit`."""
        columns = handoffs.c
        here = sa.func.row_number().over(
            partition_by=columns.queue_id, order_by=(columns.rank.desc(), columns.created_at, columns.id)
        )
        waiting = sa.select(columns.id, here.label("place")).where(
            columns.tenant == self.tenant, columns.state.in_(WAITING)
        )
        places = waiting.subquery("places")
        statement = (
            sa.select(handoffs, places.c.place.label("position"))
            .join(places, places.c.id == columns.id)
            .where(
                columns.tenant == self.tenant,
                _is_worth_telling(columns.told_position, places.c.place),
                columns.told_at <= told_before,
            )
            .order_by(places.c.place, columns.id)
            .limit(limit)
        )
        return [handoff_of(row) for row in await self.tx.all(statement)]

    async def acceptances(self, queue_id: str, *, since: datetime, limit: int) -> list[datetime]:
        """Returns when handoffs of a queue were accepted first, since a moment, the last ones first."""
        columns = handoffs.c
        rows = await self.tx.all(
            sa.select(columns.accepted_at)
            .where(columns.tenant == self.tenant, columns.queue_id == queue_id, columns.accepted_at > since)
            .order_by(columns.accepted_at.desc())
            .limit(limit)
        )
        return [row.accepted_at for row in rows]

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

    async def place(self, one: Handoff) -> int:
        """Returns the place in its queue, from 1, that a handoff has or would have; 0 when it does not wait."""
        if one.state not in WAITING:
            return 0
        columns = handoffs.c
        older = sa.tuple_(columns.created_at, columns.id) < sa.tuple_(
            sa.literal(one.created_at, columns.created_at.type), sa.literal(one.id, columns.id.type)
        )
        ahead = sa.or_(columns.rank > one.rank, sa.and_(columns.rank == one.rank, older))
        count = sa.select(sa.func.count()).where(
            columns.tenant == self.tenant,
            columns.queue_id == one.asked.queue_id,
            columns.state.in_(WAITING),
            columns.id != one.id,
            ahead,
        )
        return int(await self.tx.scalar(count) or 0) + 1


async def tenants_with_due(tx: Transaction, *, now: datetime) -> set[str]:
    """Returns the tenants with a handoff of which something is due by itself."""
    due = sa.select(handoffs.c.tenant).where(handoffs.c.next_step_at <= now).distinct()
    return {row.tenant for row in await tx.all(due)}


async def tenants_with_unoffered(tx: Transaction) -> set[str]:
    """Returns the tenants with a handoff that is offered to nobody."""
    queued = sa.select(handoffs.c.tenant).where(handoffs.c.state == HandoffState.QUEUED).distinct()
    return {row.tenant for row in await tx.all(queued)}


async def tenants_with_waiting(tx: Transaction) -> set[str]:
    """Returns the tenants with a handoff that waits."""
    waiting = sa.select(handoffs.c.tenant).where(handoffs.c.state.in_(WAITING)).distinct()
    return {row.tenant for row in await tx.all(waiting)}


def _is_worth_telling(told: sa.ColumnElement[int], place: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Returns whether a place is by a tenth another than the one that was told; see `waiting.is_worth_telling`."""
    return sa.and_(told != place, sa.func.abs(told - place) * FINENESS >= told)


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


_ALL = sa.select(handoffs, _position())  # built once: to build it takes as long as to ask the database


def _select(tenant: str) -> sa.Select[Any]:
    return _ALL.where(handoffs.c.tenant == tenant)
