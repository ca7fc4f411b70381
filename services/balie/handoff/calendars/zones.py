"""Time zones: which there are, and the stretches of time in which a zone keeps its distance from UTC.

The rules are those of the machine's IANA database; a newer database may move hours that are still to come.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from balie.handoff.calendars.errors import TimeZoneUnknown

# The database's own names begin so; its folder also holds `localtime`, `posix/…` and `right/…`, which mean something else.
_NAME = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
# No zone has changed twice within six days since 1970, nor will by the rules of the day: no change hides within a day.
_STEP = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time from a moment up to another in which local time is UTC and the same offset."""

    begin: datetime
    end: datetime
    offset: timedelta


def zone_of(name: str) -> ZoneInfo:
    """Returns a time zone.

    Raises:
        TimeZoneUnknown: there is none of this name.
    """
    try:
        if _NAME.fullmatch(name):
            return ZoneInfo(name)
    except (
        ZoneInfoNotFoundError,
        OSError,
        ValueError,
    ):  # also the name of a folder, or of a file that is no zone
        pass
    raise TimeZoneUnknown(name)


def stretches(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Stretch]:
    """Yields the stretches of the time from `begin` up to `end`, in order; they touch, and those at the ends are cut there."""
    for year in range(begin.year, end.year + 1):
        for one in _of_year(zone, year):
            if one.begin < end and one.end > begin:
                yield Stretch(max(one.begin, begin), min(one.end, end), one.offset)


@lru_cache(maxsize=4096)
def _of_year(zone: ZoneInfo, year: int) -> tuple[Stretch, ...]:
    """Returns the stretches of a year of UTC. Looking for them takes 365 questions to the zone, so they are kept."""
    now, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found, begin, offset = [], now, _offset(zone, now)
    while now < end:
        then = min(now + _STEP, end)
        if _offset(zone, then) != offset:
            change = _change(zone, now, then)
            if change < end:
                found.append(Stretch(begin, change, offset))
                begin, offset = change, _offset(zone, change)
        now = then
    return (*found, Stretch(begin, end, offset))


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Returns the first moment, after `before` and up to `after`, with another offset; zones change at whole seconds."""
    offset = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a zone always says
    return offset
