"""Between the contract and the domain: calendars and questions to them; checks every documented bound on the way in."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.handoff.v1 import calendar_pb2, calendar_service_pb2
from balie.handoff.calendars.calendar import Calendar, Holiday, Weekday
from balie.handoff.calendars.calendars import Opening, OpenState, Whose
from balie.handoff.calendars.errors import CalendarInvalid
from balie.handoff.calendars.hours import DAY_MINUTES, Interval, problem_of
from balie.handoff.calendars.zones import zone_of
from balie.handoff.convert import DISPLAY_NAME_CHARACTERS
from balie.handoff.events import timestamp
from balie.kit import bounds
from balie.kit.errors import FieldMalformed, FieldRequired

TIME_ZONE_CHARACTERS = 64
WEEKDAYS = 7
INTERVALS = 12
HOLIDAYS = 400
FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2199, 12, 31)
LAST_SECOND = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_NANO = 999_999_999
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_FORM = f"a date from {FIRST_DATE} to {LAST_DATE}, as YYYY-MM-DD"

AboutHours = calendar_service_pb2.IsOpenRequest | calendar_service_pb2.NextOpenRequest


def calendar_from_proto(calendar: calendar_pb2.Calendar) -> Calendar:
    """Returns a calendar with all of its lists in order.

    Raises:
        CalendarInvalid: its hours make no sense together.
        TimeZoneUnknown: there is no such time zone.
    """
    time_zone = bounds.text("calendar.time_zone", calendar.time_zone, TIME_ZONE_CHARACTERS)
    found = Calendar(
        id=bounds.identifier("calendar.id", calendar.id),
        display_name=bounds.text("calendar.display_name", calendar.display_name, DISPLAY_NAME_CHARACTERS),
        time_zone=time_zone,
        weekdays=_weekdays(calendar.weekdays),
        holidays=_holidays(calendar.holidays),
    )
    zone_of(time_zone)
    return found


def calendar_of(request: calendar_service_pb2.UpsertCalendarRequest) -> Calendar:
    """Returns the calendar that a request is about; raises what `calendar_from_proto` does."""
    if not request.HasField("calendar"):
        raise FieldRequired("calendar")
    return calendar_from_proto(request.calendar)


def whose_from_proto(request: AboutHours) -> Whose:
    """Returns whose hours a request is about."""
    match request.WhichOneof("whose"):
        case "calendar_id":
            return Whose(calendar_id=bounds.identifier("calendar_id", request.calendar_id))
        case "queue_id":
            return Whose(queue_id=bounds.identifier("queue_id", request.queue_id))
        case _:
            raise FieldRequired("whose")


def moment_from_proto(request: AboutHours) -> datetime | None:
    """Returns the moment a request is about, to the microsecond; None when it is about now."""
    return moment_of("at_time", request.at_time) if request.HasField("at_time") else None


def moment_of(field: str, stamp: Timestamp) -> datetime:
    """Returns a moment that somebody sent, to the microsecond: one from 1970 and before 2200."""
    seconds = bounds.number(f"{field}.seconds", stamp.seconds, 0, LAST_SECOND)
    nanos = bounds.number(f"{field}.nanos", stamp.nanos, 0, _LAST_NANO)
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)


def calendar_to_proto(calendar: Calendar) -> calendar_pb2.Calendar:
    """Returns a calendar as it is sent; weekdays on which it is closed are left out."""
    return calendar_pb2.Calendar(
        id=calendar.id,
        display_name=calendar.display_name,
        time_zone=calendar.time_zone,
        weekdays=[
            calendar_pb2.WeekdayHours(
                weekday=calendar_pb2.Weekday.ValueType(weekday), intervals=_intervals_to_proto(intervals)
            )
            for weekday, intervals in zip(Weekday, calendar.weekdays, strict=True)
            if intervals
        ],
        holidays=[
            calendar_pb2.Holiday(
                date=holiday.date.isoformat(),
                display_name=holiday.display_name,
                intervals=_intervals_to_proto(holiday.intervals),
            )
            for holiday in calendar.holidays
        ],
    )


def state_to_proto(state: OpenState) -> calendar_service_pb2.IsOpenResponse:
    """Returns whether it is open, as it is sent."""
    return calendar_service_pb2.IsOpenResponse(
        open=state.is_open,
        until_time=timestamp(state.until) if state.until else None,
        holiday_name=state.holiday,
        calendar_id=state.calendar.id if state.calendar else "",
        at_time=timestamp(state.at),
    )


def opening_to_proto(opening: Opening) -> calendar_service_pb2.NextOpenResponse:
    """Returns when it is open first, as it is sent."""
    never = calendar_service_pb2.NEVER_OPEN_REASON_UNSPECIFIED
    if opening.opens is None:
        has_hours = opening.calendar is not None and opening.calendar.has_hours
        never = (
            calendar_service_pb2.NEVER_OPEN_REASON_NOT_SOON
            if has_hours
            else calendar_service_pb2.NEVER_OPEN_REASON_NO_HOURS
        )
    return calendar_service_pb2.NextOpenResponse(
        open_time=timestamp(opening.opens) if opening.opens else None,
        close_time=timestamp(opening.closes) if opening.closes else None,
        never=never,
        calendar_id=opening.calendar.id if opening.calendar else "",
        at_time=timestamp(opening.at),
    )


def _weekdays(given: Sequence[calendar_pb2.WeekdayHours]) -> tuple[tuple[Interval, ...], ...]:
    found: dict[Weekday, tuple[Interval, ...]] = {}
    for number, one in enumerate(bounds.items("calendar.weekdays", given, WEEKDAYS)):
        field = f"calendar.weekdays[{number}]"
        weekday = bounds.enum(f"{field}.weekday", one.weekday, Weekday)
        if weekday in found:
            raise CalendarInvalid(f"{field}.weekday", f"{weekday.name} is listed twice")
        found[weekday] = _intervals(f"{field}.intervals", one.intervals)
    return tuple(found.get(weekday, ()) for weekday in Weekday)


def _holidays(given: Sequence[calendar_pb2.Holiday]) -> tuple[Holiday, ...]:
    found: dict[date, Holiday] = {}
    for number, one in enumerate(bounds.items("calendar.holidays", given, HOLIDAYS)):
        field = f"calendar.holidays[{number}]"
        day = date_of(f"{field}.date", one.date)
        if day in found:
            raise CalendarInvalid(f"{field}.date", f"{day} is listed twice")
        name = bounds.text(f"{field}.display_name", one.display_name, DISPLAY_NAME_CHARACTERS)
        found[day] = Holiday(day, name, _intervals(f"{field}.intervals", one.intervals))
    return tuple(sorted(found.values(), key=lambda holiday: holiday.date))


def date_of(field: str, written: str) -> date:
    """Returns the date that somebody wrote, between the first and the last that a holiday may have."""
    if not written:
        raise FieldRequired(field)
    try:
        day = date.fromisoformat(written) if _DATE.fullmatch(written) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DATE <= day <= LAST_DATE:
        raise FieldMalformed(field, expected=_DATE_FORM)
    return day


def _intervals(field: str, given: Sequence[calendar_pb2.OpeningInterval]) -> tuple[Interval, ...]:
    intervals = [
        Interval(
            bounds.number(f"{field}[{number}].start_minute", one.start_minute, 0, DAY_MINUTES - 1),
            bounds.number(f"{field}[{number}].end_minute", one.end_minute, 1, DAY_MINUTES),
        )
        for number, one in enumerate(bounds.items(field, given, INTERVALS))
    ]
    if problem := problem_of(intervals):
        raise CalendarInvalid(field, problem)
    return tuple(sorted(intervals))


def _intervals_to_proto(intervals: Iterable[Interval]) -> list[calendar_pb2.OpeningInterval]:
    return [
        calendar_pb2.OpeningInterval(start_minute=one.start_minute, end_minute=one.end_minute)
        for one in intervals
    ]
