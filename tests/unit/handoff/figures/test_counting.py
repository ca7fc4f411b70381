"""Figures on both databases, beside the same ones worked out plainly."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.unit.handoff.desks import TENANT, Desks
from tests.unit.handoff.figures import oracle
from tests.unit.handoff.figures.samples import (
    HOUR,
    Past,
    clock,
    decide,
    put,
    random_pasts,
    rate,
    suggest,
    transfer,
)

from balie.handoff.clocks import ClockKind
from balie.handoff.domain import HandoffState
from balie.handoff.errors import QueueNotFound
from balie.handoff.figures.counting import Counting, Wanted
from balie.handoff.figures.figures import Bot, Figures, Promised, Rated, Report, Spread, Suggested
from balie.handoff.figures.period import Interval

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


async def report(
    at: Desks,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    queues: tuple[str, ...] = (),
    interval: Interval = Interval.NONE,
) -> Report:
    return await Counting(at.journal).report(TENANT, Wanted(queues, start, end, interval, AMSTERDAM))


async def test_an_empty_desk_has_counts_of_nothing_and_no_measures(at: Desks) -> None:
    now = at.clock.time
    told = await report(at, interval=Interval.HOUR)
    assert (told.start, told.end, told.counted_at) == (now - DAY, now, now)
    assert told.total == told.queues["desk"] == Figures(waiting=0)
    assert told.bot == Bot()
    assert told.bot.contained_share is None
    assert [bucket.figures for bucket in told.buckets] == [Figures()] * 24


async def test_random_handoffs_are_counted_as_they_are_plainly(at: Desks) -> None:
    source, since = random.Random(7), datetime(2026, 10, 19, 22, tzinfo=UTC)
    until = since + 8 * DAY  # the clock goes back within
    for queue in ("webshop", "late"):
        await at.queue(queue)
    pasts = random_pasts(source, since, until, 300)
    await put(at.database, *pasts)
    await put(at.database, *(replace(one, tenant="other") for one in pasts))
    decided = [
        (
            f"talk-{source.randrange(600)}",
            since + timedelta(microseconds=source.randrange(8 * DAY // MICROSECOND)),
        )
        for _ in range(900)
    ]
    await decide(at.database, *decided)
    await decide(at.database, *decided, tenant="other")
    for start, end in ((since, until), (since + DAY, since + 6 * DAY + HOUR * 1.3)):
        told = await report(at, start, end, interval=Interval.DAY)
        within = lambda moment, start=start, end=end: start <= moment < end  # noqa: E731
        assert told.total == replace(oracle.figures(pasts, within), waiting=0)
        for queue, figures in told.queues.items():
            assert figures == replace(oracle.figures(pasts, within, {queue}), waiting=0)
        assert told.bot == oracle.bot(decided, pasts, start, end)
        for part in told.buckets:
            inside = lambda moment, part=part: part.start <= moment < part.end  # noqa: E731
            assert part.figures == oracle.figures(pasts, inside)
            assert part.bot == oracle.bot(decided, pasts, part.start, part.end)
        some = await report(at, start, end, queues=("webshop", "desk"), interval=Interval.DAY)
        assert some.total == replace(oracle.figures(pasts, within, {"webshop", "desk"}), waiting=0)
        assert set(some.queues) == {"webshop", "desk"}
        assert some.bot == told.bot
        assert sum(part.figures.asked for part in some.buckets) == some.total.asked
    hours = await report(at, since + 5 * DAY, since + 6 * DAY, interval=Interval.HOUR)
    assert len(hours.buckets) in (24, 25)
    assert sum(part.figures.accepted for part in hours.buckets) == hours.total.accepted


async def test_a_period_has_its_first_moment_and_not_its_last(at: Desks) -> None:
    start = at.clock.time - DAY
    end = start + HOUR
    for moment in (start - MICROSECOND, start, end - MICROSECOND, end):
        await put(at.database, Past(moment, accepted=moment, replied=moment))
    told = (await report(at, start, end)).total
    assert (told.asked, told.accepted) == (2, 2)
    assert told.wait == Spread(2, timedelta(0), timedelta(0), timedelta(0))


async def test_percentiles_are_times_that_were_measured_to_the_microsecond(at: Desks) -> None:
    asked = at.clock.time - HOUR + timedelta(microseconds=999_999)
    times = [timedelta(seconds=number, microseconds=number) for number in range(1, 101)]
    await put(at.database, *(Past(asked, accepted=asked + time) for time in reversed(times)))
    assert (await report(at)).total.wait == Spread(100, times[49], times[89], times[98])
    await put(at.database, Past(asked, "other", accepted=asked + MICROSECOND))
    assert (await report(at)).total.wait == Spread(101, times[49], times[89], times[98])


async def test_those_who_wait_now_are_counted_whenever_they_asked(at: Desks) -> None:
    now = at.clock.time
    states = (HandoffState.QUEUED, HandoffState.OFFERED, HandoffState.ACCEPTED, HandoffState.CALL_BACK)
    await put(at.database, *(Past(now - 30 * DAY, state=state) for state in states))
    await put(at.database, Past(now - HOUR, "webshop"))
    await at.queue("webshop")
    told = await report(at, now - 2 * HOUR, now, interval=Interval.HOUR)
    assert (told.total.waiting, told.queues["desk"].waiting, told.queues["webshop"].waiting) == (3, 2, 1)
    assert [bucket.figures.waiting for bucket in told.buckets] == [None, None]


async def test_transfers_ratings_suggestions_and_promises(at: Desks) -> None:
    then = at.clock.time - HOUR
    clocks = (clock(ClockKind.FIRST_REPLY, kept=1), clock(ClockKind.NEXT_REPLY, kept=2, broken=1))
    one = Past(then, ended=then, state=HandoffState.RESOLVED, clocks=clocks)
    other = Past(
        then, ended=then, state=HandoffState.RESOLVED, clocks=(clock(ClockKind.FIRST_REPLY, broken=1),)
    )
    still = Past(then, state=HandoffState.ACCEPTED, clocks=(clock(ClockKind.RESOLUTION, kept=1),))
    await put(at.database, one, other, still)
    await transfer(at.database, one, then)
    await transfer(at.database, one, then, queue="webshop")
    await rate(at.database, one, 5, then)
    await rate(at.database, other, 2, then)
    for outcome in (1, 1, 3):
        await suggest(at.database, one, outcome, then)
    await at.queue("webshop")
    told = await report(at)
    assert told.total.transfers == 2
    assert told.queues["webshop"] == Figures(transfers=1, waiting=0)
    assert told.total.ratings == Rated((0, 1, 0, 0, 1))
    assert told.total.ratings.mean == 3.5
    assert told.total.suggestions == Suggested(used=2, ignored=1)
    assert told.total.first_reply_promise == Promised(1, 1)
    assert told.total.next_reply_promise == Promised(2, 1)
    assert told.total.resolution_promise is None
    assert Promised(2, 1).kept_share == pytest.approx(2 / 3)


async def test_a_conversation_that_asks_again_within_a_day_is_reopened(at: Desks) -> None:
    end = at.clock.time - 3 * DAY
    for number, later in enumerate((-MICROSECOND, timedelta(0), DAY, DAY + MICROSECOND)):
        talk = f"talk-{number}"
        first = Past(end - HOUR, conversation=talk, ended=end, state=HandoffState.RELEASED)
        await put(at.database, first, Past(end + later, conversation=talk, state=HandoffState.CANCELLED))
    told = await report(at, end - DAY, end + MICROSECOND)
    assert (told.total.released, told.total.reopened) == (4, 2)


async def test_a_queue_that_is_not_there_is_refused(at: Desks) -> None:
    with pytest.raises(QueueNotFound):
        await report(at, queues=("desk", "nowhere"))


async def test_what_a_desk_lives_through_is_counted(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    at.clock.forward(seconds=90)
    await at.take(handoff, "els")
    at.clock.forward(minutes=5)
    await at.end(await at.now(handoff))
    await at.ask("talk")
    at.clock.forward(seconds=1)
    told = (await report(at)).total
    assert (told.asked, told.accepted, told.released, told.reopened, told.waiting) == (2, 1, 1, 1, 1)
    assert told.wait == Spread(1, *[timedelta(seconds=90)] * 3)
