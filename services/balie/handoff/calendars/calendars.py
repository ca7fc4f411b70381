"""What is done with calendars: written, read, deleted, and asked whether it is open."""

from dataclasses import dataclass
from datetime import datetime

from balie.handoff.calendars import store
from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.errors import CalendarInUse
from balie.handoff.calendars.timetable import Timetable
from balie.handoff.journal import Journal
from balie.handoff.storage.sql import SqlFloor
from balie.kit.ledger import Write

PAGE_HOLIDAYS = 4000
"""Holidays of all calendars of a page, so that it stays well below the 4 MiB of a message."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose hours are meant; one of the two is named."""

    calendar_id: str = ""
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class OpenState:
    """Whether it is open.

    Attributes:
        calendar: what said so; None for a queue without one.
        at: the moment that was looked at.
        is_open: whether it is open then.
        until: when that changes; None when it does not within the timetable's horizon.
        holiday: name of the holiday that the moment's date is; empty when it is none.
    """

    calendar: Calendar | None
    at: datetime
    is_open: bool
    until: datetime | None
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """When it is open first.

    Attributes:
        calendar: what said so; None for a queue without one.
        at: from when it was looked.
        opens: the first moment, not before `at`; None when there is none within the timetable's horizon.
        closes: when it closes after that; None when it does not within the horizon.
    """

    calendar: Calendar | None
    at: datetime
    opens: datetime | None
    closes: datetime | None


class Calendars:
    """The use cases of calendars."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def put(self, write: Write, calendar: Calendar) -> Calendar:
        """Makes a calendar or replaces it."""

        async def work(floor: SqlFloor) -> Calendar:
            await store.put(floor.tx, write.tenant, calendar)
            return calendar

        return await self._journal.once(write, Calendar, work)

    async def get(self, tenant: str, calendar_id: str) -> Calendar:
        """Returns a calendar.

        Raises:
            CalendarNotFound: there is none.
        """
        async with self._journal.reading(tenant) as floor:
            return await store.calendar(floor.tx, tenant, calendar_id)

    async def page(self, tenant: str, *, after: str, size: int) -> tuple[list[Calendar], str]:
        """Returns a page of calendars by id, and the id after which the next one begins, empty on the last.

        It holds fewer than `size` when they would have more than `PAGE_HOLIDAYS` between them.
        """
        async with self._journal.reading(tenant) as floor:
            found = await store.all_calendars(floor.tx, tenant, after=after, limit=size + 1)
        count = holidays = 0
        for calendar in found[:size]:
            holidays += len(calendar.holidays)
            if holidays > PAGE_HOLIDAYS:
                break
            count += 1
        return found[:count], found[count - 1].id if len(found) > count else ""

    async def delete(self, write: Write, calendar_id: str) -> None:
        """Deletes a calendar.

        Raises:
            CalendarNotFound: there is none.
            CalendarInUse: a queue uses it.
        """

        async def work(floor: SqlFloor) -> str:
            await store.calendar(floor.tx, write.tenant, calendar_id)
            if using := await store.queues_with(floor.tx, write.tenant, calendar_id):
                raise CalendarInUse(calendar_id, queue_ids=using)
            await store.delete(floor.tx, write.tenant, calendar_id)
            return calendar_id

        await self._journal.once(write, str, work)

    async def is_open(self, tenant: str, whose: Whose, at: datetime | None) -> OpenState:
        """Returns whether it is open at a moment, now by default.

        Raises:
            CalendarNotFound: there is no such calendar.
            QueueNotFound: there is no such queue.
            TimeZoneUnknown: the calendar's zone is no longer known where this runs.
        """
        calendar, at = await self._calendar_of(tenant, whose), at or self._journal.now()
        if calendar is None:
            return OpenState(None, at, is_open=True, until=None)
        table = Timetable(calendar)
        holiday = table.holiday_at(at)
        is_open = table.is_open(at)
        until = table.next_close(at) if is_open else table.next_open(at)
        return OpenState(calendar, at, is_open, until, holiday.display_name if holiday else "")

    async def next_open(self, tenant: str, whose: Whose, at: datetime | None) -> Opening:
        """Returns when it is open first from a moment on, now by default.

        Raises:
            CalendarNotFound: there is no such calendar.
            QueueNotFound: there is no such queue.
            TimeZoneUnknown: the calendar's zone is no longer known where this runs.
        """
        calendar, at = await self._calendar_of(tenant, whose), at or self._journal.now()
        if calendar is None:
            return Opening(None, at, opens=at, closes=None)
        table = Timetable(calendar)
        opens = table.next_open(at)
        return Opening(calendar, at, opens, table.next_close(opens) if opens else None)

    async def _calendar_of(self, tenant: str, whose: Whose) -> Calendar | None:
        async with self._journal.reading(tenant) as floor:
            calendar_id = whose.calendar_id
            if whose.queue_id:
                calendar_id = (await floor.queue(whose.queue_id)).profile.calendar_id
            return await store.calendar(floor.tx, tenant, calendar_id) if calendar_id else None
