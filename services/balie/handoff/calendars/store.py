"""Calendars in the database: how they are read and written."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from balie.handoff.calendars.calendar import Calendar, Holiday
from balie.handoff.calendars.errors import CalendarNotFound
from balie.handoff.calendars.hours import Interval
from balie.handoff.tables import calendars, queues
from balie.kit.database import Transaction


async def calendar(tx: Transaction, tenant: str, calendar_id: str) -> Calendar:
    """Returns a calendar.

    Raises:
        CalendarNotFound: there is none.
    """
    row = await tx.one(_calendars(tenant).where(calendars.c.id == calendar_id))
    if row is None:
        raise CalendarNotFound(calendar_id)
    return _calendar(row)


async def all_calendars(tx: Transaction, tenant: str, *, after: str, limit: int) -> list[Calendar]:
    """Returns calendars by id, those after an id."""
    page = _calendars(tenant).where(calendars.c.id > after).order_by(calendars.c.id).limit(limit)
    return [_calendar(row) for row in await tx.all(page)]


async def put(tx: Transaction, tenant: str, given: Calendar) -> None:
    """Stores a calendar, in place of the one of this id."""
    statement = tx.insert(calendars).values(
        tenant=tenant,
        id=given.id,
        display_name=given.display_name,
        time_zone=given.time_zone,
        weekdays=[_written(day) for day in given.weekdays],
        holidays=[
            [one.date.isoformat(), one.display_name, _written(one.intervals)] for one in given.holidays
        ],
    )
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[calendars.c.tenant, calendars.c.id],
            set_={
                name: statement.excluded[name]
                for name in ("display_name", "time_zone", "weekdays", "holidays")
            },
        )
    )


async def delete(tx: Transaction, tenant: str, calendar_id: str) -> None:
    """Deletes a calendar."""
    await tx.execute(sa.delete(calendars).where(calendars.c.tenant == tenant, calendars.c.id == calendar_id))


async def queues_with(tx: Transaction, tenant: str, calendar_id: str) -> list[str]:
    """Returns the queues that use a calendar, by id."""
    using = sa.select(queues.c.id).where(queues.c.tenant == tenant, queues.c.calendar_id == calendar_id)
    return [row.id for row in await tx.all(using.order_by(queues.c.id))]


def _calendars(tenant: str) -> sa.Select[Any]:
    return sa.select(calendars).where(calendars.c.tenant == tenant)


def _calendar(row: sa.Row[Any]) -> Calendar:
    return Calendar(
        id=row.id,
        display_name=row.display_name,
        time_zone=row.time_zone,
        weekdays=tuple(_read(day) for day in row.weekdays),
        holidays=tuple(
            Holiday(date.fromisoformat(day), name, _read(hours)) for day, name, hours in row.holidays
        ),
    )


def _written(intervals: Iterable[Interval]) -> list[list[int]]:
    return [[one.start_minute, one.end_minute] for one in intervals]


def _read(intervals: list[list[int]]) -> tuple[Interval, ...]:
    return tuple(Interval(start, end) for start, end in intervals)
