"""Handoffs in the database: how they are read and written, nothing about what may happen to them."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.domain import (
    GIVEN_BACK,
    OPEN,
    WAITING,
    Asked,
    Handoff,
    HandoffState,
    QueueProfile,
    Reason,
)
from balie.handoff.errors import HandoffNotFound
from balie.handoff.events import TOPIC
from balie.handoff.matching import Waiting
from balie.handoff.staffing.skills import Wanted, relaxed
from balie.handoff.tables import desks, handoffs
from balie.kit.database import Transaction
from balie.kit.errors import WriteConflict

_REASONS = TypeAdapter(tuple[Reason, ...])
_SKILLS = TypeAdapter(tuple[Wanted, ...])


@dataclass(frozen=True, slots=True)
class Filter:
    """Which handoffs are wanted; what is empty does not matter."""

    states: tuple[HandoffState, ...] = ()
    queue_id: str = ""
    agent_id: str = ""
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A handoff's place in the order of lists, after which a page goes on."""

    created_at: datetime
    id: str


async def handoff(tx: Transaction, tenant: str, handoff_id: str) -> Handoff:
    """Returns a handoff with its position.

    Raises:
        HandoffNotFound: there is none.
    """
    row = await tx.one(_select(tenant).where(handoffs.c.id == handoff_id))
    if row is None:
        raise HandoffNotFound(handoff_id)
    return _handoff(row)


async def open_handoff(tx: Transaction, tenant: str, conversation_id: str) -> Handoff | None:
    """Returns the conversation's open handoff, None when it has none."""
    rows = await listed(tx, tenant, Filter(tuple(OPEN), conversation_id=conversation_id))
    return rows[0] if rows else None


async def listed(
    tx: Transaction, tenant: str, wanted: Filter, *, after: Place | None = None, limit: int | None = None
) -> list[Handoff]:
    """Returns handoffs, oldest first, with their positions."""
    columns = handoffs.c
    statement = _select(tenant).order_by(columns.created_at, columns.id).limit(limit)
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
    return [_handoff(row) for row in await tx.all(statement)]


async def unoffered(
    tx: Transaction, tenant: str, queue: QueueProfile, *, now: datetime, limit: int
) -> list[Waiting]:
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
            columns.tenant == tenant,
            columns.state == HandoffState.QUEUED,
            columns.queue_id == queue.id,
            columns.deadline_at > now,
        )
        .order_by(columns.rank.desc(), columns.created_at, columns.id)
        .limit(limit)
    )
    return [
        Waiting(
            id=row.id,
            queue_id=queue.id,
            language=row.language,
            priority=row.priority + queue.priority_per_minute * _minutes(now - row.created_at),
            created_at=row.created_at,
            passed_agent_ids=tuple(row.passed_agent_ids),
            skills=_SKILLS.validate_python(row.skills),
            relaxed=relaxed(queue.rings, now - row.created_at),
            preferred_agent_id=row.preferred_agent_id,
        )
        for row in await tx.all(statement)
    ]


async def last_agent(tx: Transaction, tenant: str, contact_id: str, *, since: datetime) -> str:
    """Returns the agent with whom a contact's last handoff ended since a moment; empty when none did."""
    columns = handoffs.c
    found = await tx.scalar(
        sa.select(columns.agent_id)
        .where(
            columns.tenant == tenant,
            columns.contact_id == contact_id,
            columns.updated_at > since,  # a window of nothing holds nobody
            columns.state.in_(GIVEN_BACK),
        )
        .order_by(columns.updated_at.desc())
        .limit(1)
    )
    return found or ""


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


async def expired_offers(tx: Transaction, tenant: str, *, now: datetime) -> list[Handoff]:
    """Returns the handoffs whose offer no longer stands."""
    return await _due(tx, tenant, _offer_is_over(now))


async def out_of_time(tx: Transaction, tenant: str, *, now: datetime) -> list[Handoff]:
    """Returns the handoffs that have waited as long as they may."""
    return await _due(tx, tenant, _wait_is_over(now))


async def topics(tx: Transaction) -> list[tuple[str, str]]:
    """Returns tenant and topic of all events."""
    return [(row.tenant, TOPIC) for row in await tx.all(sa.select(desks.c.tenant))]


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


async def add(tx: Transaction, tenant: str, one: Handoff) -> None:
    """Stores a new handoff."""
    await tx.execute(sa.insert(handoffs).values(tenant=tenant, **_values(one)))


async def replace(tx: Transaction, tenant: str, one: Handoff) -> None:
    """Stores a handoff in place of its revision before.

    Raises:
        WriteConflict: somebody else has changed it since it was read.
    """
    columns = handoffs.c
    same = (columns.tenant == tenant, columns.id == one.id, columns.revision == one.revision - 1)
    if (await tx.execute(sa.update(handoffs).where(*same).values(_values(one)))).rowcount != 1:
        raise WriteConflict


async def position(tx: Transaction, tenant: str, handoff_id: str) -> int:
    """Returns a handoff's place in its queue from 1, 0 when it does not wait."""
    where = (handoffs.c.tenant == tenant, handoffs.c.id == handoff_id)
    return int(await tx.scalar(sa.select(_position()).where(*where)) or 0)


async def _due(tx: Transaction, tenant: str, due: sa.ColumnElement[bool]) -> list[Handoff]:
    statement = _select(tenant).where(due).order_by(handoffs.c.created_at, handoffs.c.id)
    return [_handoff(row) for row in await tx.all(statement)]


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


def _handoff(row: sa.Row[Any]) -> Handoff:
    return Handoff(
        id=row.id,
        asked=Asked(
            conversation_id=row.conversation_id,
            contact_id=row.contact_id,
            channel=row.channel,
            language=row.language,
            queue_id=row.queue_id,
            reasons=_REASONS.validate_python(row.reasons),
            turn_id=row.turn_id,
            priority=row.priority,
            suggested_answer_ids=tuple(row.suggested_answer_ids),
            skills=_SKILLS.validate_python(row.skills),
        ),
        state=HandoffState(row.state),
        agent_id=row.agent_id,
        passed_agent_ids=tuple(row.passed_agent_ids),
        owner_epoch=row.owner_epoch,
        owner_confirmed=row.owner_confirmed,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        offer_expires_at=row.offer_expires_at,
        deadline_at=row.deadline_at,
        outcome=row.outcome,
        rank=row.rank,
        preferred_agent_id=row.preferred_agent_id,
        position=row.position,
    )


def _values(one: Handoff) -> dict[str, Any]:
    values = asdict(one)
    del values["position"]
    values |= values.pop("asked")
    values["reasons"] = _REASONS.dump_python(one.asked.reasons, mode="json")
    return values
