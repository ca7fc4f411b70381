"""Periods, and how they are cut by the clock of a time zone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from balie.handoff.calendars.zones import Stretch, stretches
from balie.handoff.figures.errors import PeriodInvalid

MOST_DAYS = 400
MOST_PARTS = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _DAY = 3600, 86_400
_SECOND = timedelta(seconds=1)
_BEFORE = (
    2 * _DAY
)  # keeps numbers of parts positive west of Greenwich, and is a whole number of hours and days


class Interval(IntEnum):
    """Into which parts a period is cut; the numbers are those of the contract."""

    NONE = 0
    """None."""
    HOUR = 1
    """The full hours of the zone's clock."""
    DAY = 2
    """The dates of the zone's calendar."""


@dataclass(frozen=True, slots=True)
class Period:
    """Time from a moment up to another."""

    start: datetime
    end: datetime

    @staticmethod
    def checked(start: datetime, end: datetime) -> "Period":
        """Returns a period.

        Raises:
            PeriodInvalid: it ends no later than it begins, or is longer than `MOST_DAYS`.
        """
        if end <= start:
            raise PeriodInvalid("it ends no later than it begins")
        if end - start > timedelta(days=MOST_DAYS):
            raise PeriodInvalid(f"it is longer than {MOST_DAYS} days")
        return Period(start, end)


@dataclass(frozen=True, slots=True)
class Line:
    """How the parts of a stretch of time are numbered: `(seconds since 1970 + shift) // size`, rounded down.

    Attributes:
        until: where the stretch ends.
        shift: seconds.
    """

    until: datetime
    shift: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A period in parts.

    A part has one number wherever the zone's clock is changed within it, so that a database can number moments without
    knowing of time zones.

    Attributes:
        size: length of a part as the clock shows it, seconds.
        lines: how moments are numbered, in order; the last holds for all that follows.
        parts: each number's part, in order.
    """

    size: int
    lines: tuple[Line, ...]
    parts: dict[int, Period]


def cut(period: Period, interval: Interval, zone: ZoneInfo) -> Cut | None:
    """Returns a period cut by a zone's clock; None when it is not to be cut.

    A day on which the clock is changed has 23 or 25 hours; an hour that comes twice is two parts. Where a zone changes its clock
    by less than an hour, the part around that is longer or shorter.

    Raises:
        PeriodInvalid: it would have more than `MOST_PARTS`.
    """
    if interval is Interval.NONE:
        return None
    size = _DAY if interval is Interval.DAY else _HOUR
    found = list(stretches(zone, period.start, period.end))
    lines = tuple(Line(one.end, _shift(one, size)) for one in found)
    parts = _parts(zip(found, lines, strict=True), size)
    if len(parts) > MOST_PARTS:
        raise PeriodInvalid(f"it has {len(parts)} parts, of at most {MOST_PARTS}")
    return Cut(size, lines, parts)


def _shift(stretch: Stretch, size: int) -> int:
    offset = int(stretch.offset.total_seconds())
    return (offset if size == _DAY else offset % _HOUR) + _BEFORE


def _parts(numbered: Iterable[tuple[Stretch, Line]], size: int) -> dict[int, Period]:
    parts: dict[int, Period] = {}
    for stretch, line in numbered:
        begin = stretch.begin
        number = ((begin - _EPOCH) // _SECOND + line.shift) // size
        while begin < stretch.end:
            end = min(_EPOCH + _SECOND * ((number + 1) * size - line.shift), stretch.end)
            start = parts[number].start if number in parts else begin
            parts[number] = Period(start, end)
            begin, number = end, number + 1
    return parts
