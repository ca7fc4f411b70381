"""From a calendar to moments: when it is open, when next, and how much business time passes.

One rule holds for all of it: it is open at a moment when the clock on the wall of the calendar's zone then shows a time within
the hours of the date it shows. Where the clock changes, that has three consequences, none of them a special case here:

- What the clock skips in spring never comes: hours from 01:00 to 04:00 last two hours when it skips one.
- What it shows twice in autumn is open twice: the same hours last four hours when it repeats one.
- An edge within the repeated hour is passed twice: hours until 02:30 end when the clock first shows 02:30, and it is open again
  from when it goes back to 02:00 until it shows 02:30 once more.

Anybody can check it with the clock alone, no reading of "from 02:30" has to be chosen, and a date that a zone skips as a whole
(Apia had no 30 December 2011) has no hours. All moments are exact to the microsecond.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from balie.handoff.calendars.calendar import Calendar, Holiday
from balie.handoff.calendars.hours import Interval
from balie.handoff.calendars.zones import stretches, zone_of

HORIZON = timedelta(days=400)
"""How far ahead it is looked for an opening or a closing: a year and the holidays around its end."""
LONGEST = timedelta(days=3660)
"""How far ahead business time is counted: ten years."""

_DAY = timedelta(days=1)
_LEAST = timedelta.resolution


class Span(NamedTuple):
    """Time from a moment up to another, without the latter."""

    begin: datetime
    end: datetime


class Timetable:
    """A calendar laid out in time. Moments are aware; what comes back is in UTC.

    Raises:
        TimeZoneUnknown: there is no such time zone where this runs.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = zone_of(calendar.time_zone)
        self._holidays = {holiday.date: holiday for holiday in calendar.holidays}
        every = {*calendar.weekdays, *(holiday.intervals for holiday in calendar.holidays)}
        self._edges = {hours: [*map(_edges, hours)] for hours in every}

    def holiday_on(self, day: date) -> Holiday | None:
        """Returns the holiday of a date in the calendar's zone, None when it is none."""
        return self._holidays.get(day)

    def hours_on(self, day: date) -> tuple[Interval, ...]:
        """Returns the hours of a date in the calendar's zone, by the clock on the wall."""
        holiday = self._holidays.get(day)
        return self.calendar.weekdays[day.weekday()] if holiday is None else holiday.intervals

    def holiday_at(self, at: datetime) -> Holiday | None:
        """Returns the holiday that a moment's date is, None when it is none."""
        return self.holiday_on(at.astimezone(self.zone).date())

    def is_open(self, at: datetime) -> bool:
        """Returns whether it is open at a moment."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(one.start_minute <= minute < one.end_minute for one in self.hours_on(local.date()))

    def next_open(self, at: datetime) -> datetime | None:
        """Returns the first moment, not before `at`, at which it is open; None when there is none within `HORIZON`."""
        at = at.astimezone(UTC)
        span = next(self.spans(at, at + HORIZON), None)
        return span.begin if span else None

    def next_close(self, at: datetime) -> datetime | None:
        """Returns the first moment after `at` at which it closes; None when there is none within `HORIZON`."""
        at = at.astimezone(UTC)
        span = next(self.spans(at, at + HORIZON), None)
        return span.end if span and span.end < at + HORIZON else None

    def business_time(self, begin: datetime, end: datetime) -> timedelta:
        """Returns how much of the time from `begin` to `end` it is open; negative when `end` comes first."""
        if end < begin:
            return -self.business_time(end, begin)
        return sum((span.end - span.begin for span in self.spans(begin, end)), timedelta(0))

    def after(self, begin: datetime, duration: timedelta) -> datetime | None:
        """Returns the first moment at which business time of `duration` has passed since `begin`.

        It is `begin` itself for none at all, also while it is closed, and the moment of closing when the duration ends with
        the day.

        Args:
            begin: from when it counts.
            duration: business time, not negative.

        Returns:
            None when so much does not pass within `LONGEST`.
        """
        begin = begin.astimezone(UTC)
        if duration <= timedelta(0):
            return begin
        for span in self.spans(begin, begin + LONGEST):
            lasts = span.end - span.begin
            if duration <= lasts:
                return span.begin + duration
            duration -= lasts
        return None

    def spans(self, begin: datetime, end: datetime) -> Iterator[Span]:
        """Yields when it is open between two moments, in order, cut there; no two of them touch."""
        last: Span | None = None
        for one in self._pieces(begin.astimezone(UTC), end.astimezone(UTC)):
            if last is None:
                last = one
            elif last.end == one.begin:
                last = Span(last.begin, one.end)
            else:
                yield last
                last = one
        if last is not None:
            yield last

    def _pieces(self, begin: datetime, until: datetime) -> Iterator[Span]:
        """Yields the spans; some may touch."""
        for stretch in stretches(self.zone, begin, until):
            offset = stretch.offset
            midnight = datetime.combine((stretch.begin + offset).date(), time(0), UTC) - offset
            day, last = (stretch.begin + offset).date(), (stretch.end + offset - _LEAST).date()
            while day <= last:
                for start, end in self._edges[self.hours_on(day)]:
                    opens, closes = max(midnight + start, stretch.begin), min(midnight + end, stretch.end)
                    if opens < closes:
                        yield Span(opens, closes)
                day += _DAY
                midnight += _DAY


@lru_cache(maxsize=256)
def timetable_of(calendar: Calendar) -> Timetable:
    """Returns a calendar laid out in time; the same one again for one that is equal."""
    return Timetable(calendar)


def _edges(interval: Interval) -> tuple[timedelta, timedelta]:
    return timedelta(minutes=interval.start_minute), timedelta(minutes=interval.end_minute)
