"""When it is open: on days as any other, on holidays, and on days when the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.unit.handoff.calendars.samples import (
    CHANGES,
    DAYS,
    MINUTE,
    always,
    calendar,
    calendars,
    office,
    shows_open,
    utc,
    walked,
)

from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.errors import TimeZoneUnknown
from balie.handoff.calendars.timetable import HORIZON, LONGEST, Timetable
from balie.handoff.calendars.zones import stretches, zone_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TICK = timedelta.resolution
HOUR = timedelta(hours=1)
durations = st.timedeltas(timedelta(0), timedelta(hours=60))
spells = st.timedeltas(timedelta(0), timedelta(days=3))
patient = settings(deadline=None)  # ten years are looked through for hours that never come


def amsterdam(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=AMSTERDAM)


def test_an_ordinary_day_with_a_lunch_break() -> None:
    table = Timetable(office())
    for written, is_open in (
        ("2025-06-02T08:59:59.999999", False),
        ("2025-06-02T09:00", True),
        ("2025-06-02T12:29:59.999999", True),
        ("2025-06-02T12:30", False),
        ("2025-06-02T13:00", True),
        ("2025-06-02T17:00", False),
        ("2025-06-07T10:00", False),
    ):
        assert table.is_open(amsterdam(written)) is is_open, written
    assert table.next_close(amsterdam("2025-06-02T10:00")) == amsterdam("2025-06-02T12:30")
    assert table.next_open(amsterdam("2025-06-02T12:30")) == amsterdam("2025-06-02T13:00")
    assert table.next_open(amsterdam("2025-06-06T17:00")) == amsterdam("2025-06-09T09:00")
    assert table.next_close(amsterdam("2025-06-06T17:00")) == amsterdam("2025-06-09T12:30")
    assert table.next_open(amsterdam("2025-06-02T10:00")) == amsterdam("2025-06-02T10:00")


def test_a_holiday_is_closed_or_has_hours_of_its_own() -> None:
    table = Timetable(
        office(holidays={"2025-12-24": ("09:00-12:00",), "2025-12-25": (), "2025-12-27": ("10:00-11:00",)})
    )
    assert table.next_close(amsterdam("2025-12-24T10:00")) == amsterdam("2025-12-24T12:00")
    assert table.next_open(amsterdam("2025-12-24T12:00")) == amsterdam("2025-12-26T09:00")
    assert table.is_open(amsterdam("2025-12-27T10:30"))  # a Saturday
    named = table.holiday_at(utc("2025-12-24T23:30"))  # the 25th already, in Amsterdam
    assert named
    assert named.date == date(2025, 12, 25)
    assert table.holiday_at(utc("2025-12-25T23:30")) is None


def test_hours_until_midnight_go_on_in_those_of_the_next_day() -> None:
    table = Timetable(calendar(fri=("20:00-24:00",), sat=("00:00-02:00",)))
    assert table.next_close(amsterdam("2025-06-06T21:00")) == amsterdam("2025-06-07T02:00")
    assert table.business_time(amsterdam("2025-06-06T00:00"), amsterdam("2025-06-08T00:00")) == 6 * HOUR


def test_what_never_opens_and_what_never_closes() -> None:
    now = utc("2025-06-02T10:00")
    closed, open_ = Timetable(calendar()), Timetable(always())
    assert (closed.is_open(now), closed.next_open(now), closed.next_close(now)) == (False, None, None)
    assert (open_.is_open(now), open_.next_open(now), open_.next_close(now)) == (True, now, None)
    assert closed.after(now, TICK) is None
    assert closed.after(now, timedelta(0)) == now
    assert closed.business_time(now, now + timedelta(days=9)) == timedelta(0)
    assert open_.after(now, timedelta(days=30)) == now + timedelta(days=30)
    assert open_.after(now, LONGEST) == now + LONGEST
    assert open_.after(now, LONGEST + TICK) is None


def test_looks_ahead_as_far_as_it_says() -> None:
    now = utc("2025-01-01T00:00")
    table = Timetable(calendar("UTC", holidays={"2026-02-05": ("00:00-01:00",)}))
    opens = utc("2026-02-05T00:00")
    assert opens - now == HORIZON
    assert table.next_open(now) is None
    assert table.next_open(now + TICK) == opens
    assert table.next_close(now + HOUR) is None
    assert table.next_close(now + HOUR + TICK) == opens + HOUR


@pytest.mark.parametrize(
    ("day", "written", "spans", "lasts"),
    [
        # 30 March 2025: 02:00 to 03:00 is skipped.
        ("2025-03-30", ("01:00-04:00",), [("00:00", "02:00")], 2),
        ("2025-03-30", ("02:00-03:00",), [], 0),
        ("2025-03-30", ("02:15-02:45",), [], 0),
        ("2025-03-30", ("01:00-02:30",), [("00:00", "01:00")], 1),
        ("2025-03-30", ("02:30-04:00",), [("01:00", "02:00")], 1),
        ("2025-03-30", ("01:00-02:00", "03:00-04:00"), [("00:00", "02:00")], 2),
        # 26 October 2025: 02:00 to 03:00 is shown twice.
        ("2025-10-26", ("01:00-04:00",), [("23:00", "03:00")], 4),
        ("2025-10-26", ("02:00-03:00",), [("00:00", "02:00")], 2),
        ("2025-10-26", ("02:15-02:45",), [("00:15", "00:45"), ("01:15", "01:45")], 1),
        ("2025-10-26", ("01:00-02:30",), [("23:00", "00:30"), ("01:00", "01:30")], 2),
        ("2025-10-26", ("02:30-04:00",), [("00:30", "01:00"), ("01:30", "03:00")], 2),
    ],
)
def test_hours_are_what_the_clock_on_the_wall_shows(
    day: str, written: tuple[str, ...], spans: list[tuple[str, str]], lasts: int
) -> None:
    table = Timetable(calendar(holidays={day: written}))
    found = list(table.spans(amsterdam(day) - 12 * HOUR, amsterdam(day) + 36 * HOUR))
    assert [(f"{one.begin:%H:%M}", f"{one.end:%H:%M}") for one in found] == spans
    assert sum((one.end - one.begin for one in found), timedelta(0)) == lasts * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "lasts"),
    [
        ("Europe/Amsterdam", "2025-03-30", 23),
        ("Europe/Amsterdam", "2025-10-26", 25),
        ("America/New_York", "2025-03-09", 23),
        ("America/New_York", "2025-11-02", 25),
        ("Australia/Lord_Howe", "2025-10-05", 23.5),
        ("Australia/Lord_Howe", "2025-04-06", 24.5),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("Asia/Kathmandu", "1986-01-01", 23.75),
        ("Asia/Kathmandu", "2025-03-30", 24),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),  # it went from the 29th to the 31st
        ("Pacific/Apia", "2011-12-31", 24),
    ],
)
def test_a_day_open_all_day_is_as_long_as_the_day_is(zone: str, day: str, lasts: float) -> None:
    table = Timetable(calendar(zone, holidays={day: ("00:00-24:00",)}))
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    assert table.business_time(noon - 60 * HOUR, noon + 60 * HOUR) == lasts * HOUR


def test_business_time_ends_with_the_day_and_begins_with_the_next() -> None:
    table = Timetable(office())
    friday = amsterdam("2025-06-06T15:00")
    assert table.after(friday, 2 * HOUR) == amsterdam("2025-06-06T17:00")
    assert table.after(friday, 2 * HOUR + TICK) == amsterdam("2025-06-09T09:00") + TICK
    assert table.after(friday, 9.5 * HOUR) == amsterdam("2025-06-09T17:00")
    saturday = amsterdam("2025-06-07T15:00")
    assert table.after(saturday, timedelta(0)) == saturday
    assert table.after(saturday, TICK) == amsterdam("2025-06-09T09:00") + TICK
    assert table.business_time(friday, saturday) == 2 * HOUR
    assert table.business_time(saturday, friday) == -2 * HOUR
    assert (
        table.business_time(amsterdam("2025-06-02T00:00"), amsterdam("2025-06-30T00:00")) == 4 * 37.5 * HOUR
    )


def test_moments_of_any_zone_come_back_in_utc() -> None:
    table = Timetable(office())
    begin = datetime(2025, 6, 7, 3, tzinfo=ZoneInfo("America/New_York"))
    opens = table.next_open(begin)
    assert opens == amsterdam("2025-06-09T09:00")
    assert opens
    assert opens.tzinfo is UTC
    finished = table.after(begin, HOUR)
    assert finished
    assert finished.tzinfo is UTC


@pytest.mark.parametrize(
    "name",
    ["", "Europe/Amsterdm", "europe/amsterdam", "Europe", "../Europe/Amsterdam", "localtime", "x" * 64],
)
def test_a_zone_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(TimeZoneUnknown):
        Timetable(office(name))


@pytest.mark.parametrize("zone", sorted(CHANGES))
def test_stretches_tell_the_offset_of_every_quarter(zone: str) -> None:
    for day in CHANGES[zone]:
        begin = datetime(day.year, 1, 1, tzinfo=UTC) - 3 * HOUR
        end = begin + timedelta(days=400)
        found = list(stretches(zone_of(zone), begin, end))
        assert (found[0].begin, found[-1].end) == (begin, end)
        assert [one.end for one in found[:-1]] == [one.begin for one in found[1:]]
        for one in found:
            edges = (one.begin, one.end - TICK)
            quarters = [
                one.begin + number * HOUR / 4 for number in range(int((one.end - one.begin) / (HOUR / 4)))
            ]
            for at in (*edges, *quarters):
                assert at.astimezone(zone_of(zone)).utcoffset() == one.offset


@settings(patient, max_examples=60)
@given(calendars(), spells)
def test_agrees_with_a_walk_minute_by_minute(drawn: tuple[Calendar, datetime], spell: timedelta) -> None:
    given_calendar, near = drawn
    table, begin = Timetable(given_calendar), near.replace(second=0, microsecond=0)
    end = begin + (spell // MINUTE) * MINUTE
    minutes = walked(given_calendar, begin, end)
    assert table.business_time(begin, end) == len(minutes) * MINUTE
    spans, among = list(table.spans(begin, end)), set(minutes)
    assert [one.begin for one in spans] == [at for at in minutes if at - MINUTE not in among]
    assert [one.end for one in spans] == [at + MINUTE for at in minutes if at + MINUTE not in among]
    if minutes:
        assert table.next_open(begin) == minutes[0]
        assert table.after(begin, len(minutes) * MINUTE) == minutes[-1] + MINUTE
        if spans[0].end < end:
            assert table.next_close(begin) == spans[0].end


@patient
@given(calendars())
def test_is_open_at_every_moment_that_the_clock_shows_so(drawn: tuple[Calendar, datetime]) -> None:
    given_calendar, at = drawn
    table, is_open = Timetable(given_calendar), shows_open(given_calendar, at)
    assert table.is_open(at) is is_open
    assert (table.next_open(at) == at) is is_open
    for edge in (table.next_open(at), table.next_close(at)):
        if edge:
            assert edge >= at
            assert table.is_open(edge) is (edge == table.next_open(at))
            if edge > at:
                assert table.is_open(edge - TICK) is not table.is_open(edge)


@patient
@given(calendars(), durations)
@example((office(), utc("2025-06-06T15:00")), 9.5 * HOUR)
def test_what_is_added_is_what_is_measured(drawn: tuple[Calendar, datetime], duration: timedelta) -> None:
    given_calendar, begin = drawn
    table = Timetable(given_calendar)
    end = table.after(begin, duration)
    assume(end is not None)
    assert end is not None
    assert table.business_time(begin, end) == duration
    if duration:
        assert table.business_time(begin, end - TICK) == duration - TICK  # and no earlier moment would do


@patient
@given(calendars(), durations, durations)
def test_more_business_time_ends_later_and_in_two_steps_at_the_same_moment(
    drawn: tuple[Calendar, datetime], one: timedelta, other: timedelta
) -> None:
    given_calendar, begin = drawn
    table = Timetable(given_calendar)
    first, both = table.after(begin, one), table.after(begin, one + other)
    assume(first is not None and both is not None)
    assert first is not None
    assert both is not None
    assert (first < both) if other else (first == both)
    assert table.after(first, other) == both


@patient
@given(calendars(), spells, spells)
def test_business_time_adds_up_and_never_outruns_the_clock(
    drawn: tuple[Calendar, datetime], one: timedelta, other: timedelta
) -> None:
    given_calendar, begin = drawn
    table, middle, end = Timetable(given_calendar), begin + one, begin + one + other
    parts = table.business_time(begin, middle) + table.business_time(middle, end)
    assert table.business_time(begin, end) == parts == -table.business_time(end, begin)
    assert timedelta(0) <= parts <= one + other
    whole = Timetable(always(given_calendar.time_zone))
    assert whole.business_time(begin, end) == end - begin


def test_all_weekdays_are_their_own() -> None:
    table = Timetable(
        calendar("UTC", **{day: (f"{number:02}:00-{number:02}:30",) for number, day in enumerate(DAYS)})
    )
    monday = utc("2025-06-02T00:00")
    for number in range(7):
        assert table.is_open(monday + timedelta(days=number, hours=number))
    assert table.business_time(monday, monday + timedelta(days=7)) == 3.5 * HOUR
