"""Reads a calendar from a YAML file, and tells every mistake of it with its line.

id: office                    # optional: the file's name without it
name: Office                  # optional: the id without it
zone: Europe/Amsterdam
hours:
  mon-thu: ["09:00-12:30", "13:00-17:00"]
  fri: ["09:00-12:30"]        # days that are not named are closed
holidays:
  - {date: 2026-12-24, name: Christmas Eve, hours: ["09:00-12:00"]}
  - {date: 2026-12-25, name: Christmas Day}
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from balie.cli.file_reader import FileReader
from balie.handoff.calendars.calendar import Calendar, Holiday, Weekday
from balie.handoff.calendars.convert import HOLIDAYS, INTERVALS, TIME_ZONE_CHARACTERS, date_of
from balie.handoff.calendars.hours import Interval, interval_of, problem_of
from balie.handoff.calendars.zones import zone_of
from balie.handoff.convert import DISPLAY_NAME_CHARACTERS
from balie.kit import bounds
from balie.kit.errors import Failure
from balie.nlu.errors import DataFileWrong
from balie.nlu.yaml_file import Entry, read

_DAYS = {day.name[:3].lower(): day for day in Weekday}
_CLOSED = "closed"
_KEYS = ("id", "name", "zone", "hours", "holidays")
_HOLIDAY_KEYS = ("date", "name", "hours")


class CalendarFileWrong(Exception):
    """A file is no calendar.

    Attributes:
        mistakes: what is wrong with it, each with file and line, in their order.
    """

    def __init__(self, mistakes: list[DataFileWrong]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def read_calendar(path: Path) -> Calendar:
    """Returns the calendar that a file holds.

    Raises:
        CalendarFileWrong: it has mistakes; names all that can be found.
    """
    reader = _Reader()
    calendar = None
    with reader.telling():
        calendar = reader.calendar(read(path), path.stem)
    if calendar is None or reader.mistakes:
        raise CalendarFileWrong(sorted(reader.mistakes, key=lambda mistake: mistake.line))
    return calendar


class _Reader(FileReader):
    def calendar(self, entry: Entry, stem: str) -> Calendar:
        found = self.keys(entry, "a calendar", _KEYS)
        if "zone" not in found:
            self.mistakes.append(entry.wrong("zone is missing, such as zone: Europe/Amsterdam"))
        calendar_id = self._text(found.get("id"), "id", _identifier, stem)
        if "id" not in found and _problem(lambda: _identifier(stem)):
            self.mistakes.append(entry.wrong(f"id is missing, and the file's name {stem!r} cannot be one"))
        return Calendar(
            id=calendar_id,
            display_name=self._text(found.get("name"), "name", _name, calendar_id),
            time_zone=self._text(found.get("zone"), "zone", _zone, "UTC"),
            weekdays=self._weekdays(found["hours"]) if "hours" in found else ((),) * len(Weekday),
            holidays=self._holidays(found["holidays"]) if "holidays" in found else (),
        )

    def _weekdays(self, entry: Entry) -> tuple[tuple[Interval, ...], ...]:
        found: dict[Weekday, tuple[Interval, ...]] = {}
        with self.telling():
            for key, value in entry.items("hours"):
                with self.telling():
                    for day in _days(key, value):
                        if day in found:
                            raise value.wrong(f"hours: {_short(day)} is named twice")
                        found[day] = ()
                        found[day] = self._intervals(value, f"hours of {key}")
        return tuple(found.get(day, ()) for day in Weekday)

    def _holidays(self, entry: Entry) -> tuple[Holiday, ...]:
        found: dict[date, Holiday] = {}
        with self.telling():
            for number, one in enumerate(entry.elements("holidays"), start=1):
                with self.telling():
                    if number > HOLIDAYS:
                        raise one.wrong(f"holidays: at most {HOLIDAYS} are allowed")
                    holiday = self._holiday(one)
                    if holiday.date in found:
                        raise one.wrong(f"holidays: {holiday.date} is listed twice")
                    found[holiday.date] = holiday
        return tuple(sorted(found.values(), key=lambda holiday: holiday.date))

    def _holiday(self, entry: Entry) -> Holiday:
        found = self.keys(entry, "a holiday", _HOLIDAY_KEYS)
        for key in ("date", "name"):
            if key not in found:
                raise entry.wrong(f"a holiday has no {key}")
        written = found["date"].text("date", DISPLAY_NAME_CHARACTERS)
        if problem := _problem(lambda: date_of("date", written)):
            raise found["date"].wrong(problem)
        day = date_of("date", written)
        intervals = self._intervals(found["hours"], f"hours of {day}") if "hours" in found else ()
        return Holiday(day, self._text(found["name"], "name", _name, ""), intervals)

    def _intervals(self, entry: Entry, what: str) -> tuple[Interval, ...]:
        if entry.is_text and entry.raw(what) == _CLOSED:
            return ()
        found = []
        for one in [entry] if entry.is_text else entry.elements(what):
            try:
                found.append(interval_of(one.text(what)))
            except ValueError as error:
                raise one.wrong(f"{what}: {one.raw(what)!r} {error}") from None
        if len(found) > INTERVALS:
            raise entry.wrong(f"{what}: at most {INTERVALS} intervals are allowed")
        if problem := problem_of(found):
            raise entry.wrong(f"{what}: {problem}")
        return tuple(sorted(found))

    def _text(self, entry: Entry | None, what: str, check: Callable[[str], object], usual: str) -> str:
        if entry is None:
            return usual
        text = usual
        with self.telling():
            text = entry.text(what)
            if problem := _problem(lambda: check(text)):
                raise entry.wrong(problem)
        return text


def _days(key: str, value: Entry) -> list[Weekday]:
    """Returns the weekdays that a key names, as `mon` or `mon-fri`."""
    first, dash, last = key.strip().lower().partition("-")
    if first in _DAYS and (not dash or last in _DAYS):
        days = list(Weekday)[_DAYS[first] - 1 : _DAYS[last or first]]
        if days:
            return days
    raise value.wrong(f"hours: {key!r} is no day: write {', '.join(_DAYS)}, or days in a row such as mon-fri")


def _short(day: Weekday) -> str:
    return day.name[:3].lower()


def _identifier(value: str) -> object:
    return bounds.identifier("id", value)


def _name(value: str) -> object:
    return bounds.text("name", value, DISPLAY_NAME_CHARACTERS)


def _zone(value: str) -> object:
    return zone_of(bounds.text("zone", value, TIME_ZONE_CHARACTERS))


def _problem(check: Callable[[], object]) -> str:
    """Returns why the service would refuse a value, "" if it would not."""
    try:
        check()
    except Failure as failure:
        return failure.message
    return ""
