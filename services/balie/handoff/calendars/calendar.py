"""What a calendar says: the hours of a week, and the dates that differ."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from balie.handoff.calendars.hours import Interval


class Weekday(IntEnum):
    """A day of the week, numbered as in ISO 8601 and in the contract."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


@dataclass(frozen=True, slots=True)
class Holiday:
    """A date on which the hours of its weekday do not count.

    Attributes:
        date: in the calendar's time zone.
        display_name: a name for people.
        intervals: when it is open on that date, by their start; empty means closed.
    """

    date: date
    display_name: str
    intervals: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When there is somebody.

    Attributes:
        id: unique within the tenant.
        display_name: a name for people.
        time_zone: name in the IANA database.
        weekdays: seven times the hours of a day, from Monday on, by their start; empty means closed.
        holidays: by date, each date once.
    """

    id: str
    display_name: str
    time_zone: str
    weekdays: tuple[tuple[Interval, ...], ...]
    holidays: tuple[Holiday, ...] = ()

    @property
    def has_hours(self) -> bool:
        """Returns whether there is any day, past or to come, on which it opens."""
        return any(self.weekdays) or any(holiday.intervals for holiday in self.holidays)
