"""Agents and queues in the database: how they are read and written."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.domain import OCCUPYING, WAITING, HandoffState
from balie.handoff.errors import AgentNotFound, QueueNotFound
from balie.handoff.matching import free
from balie.handoff.pairing import Roster
from balie.handoff.staffing.profiles import Agent, AgentProfile, Presence, Queue, QueueProfile
from balie.handoff.staffing.skills import Ring
from balie.handoff.storage.sql_part import SqlPart
from balie.handoff.tables import agents, handoffs, queues
from balie.kit.database import Transaction

_RINGS = TypeAdapter(tuple[Ring, ...])
_QUEUE = TypeAdapter(QueueProfile)
_ROOM = 0.001  # for the rounding of weights, which the matcher knows better
_RULES = {
    "promises",
    "on_breach",
    "silent_after",
    "hold_after",
    "idle_release_after",
    "return_priority",
    "when_closed",
    "when_timed_out",
    "overflow_queue_id",
    "call_back_within",
    "asks_rating",
    "agent_order",
}
"""What of a queue no query looks at: one column holds it, and what it lacks is as by default."""
_QUEUE_COLUMNS = (
    "display_name",
    "max_wait_seconds",
    "offer_timeout_seconds",
    "rings",
    "priority_per_minute",
    "last_agent_seconds",
    "calendar_id",
    "rules",
)


_AGENT_COLUMNS = (
    "display_name",
    "queue_ids",
    "languages",
    "max_chats",
    "skills",
    "hold_weight",
    "max_open",
)


class SqlStaffing(SqlPart):
    """The agents and queues of a tenant in one transaction."""

    async def queue(self, queue_id: str) -> Queue:
        """Returns a queue.

        Raises:
            QueueNotFound: there is none.
        """
        row = await self.tx.one(_queues(self.tenant).where(queues.c.id == queue_id))
        if row is None:
            raise QueueNotFound(queue_id)
        return _queue(row)

    async def queues(self, *, after: str, limit: int) -> list[Queue]:
        """Returns queues by id, those after an id."""
        page = _queues(self.tenant).where(queues.c.id > after).order_by(queues.c.id).limit(limit)
        return [_queue(row) for row in await self.tx.all(page)]

    async def queues_with_unoffered(self) -> list[QueueProfile]:
        """Returns the queues, none that is paused, in which a handoff waits that is offered to nobody."""
        waits = sa.exists().where(
            handoffs.c.tenant == queues.c.tenant,
            handoffs.c.queue_id == queues.c.id,
            handoffs.c.state == HandoffState.QUEUED,
        )
        statement = _queues(self.tenant).where(waits, sa.not_(queues.c.is_paused))
        rows = await self.tx.all(statement.order_by(queues.c.id))
        return [_queue(row).profile for row in rows]

    async def missing_queues(self, queue_ids: Collection[str]) -> list[str]:
        """Returns those of the ids that no queue has, in their order."""
        known = sa.select(queues.c.id).where(queues.c.tenant == self.tenant, queues.c.id.in_(queue_ids))
        found = {row.id for row in await self.tx.all(known)}
        return [queue_id for queue_id in queue_ids if queue_id not in found]

    async def put_queue(self, profile: QueueProfile) -> None:
        """Stores a queue, in place of the one of this id, which stays paused when it is."""
        statement = _insert_queue(self.tx, self.tenant, profile)
        await self.tx.execute(
            statement.on_conflict_do_update(
                index_elements=[queues.c.tenant, queues.c.id],
                set_={name: statement.excluded[name] for name in _QUEUE_COLUMNS},
            )
        )

    async def pause_queue(self, queue_id: str, *, is_paused: bool) -> None:
        """Stores whether nothing is offered from a queue for now."""
        this = (queues.c.tenant == self.tenant, queues.c.id == queue_id)
        await self.tx.execute(sa.update(queues).where(*this).values(is_paused=is_paused))

    async def ensure_queue(self, queue_id: str) -> bool:
        """Returns whether a queue with default limits had to be made."""
        statement = _insert_queue(self.tx, self.tenant, QueueProfile(queue_id, queue_id))
        made = await self.tx.one(
            statement.on_conflict_do_nothing(index_elements=[queues.c.tenant, queues.c.id]).returning(
                queues.c.id
            )
        )
        return made is not None

    async def agent(self, agent_id: str) -> Agent:
        """Returns an agent.

        Raises:
            AgentNotFound: there is none.
        """
        row = await self.tx.one(_agents(self.tenant, agent_id))
        if row is None:
            raise AgentNotFound(agent_id)
        return _agent(row)

    async def agents(self, *, after: str, limit: int) -> list[Agent]:
        """Returns agents by id, those after an id."""
        page = _agents(self.tenant).where(agents.c.id > after).order_by(agents.c.id).limit(limit)
        return [_agent(row) for row in await self.tx.all(page)]

    async def roster(self) -> Roster:
        """Returns the agents who are online and have a place left for a whole chat."""
        some = _agents(self.tenant).subquery("some")
        # Most of a busy desk are full: they are left out here already, a little more widely than `Agent.takes_more` does.
        load = some.c.open_chats - some.c.on_hold * (1 - some.c.hold_weight)
        has_room = some.c.max_chats - load >= 1 - _ROOM
        online = await self.tx.all(sa.select(some).where(some.c.presence == Presence.ONLINE, has_room))
        return Roster(free(_agent(row)) for row in online)

    async def put_agent(self, profile: AgentProfile, *, now: datetime) -> None:
        """Stores an agent in place of the one of this id, whose presence stays; a new one is offline."""
        statement = self.tx.insert(agents).values(
            tenant=self.tenant,
            id=profile.id,
            display_name=profile.display_name,
            queue_ids=list(profile.queue_ids),
            languages=list(profile.languages),
            max_chats=profile.max_chats,
            skills=dict(profile.skills),
            hold_weight=profile.hold_weight,
            max_open=profile.max_open,
            presence=Presence.OFFLINE,
            idle_since=now,
        )
        await self.tx.execute(
            statement.on_conflict_do_update(
                index_elements=[agents.c.tenant, agents.c.id],
                set_={name: statement.excluded[name] for name in _AGENT_COLUMNS},
            )
        )

    async def put_presence(self, agent_id: str, presence: Presence) -> None:
        """Stores whether an agent takes chats."""
        await self.tx.execute(_update_agent(self.tenant, agent_id).values(presence=presence))

    async def touch(self, agent_id: str, *, now: datetime) -> None:
        """Stores that an agent has a place more from now on."""
        await self.tx.execute(_update_agent(self.tenant, agent_id).values(idle_since=now))


def _insert_queue(tx: Transaction, tenant: str, profile: QueueProfile) -> Any:
    return tx.insert(queues).values(
        tenant=tenant,
        id=profile.id,
        display_name=profile.display_name,
        max_wait_seconds=profile.max_wait.total_seconds(),
        offer_timeout_seconds=profile.offer_timeout.total_seconds(),
        rings=_RINGS.dump_python(profile.rings, mode="json"),
        priority_per_minute=profile.priority_per_minute,
        last_agent_seconds=profile.last_agent_window.total_seconds(),
        calendar_id=profile.calendar_id,
        rules=_QUEUE.dump_python(profile, mode="json", include=_RULES),
        is_paused=False,
    )


def _update_agent(tenant: str, agent_id: str) -> sa.Update:
    return sa.update(agents).where(agents.c.tenant == tenant, agents.c.id == agent_id)


def _queues(tenant: str) -> sa.Select[Any]:
    waiting = (
        sa.select(sa.func.count())
        .where(
            handoffs.c.tenant == queues.c.tenant,
            handoffs.c.queue_id == queues.c.id,
            handoffs.c.state.in_(WAITING),
        )
        .scalar_subquery()
    )
    return sa.select(queues, waiting.label("waiting")).where(queues.c.tenant == tenant)


def _queue(row: sa.Row[Any]) -> Queue:
    profile = _QUEUE.validate_python(
        {
            **row.rules,
            "id": row.id,
            "display_name": row.display_name,
            "max_wait": timedelta(seconds=row.max_wait_seconds),
            "offer_timeout": timedelta(seconds=row.offer_timeout_seconds),
            "rings": row.rings,
            "priority_per_minute": row.priority_per_minute,
            "last_agent_window": timedelta(seconds=row.last_agent_seconds),
            "calendar_id": row.calendar_id,
        }
    )
    return Queue(profile, waiting=row.waiting, is_paused=row.is_paused)


def _agents(tenant: str, agent_id: str = "") -> sa.Select[Any]:
    """Returns the agents with the number of their chats, counted in one pass over all of them."""
    on_hold = sa.case((handoffs.c.state == HandoffState.ON_HOLD, 1), else_=0)
    chats = (
        sa.select(handoffs.c.agent_id, sa.func.count().label("chats"), sa.func.sum(on_hold).label("on_hold"))
        .where(
            handoffs.c.tenant == tenant,
            handoffs.c.state.in_(OCCUPYING),
            *_only(handoffs.c.agent_id, agent_id),
        )
        .group_by(handoffs.c.agent_id)
        .subquery("chats")
    )
    return (
        sa.select(
            agents,
            sa.func.coalesce(chats.c.chats, 0).label("open_chats"),
            sa.func.coalesce(chats.c.on_hold, 0).label("on_hold"),
        )
        .outerjoin(chats, chats.c.agent_id == agents.c.id)
        .where(agents.c.tenant == tenant, *_only(agents.c.id, agent_id))
    )


def _only(column: sa.Column[Any], value: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (column == value,) if value else ()


def _agent(row: sa.Row[Any]) -> Agent:
    profile = AgentProfile(
        id=row.id,
        display_name=row.display_name,
        queue_ids=tuple(row.queue_ids),
        languages=tuple(row.languages),
        max_chats=row.max_chats,
        skills=row.skills,
        hold_weight=row.hold_weight,
        max_open=row.max_open,
    )
    return Agent(
        profile,
        Presence(row.presence),
        open_chats=row.open_chats,
        idle_since=row.idle_since,
        on_hold=int(row.on_hold),
    )
