"""Promises: how far they are used up, in time that counts, and what is told when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.handoff import clocks
from balie.handoff.business_time import Always, BusinessTime
from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.hours import Interval
from balie.handoff.calendars.timetable import Timetable
from balie.handoff.clocks import Clock, ClockKind, ClockState, Promises

NOW = datetime(2025, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALWAYS = Always()
EVERY_DAY = ((Interval(9 * 60, 17 * 60),),) * 7
AMSTERDAM = Timetable(Calendar("nl", "NL", "Europe/Amsterdam", EVERY_DAY, ()))
ROUND_THE_CLOCK = Timetable(Calendar("all", "All", "Europe/Amsterdam", ((Interval(0, 24 * 60),),) * 7, ()))
PROMISES = Promises(first_reply=10 * MINUTE, next_reply=20 * MINUTE, resolution=100 * MINUTE)


def running(target: timedelta = 10 * MINUTE, hours: BusinessTime = ALWAYS, at: datetime = NOW) -> Clock:
    return Clock(ClockKind.FIRST_REPLY, ClockState.PAUSED, target).run(at, hours)


def by_kind(found: clocks.Clocks) -> dict[str, str]:
    return {clock.kind.name: clock.state.name for clock in found}


def test_tells_each_share_once_and_breaks_with_the_whole() -> None:
    clock, told = running(), []
    while clock.next_at is not None:
        told.append((clock.next_at - NOW, clock.tell(ALWAYS).told))
        clock = clock.tell(ALWAYS)
    assert told == [(5 * MINUTE, 50), (8 * MINUTE, 80), (10 * MINUTE, 100)]
    assert (clock.state, clock.used, clock.broken, clock.kept) == (ClockState.BROKEN, 10 * MINUTE, 1, 0)
    assert clock.run(NOW, ALWAYS) == clock.pause(NOW, ALWAYS) == clock.keep(NOW, ALWAYS) == clock


def test_time_that_stands_still_does_not_count() -> None:
    paused = running().pause(NOW + 4 * MINUTE, ALWAYS)
    assert (paused.state, paused.used, paused.due_at) == (ClockState.PAUSED, 4 * MINUTE, None)
    again = paused.run(NOW + timedelta(days=3), ALWAYS)
    assert again.next_at == NOW + timedelta(days=3) + MINUTE
    assert again.due_at == NOW + timedelta(days=3) + 6 * MINUTE


def test_what_was_told_is_not_told_again_after_a_pause() -> None:
    half = running().tell(ALWAYS).pause(NOW + 6 * MINUTE, ALWAYS).run(NOW + timedelta(hours=1), ALWAYS)
    assert (half.told, half.next_at) == (50, NOW + timedelta(hours=1) + 2 * MINUTE)


def test_words_after_the_time_is_over_keep_nothing_also_before_anybody_has_looked() -> None:
    late = running().keep(NOW + 10 * MINUTE, ALWAYS)
    assert (late.state, late.used, late.kept, late.broken) == (ClockState.BROKEN, 10 * MINUTE, 0, 1)
    in_time = running().keep(NOW + 10 * MINUTE - timedelta.resolution, ALWAYS)
    assert (in_time.state, in_time.kept, in_time.broken) == (ClockState.KEPT, 1, 0)


def test_only_hours_count() -> None:
    evening = datetime(2025, 5, 1, 14, 58, tzinfo=UTC)  # two minutes before they close in Amsterdam
    clock = running(hours=AMSTERDAM, at=evening)
    assert clock.next_at == datetime(2025, 5, 2, 7, 3, tzinfo=UTC)
    assert clock.due_at == datetime(2025, 5, 2, 7, 8, tzinfo=UTC)
    assert clock.pause(datetime(2025, 5, 1, 22, tzinfo=UTC), AMSTERDAM).used == 2 * MINUTE


@pytest.mark.parametrize(
    ("evening", "hours"),
    [(datetime(2025, 3, 29, 20, tzinfo=UTC), 23), (datetime(2025, 10, 25, 20, tzinfo=UTC), 25)],
    ids=["spring", "autumn"],
)
def test_a_day_on_which_the_clock_changes_has_the_hours_that_passed(evening: datetime, hours: int) -> None:
    day = Timetable(Calendar("day", "Day", "Europe/Amsterdam", ((Interval(0, 24 * 60),),) * 7, ()))
    clock = running(timedelta(hours=hours), day, evening)
    assert clock.due_at == evening + timedelta(hours=hours)
    narrow = running(timedelta(hours=8), AMSTERDAM, evening)  # the whole of the next day's hours
    local_close = datetime(
        evening.year, evening.month, evening.day + 1, 15 if evening.month == 3 else 16, tzinfo=UTC
    )
    assert narrow.due_at == local_close


def test_replies_are_kept_by_words_and_the_end_waits_for_the_contact() -> None:
    asked = clocks.started(PROMISES, NOW, ALWAYS)
    assert by_kind(asked) == {"FIRST_REPLY": "RUNNING", "RESOLUTION": "RUNNING"}
    replied = clocks.agent_wrote(asked, NOW + 3 * MINUTE, ALWAYS)
    assert by_kind(replied) == {"FIRST_REPLY": "KEPT", "RESOLUTION": "PAUSED"}
    again = clocks.contact_waits(replied, PROMISES, NOW + 50 * MINUTE, ALWAYS, is_replied=True)
    assert by_kind(again) == {"FIRST_REPLY": "KEPT", "NEXT_REPLY": "RUNNING", "RESOLUTION": "RUNNING"}
    second = clocks.agent_wrote(again, NOW + 60 * MINUTE, ALWAYS)
    assert [clock.used for clock in second] == [3 * MINUTE, 10 * MINUTE, 13 * MINUTE]
    third = clocks.contact_waits(second, PROMISES, NOW + 70 * MINUTE, ALWAYS, is_replied=True)
    ended = clocks.solved(third, NOW + 71 * MINUTE, ALWAYS)
    assert by_kind(ended) == {"FIRST_REPLY": "KEPT", "NEXT_REPLY": "PAUSED", "RESOLUTION": "KEPT"}
    assert [clock.kept for clock in ended] == [1, 1, 1]


def test_a_first_reply_that_never_came_is_broken_when_nobody_comes() -> None:
    missed = clocks.missed(clocks.started(PROMISES, NOW, ALWAYS), NOW + MINUTE, ALWAYS)
    assert by_kind(missed) == {"FIRST_REPLY": "BROKEN", "RESOLUTION": "BROKEN"}


def test_nothing_promised_is_no_clock() -> None:
    assert clocks.started(None, NOW, ALWAYS) == ()
    assert clocks.contact_waits((), None, NOW, ALWAYS, is_replied=True) == ()
    assert clocks.next_moment(()) is None


moments = st.integers(0, 400 * 24 * 60).map(lambda minute: NOW + minute * MINUTE)


@settings(deadline=None)  # the first to ask for a year's changes of the clock waits for them
@given(
    st.lists(moments, min_size=2, max_size=8, unique=True),
    st.sampled_from([ALWAYS, AMSTERDAM, ROUND_THE_CLOCK]),
)
def test_what_is_used_is_the_business_time_of_the_stretches(
    turns: list[datetime], hours: BusinessTime
) -> None:
    turns.sort()
    clock = Clock(ClockKind.RESOLUTION, ClockState.PAUSED, timedelta(days=1000))
    expected = timedelta(0)
    for number, at in enumerate(turns):
        clock = clock.run(at, hours) if number % 2 == 0 else clock.pause(at, hours)
        if number % 2:
            expected += hours.business_time(turns[number - 1], at)
    assert clock.used == expected


@settings(deadline=None)
@given(moments, st.integers(1, 5000), st.sampled_from([AMSTERDAM, ROUND_THE_CLOCK]))
def test_is_broken_exactly_when_its_time_has_passed(at: datetime, minutes: int, hours: BusinessTime) -> None:
    clock = running(minutes * MINUTE, hours, at)
    assert clock.due_at is not None
    assert hours.business_time(at, clock.due_at) == minutes * MINUTE
    assert hours.business_time(at, clock.due_at - timedelta(microseconds=1)) < minutes * MINUTE
