"""The hours of a day: how they are written, and which make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.handoff.calendars.hours import Interval, interval_of, problem_of

intervals = st.builds(
    lambda start, length: Interval(start, min(1440, start + length)),
    st.integers(0, 1439),
    st.integers(1, 1440),
)


@given(intervals)
def test_an_interval_is_read_as_it_is_written(interval: Interval) -> None:
    assert interval_of(str(interval)) == interval


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("09:00-12:30", Interval(540, 750)),
        (" 9:00 – 17:05 ", Interval(540, 1025)),
        ("00:00-24:00", Interval(0, 1440)),
        ("17:00-09:00", Interval(1020, 540)),  # read as it stands; it makes no sense as a day's hours
    ],
)
def test_reads(written: str, meant: Interval) -> None:
    assert interval_of(written) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("nine to five", "must be two times such as 09:00-12:30"),
        ("09:00", "must be two times such as 09:00-12:30"),
        ("9-17", "must be two times such as 09:00-12:30"),
        ("09:00-24:01", "must be two times such as 09:00-12:30: there is no 24:01"),
        ("09:60-17:00", "must be two times such as 09:00-12:30: there is no 09:60"),
    ],
)
def test_refuses(written: str, why: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        interval_of(written)
    assert str(refused.value) == why


def test_hours_may_touch_and_come_in_any_order() -> None:
    assert problem_of([Interval(750, 1020), Interval(540, 750)]) == ""
    assert problem_of([]) == ""


def test_hours_neither_overlap_nor_end_before_they_start() -> None:
    assert problem_of([Interval(720, 1020), Interval(540, 750)]) == "09:00-12:30 and 12:00-17:00 overlap"
    assert problem_of([Interval(540, 750), Interval(540, 750)]) == "09:00-12:30 and 09:00-12:30 overlap"
    assert problem_of([Interval(540, 540)]).startswith("09:00-09:00 ends no later than it starts")
    assert "of each day" in problem_of([Interval(1320, 120)])


@given(st.lists(intervals, max_size=4))
def test_hours_make_sense_when_no_minute_is_in_two_of_them(given_intervals: list[Interval]) -> None:
    minutes = [minute for one in given_intervals for minute in range(one.start_minute, one.end_minute)]
    assert (problem_of(given_intervals) == "") == (len(minutes) == len(set(minutes)))
