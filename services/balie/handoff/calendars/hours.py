"""The hours of one day, by the clock on the wall: intervals that may touch and never overlap."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

DAY_MINUTES = 24 * 60
"""The minute at which a day ends, 24:00."""

_WRITTEN = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")
_FORM = "must be two times such as 09:00-12:30"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A part of a day; sorts by when it begins.

    Attributes:
        start_minute: minutes on the clock since midnight, 0 to 1439.
        end_minute: the first minute that is no part of it, 1 to 1440, later than the start.
    """

    start_minute: int
    end_minute: int

    def __str__(self) -> str:
        return f"{clock(self.start_minute)}-{clock(self.end_minute)}"


def clock(minute: int) -> str:
    """Returns a minute of a day as a clock shows it, such as `09:00`; the end of the day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def interval_of(written: str) -> Interval:
    """Returns the interval that somebody wrote, such as `09:00-12:30`.

    Raises:
        ValueError: it is none; says why.
    """
    found = _WRITTEN.fullmatch(written.strip())
    if not found:
        raise ValueError(_FORM)
    minutes = []
    for hour, minute in ((int(found[1]), int(found[2])), (int(found[3]), int(found[4]))):
        if minute > 59 or hour * 60 + minute > DAY_MINUTES:
            raise ValueError(f"{_FORM}: there is no {hour:02}:{minute:02}")
        minutes.append(hour * 60 + minute)
    return Interval(*minutes)


def problem_of(intervals: Iterable[Interval]) -> str:
    """Returns why these cannot be the hours of one day, "" when they can."""
    ordered = sorted(intervals)
    for one in ordered:
        if one.end_minute <= one.start_minute:
            hint = "; hours that pass midnight are two intervals, one of each day"
            return f"{one} ends no later than it starts{hint}"
    for one, other in pairwise(ordered):
        if other.start_minute < one.end_minute:
            return f"{one} and {other} overlap"
    return ""
