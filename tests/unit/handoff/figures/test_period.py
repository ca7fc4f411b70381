"""How a period is cut, by a walk along the clock."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from balie.handoff.figures.errors import PeriodInvalid
from balie.handoff.figures.period import Interval, Period, cut

ZONES = ("UTC", "Europe/Amsterdam", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "America/Los_Angeles")


def moment(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def parts(start: datetime, end: datetime, interval: Interval, zone: str) -> list[Period]:
    found = cut(Period(start, end), interval, ZoneInfo(zone))
    assert found is not None
    return list(found.parts.values())


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", [Interval.HOUR, Interval.DAY])
def test_parts_touch_fill_the_period_and_begin_where_the_clock_says(interval: Interval, zone: str) -> None:
    source = random.Random(zone)
    for year in (2011, 2024, 2026):
        start = datetime(year, 3, 1, tzinfo=UTC) + timedelta(microseconds=source.randrange(10**13))
        end = start + timedelta(days=30 if interval is Interval.HOUR else 300, microseconds=7)
        found = parts(start, end, interval, zone)
        assert (found[0].start, found[-1].end) == (start, end)
        for before, after in pairwise(found):
            assert before.start < before.end == after.start
            local = after.start.astimezone(ZoneInfo(zone))
            assert (local.minute, local.second, local.microsecond) == (0, 0, 0)
            if interval is Interval.DAY:
                assert local.date() != before.start.astimezone(ZoneInfo(zone)).date()


def test_a_day_on_which_the_clock_changes_is_shorter_or_longer() -> None:
    start, end = moment("2026-03-28", "Europe/Amsterdam"), moment("2026-03-31", "Europe/Amsterdam")
    days = parts(start, end, Interval.DAY, "Europe/Amsterdam")
    assert [one.end - one.start for one in days] == [timedelta(hours=hours) for hours in (24, 23, 24)]
    start, end = moment("2026-10-25", "Europe/Amsterdam"), moment("2026-10-26", "Europe/Amsterdam")
    assert len(parts(start, end, Interval.DAY, "Europe/Amsterdam")) == 1
    assert len(parts(start, end, Interval.HOUR, "Europe/Amsterdam")) == 25


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("interval", "end"), [(Interval.DAY, "2026-11-20T08:30"), (Interval.HOUR, "2026-04-20T08:30")]
)
def test_numbers_of_parts_are_those_the_lines_give(interval: Interval, end: str, zone: str) -> None:
    found = cut(Period(moment("2026-03-20T07:00"), moment(end)), interval, ZoneInfo(zone))
    assert found is not None
    assert list(found.parts) == sorted(found.parts)
    for number, part in found.parts.items():
        for at in (part.start, part.end - timedelta(microseconds=1)):
            line = next(line for line in found.lines if at < line.until)
            assert (int(at.timestamp()) + line.shift) // found.size == number


def test_a_period_that_makes_no_sense_is_refused() -> None:
    now = moment("2026-01-01")
    with pytest.raises(PeriodInvalid, match="no later"):
        Period.checked(now, now)
    Period.checked(now, now + timedelta(days=400))
    with pytest.raises(PeriodInvalid, match="400 days"):
        Period.checked(now, now + timedelta(days=400, microseconds=1))
    with pytest.raises(PeriodInvalid, match="1001 parts"):
        cut(Period(now, now + timedelta(hours=1001)), Interval.HOUR, ZoneInfo("UTC"))
    assert cut(Period(now, now + timedelta(hours=1000)), Interval.HOUR, ZoneInfo("UTC"))
    assert cut(Period(now, now + timedelta(days=1)), Interval.NONE, ZoneInfo("UTC")) is None
