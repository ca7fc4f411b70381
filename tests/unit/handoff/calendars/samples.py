"""Calendars for tests, in few words, and a slow reader of them that knows the clock on the wall alone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from balie.handoff.calendars.calendar import Calendar, Holiday
from balie.handoff.calendars.hours import Interval, interval_of
from balie.handoff.calendars.zones import zone_of

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Zones with a change of the clock, and a date around it: forward, back, by half an hour, a whole day, and none at all.
CHANGES = {
    "Europe/Amsterdam": (date(2025, 3, 30), date(2025, 10, 26)),
    "America/New_York": (date(2025, 3, 9), date(2025, 11, 2)),
    "Australia/Lord_Howe": (date(2025, 4, 6), date(2025, 10, 5)),
    "Asia/Kathmandu": (date(1986, 1, 1), date(2025, 3, 30)),
    "Pacific/Apia": (date(2011, 12, 30), date(2010, 9, 26), date(2012, 4, 1)),
    "America/Sao_Paulo": (date(2018, 2, 17), date(2018, 11, 4)),  # back and forward at midnight
    "Africa/Casablanca": (date(2025, 2, 23), date(2025, 4, 6)),  # the other way round, for Ramadan
    "America/St_Johns": (date(2006, 10, 29), date(2007, 3, 11)),  # at one minute past midnight
    "UTC": (date(2025, 1, 1),),
}


def hours(*written: str) -> tuple[Interval, ...]:
    return tuple(sorted(map(interval_of, written)))


def calendar(
    zone: str = "Europe/Amsterdam",
    *,
    holidays: Mapping[str, tuple[str, ...]] | None = None,
    **days: tuple[str, ...],
) -> Calendar:
    """Returns a calendar, as `calendar("UTC", mon=("09:00-12:30",), holidays={"2025-12-25": ()})`."""
    return Calendar(
        "office",
        "Office",
        zone,
        tuple(hours(*days.get(day, ())) for day in DAYS),
        tuple(
            Holiday(date.fromisoformat(day), f"Holiday {day}", hours(*written))
            for day, written in sorted((holidays or {}).items())
        ),
    )


def always(zone: str = "Europe/Amsterdam") -> Calendar:
    return calendar(zone, **dict.fromkeys(DAYS, ("00:00-24:00",)))


def office(zone: str = "Europe/Amsterdam", **more: Mapping[str, tuple[str, ...]]) -> Calendar:
    """Returns working days with a lunch break."""
    return calendar(zone, **dict.fromkeys(DAYS[:5], ("09:00-12:30", "13:00-17:00")), **more)  # type: ignore[arg-type]


def utc(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def shows_open(given: Calendar, at: datetime) -> bool:
    """Returns whether it is open, from the clock on the wall and nothing else."""
    local = at.astimezone(zone_of(given.time_zone))
    intervals = given.weekdays[local.weekday()]
    for holiday in given.holidays:
        if holiday.date == local.date():
            intervals = holiday.intervals
    return any(one.start_minute <= local.hour * 60 + local.minute < one.end_minute for one in intervals)


def walked(given: Calendar, begin: datetime, end: datetime) -> list[datetime]:
    """Returns the minutes between two whole minutes that begin open, found by looking at each."""
    minutes = int((end - begin) / MINUTE)
    return [at for number in range(minutes) if shows_open(given, at := begin + number * MINUTE)]


@st.composite
def days_of_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    """Draws the hours of a day; edges come close to where clocks change, and some intervals touch."""
    edge = st.integers(0, 1440) | st.sampled_from([0, 1, 60, 90, 120, 150, 180, 1380, 1410, 1440])
    edges = sorted(draw(st.lists(edge, max_size=8, unique=True)))
    if draw(st.booleans()):  # without gaps
        return tuple(Interval(start, end) for start, end in pairwise(edges))
    return tuple(Interval(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """Draws a calendar, and a moment near a change of its zone's clock."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    near = st.integers(-3, 3).map(lambda days: change + timedelta(days=days))
    holidays = draw(st.lists(st.tuples(near, days_of_hours()), max_size=3, unique_by=lambda one: one[0]))
    given = Calendar(
        "office",
        "Office",
        zone,
        tuple(draw(st.tuples(*[days_of_hours()] * 7))),
        tuple(Holiday(day, "Holiday", intervals) for day, intervals in sorted(holidays)),
    )
    offset = draw(st.integers(-3 * 86_400_000_000, 3 * 86_400_000_000))  # microseconds
    return given, datetime(change.year, change.month, change.day, tzinfo=UTC) + timedelta(microseconds=offset)
