"""How a calendar looks: whether it is open, and the days to come; and `balie calendar check`, which needs no service."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from balie.cli.calendar_file import CalendarFileWrong, read_calendar
from balie.cli.console import console, errors, fail, printable
from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.timetable import Timetable
from balie.handoff.calendars.zones import stretches

_DAY = timedelta(days=1)


def run_check(files: Sequence[Path], written: str, days: int) -> None:
    """Shows calendars of files at a moment; ends the command when one has a mistake."""
    for calendar in read_all(files):
        table = Timetable(calendar)
        console.print(drawn(table, moment_of(written, table.zone), days))


def read_all(files: Sequence[Path]) -> list[Calendar]:
    """Returns the calendars of files; ends the command when there are mistakes, after telling all of them."""
    found: dict[str, tuple[Path, Calendar]] = {}
    mistakes: list[str] = []
    for file in files:
        try:
            calendar = read_calendar(file)
        except CalendarFileWrong as wrong:
            mistakes += map(str, wrong.mistakes)
            continue
        if calendar.id in found:
            mistakes.append(f"{file}: the id {calendar.id} is that of {found[calendar.id][0]} too")
        found.setdefault(calendar.id, (file, calendar))
    for mistake in mistakes:
        errors.print(Text(printable(mistake), style="red"), soft_wrap=True)
    if mistakes:
        fail(f"{len(mistakes)} mistake{'' if len(mistakes) == 1 else 's'}.")
    return [calendar for _, calendar in found.values()]


def moment_of(written: str, zone: ZoneInfo, option: str = "--at") -> datetime:
    """Returns the moment that somebody wrote, by the clock of a zone when they named no other; now when they wrote none."""
    if not written:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(
            f"{written!r} is no moment such as 2026-12-25T10:00.", param_hint=option
        ) from None
    if not 1970 <= moment.year < 2200:
        raise typer.BadParameter("years are 1970 to 2199.", param_hint=option)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def drawn(table: Timetable, at: datetime, days: int) -> Group:
    """Returns a calendar as it is printed: its name, whether it is open, and days from a moment on."""
    calendar = table.calendar
    name = calendar.id if calendar.display_name == calendar.id else f"{calendar.display_name} ({calendar.id})"
    count = len(calendar.holidays)
    holidays = f"{count} holiday{'' if count == 1 else 's'}" if count else "no holidays"
    head = Text(f"{printable(name)}, {calendar.time_zone}, {holidays}", style="bold")
    grid = Table(box=None, show_header=False, padding=(0, 2))
    first = at.astimezone(table.zone).date()
    for number in range(days):
        grid.add_row(*_day(table, first + number * _DAY))
    return Group(head, Text(state_of(table, at)), Text(), grid, Text())


def state_of(table: Timetable, at: datetime) -> str:
    """Returns whether it is open at a moment and until when, in words."""
    now = f"on {_local(at, table.zone)}"
    holiday = table.holiday_at(at)
    of_day = f", {printable(holiday.display_name)}" if holiday else ""
    if table.is_open(at):
        closes = table.next_close(at)
        return f"open {now}{of_day}, until {_local(closes, table.zone) if closes else 'further notice'}"
    opens = table.next_open(at)
    return f"closed {now}{of_day}, {f'opens {_local(opens, table.zone)}' if opens else 'and never opens'}"


def brief_of(table: Timetable, at: datetime) -> str:
    """Returns whether it is open at a moment and until when, in few words."""
    is_open = table.is_open(at)
    changes = table.next_close(at) if is_open else table.next_open(at)
    until = f"until {_local(changes, table.zone)}" if changes else "for good"
    return f"{'open' if is_open else 'closed'} {until}"


def _day(table: Timetable, day: date) -> tuple[str | Text, ...]:
    begin, end = (datetime.combine(one, time(0), table.zone).astimezone(UTC) for one in (day, day + _DAY))
    lasts = table.business_time(begin, end)
    hours = Text("  ".join(map(str, table.hours_on(day))) or "closed", style="" if lasts else "dim")
    notes = [_change(table.zone, begin, end)]
    if holiday := table.holiday_on(day):
        notes.insert(0, printable(holiday.display_name))
    note = ", ".join(filter(None, notes))
    return f"{day:%a %d %b %Y}", hours, _length(lasts) if lasts else "", Text(note, style="yellow")


def _change(zone: ZoneInfo, begin: datetime, end: datetime) -> str:
    """Returns how the clock changes between two moments, "" when it does not."""
    found = list(stretches(zone, begin, end))
    words = []
    for before, after in pairwise(found):
        if by := after.offset - before.offset:
            way = "forward" if by > timedelta(0) else "back"
            words.append(f"the clock goes {way} {_length(abs(by))} at {before.end + before.offset:%H:%M}")
    return ", ".join(words)


def _length(lasts: timedelta) -> str:
    hours, minutes = divmod(round(lasts.total_seconds() / 60), 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")))


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %d %b %Y %H:%M}"
