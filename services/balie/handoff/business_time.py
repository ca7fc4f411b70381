"""Time that counts: what a calendar says, or all of it. A calendar's is `calendars.timetable.Timetable`."""

from datetime import datetime, timedelta
from typing import Protocol


class BusinessTime(Protocol):
    """Says when it is open, and how much of a time it was."""

    def is_open(self, at: datetime) -> bool:
        """Returns whether it is open at a moment."""

    def next_open(self, at: datetime) -> datetime | None:
        """Returns the first moment, not before `at`, at which it is open; None when there is none in sight."""

    def business_time(self, begin: datetime, end: datetime) -> timedelta:
        """Returns how much of the time from `begin` to `end` it is open; negative when `end` comes first."""

    def after(self, begin: datetime, duration: timedelta) -> datetime | None:
        """Returns the first moment at which business time of `duration` has passed since `begin`; None when none is in sight."""


class Always:
    """Is always open."""

    def is_open(self, at: datetime) -> bool:
        """Returns that it is open."""
        return True

    def next_open(self, at: datetime) -> datetime | None:
        """Returns the moment itself."""
        return at

    def business_time(self, begin: datetime, end: datetime) -> timedelta:
        """Returns the time between two moments."""
        return end - begin

    def after(self, begin: datetime, duration: timedelta) -> datetime | None:
        """Returns the moment so much later."""
        return begin + duration
