"""Desks in a database: each floor is a transaction, and the log and the request ids are in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from balie.handoff import events
from balie.handoff.business_time import Always, BusinessTime
from balie.handoff.calendars import store as calendars
from balie.handoff.calendars.timetable import timetable_of
from balie.handoff.domain import HandoffEvent
from balie.handoff.events import TOPIC
from balie.handoff.notes.store import SqlNotes
from balie.handoff.storage import sql_handoffs
from balie.handoff.storage.sql_handoffs import SqlHandoffs
from balie.handoff.storage.sql_staffing import SqlStaffing
from balie.handoff.tables import desks
from balie.kit.database import Database, Transaction
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger, Write

T = TypeVar("T")


class SqlFloor(SqlHandoffs, SqlStaffing, SqlNotes):
    """A tenant's desk in one transaction.

    Attributes:
        tenant: whose desk.
        tx: the transaction, for what else is read and written in it.
    """

    def __init__(self, tx: Transaction, tenant: str, log: EventLog, ledger: Ledger) -> None:
        super().__init__(tx, tenant)
        self._log = log
        self._ledger = ledger

    async def require_calendar(self, calendar_id: str) -> None:
        """Returns when there is such a calendar.

        Raises:
            CalendarNotFound: there is none.
        """
        await calendars.calendar(self.tx, self.tenant, calendar_id)

    async def hours(self, calendar_id: str) -> BusinessTime:
        """Returns the time that a calendar counts; all of it for an empty id.

        Raises:
            CalendarNotFound: there is no such calendar.
        """
        if not calendar_id:
            return Always()
        return timetable_of(await calendars.calendar(self.tx, self.tenant, calendar_id))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs a short action once all of this is kept; never when it is not."""
        self.tx.after_commit(action)

    async def append(self, event: HandoffEvent) -> None:
        """Appends what happened to the tenant's log."""
        await self._log.append(self.tx, self.tenant, TOPIC, events.encode(event), event_id=event.id)

    async def head(self) -> int:
        """Returns the position of the log's last event, 0 when nothing ever happened."""
        return await self._log.head(self.tenant, TOPIC, self.tx)

    async def once(self, write: Write, kind: type[T], work: Callable[[], Awaitable[T]]) -> T:
        """Does the work, or returns the result of the time it was done before.

        Raises:
            RequestIdReused: its request id came before with another request.
        """
        return await self._ledger.once(self.tx, write, kind, work)


class SqlStorage:
    """The desks of all tenants in a database.

    Args:
        database: where the tables and the log are.
        log: the service's one log.
        ledger: remembers what was done under which request id.
    """

    def __init__(self, database: Database, log: EventLog, ledger: Ledger) -> None:
        self._database = database
        self._log = log
        self._ledger = ledger

    @asynccontextmanager
    async def writing(self, tenant: str) -> AsyncIterator[SqlFloor]:
        """Yields a writing transaction that holds the tenant's desk until it ends."""
        async with self._database.write() as tx:
            claim = tx.insert(desks).values(tenant=tenant)
            await tx.execute(
                claim.on_conflict_do_update(
                    index_elements=[desks.c.tenant], set_={"tenant": claim.excluded.tenant}
                )
            )
            yield SqlFloor(tx, tenant, self._log, self._ledger)

    @asynccontextmanager
    async def reading(self, tenant: str) -> AsyncIterator[SqlFloor]:
        """Yields a transaction that sees one snapshot, and cannot write."""
        async with self._database.read() as tx:
            yield SqlFloor(tx, tenant, self._log, self._ledger)

    async def tenants_with_due(self, *, now: datetime) -> set[str]:
        """Returns the tenants with a handoff of which something is due by itself."""
        async with self._database.read() as tx:
            return await sql_handoffs.tenants_with_due(tx, now=now)

    async def tenants_with_unoffered(self) -> set[str]:
        """Returns the tenants with a handoff that is offered to nobody."""
        async with self._database.read() as tx:
            return await sql_handoffs.tenants_with_unoffered(tx)

    async def tenants_with_waiting(self) -> set[str]:
        """Returns the tenants with a handoff that waits."""
        async with self._database.read() as tx:
            return await sql_handoffs.tenants_with_waiting(tx)


async def topics(tx: Transaction) -> list[tuple[str, str]]:
    """Returns tenant and topic of all events."""
    return [(row.tenant, TOPIC) for row in await tx.all(sa.select(desks.c.tenant))]
