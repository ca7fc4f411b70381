"""What holds at a desk whatever was done there, worked out from what happened and from nothing the service remembers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from tests.unit.handoff.calendars.samples import MINUTE, shows_open
from tests.unit.handoff.desks import TENANT, Desks
from tests.unit.handoff.walking import AUTUMN, HOURS, QUEUE, SPRING, World

from balie.handoff.clocks import SHARES, Clock, ClockKind, ClockState
from balie.handoff.domain import (
    GIVEN_BACK,
    HELD,
    OCCUPYING,
    OPEN,
    WAITING,
    EventKind,
    Handoff,
    HandoffEvent,
    HandoffState,
)
from balie.handoff.machine import TRANSITIONS, Change

NOTHING = timedelta(0)
SEASON = timedelta(days=90)
_SPOKEN = (EventKind.SPOKE, EventKind.RESUMED)
_MISSED = (EventKind.MESSAGE_TAKEN, EventKind.EXPIRED)


class SlowTime:
    """Business time by the clock on the wall alone: each minute is looked at."""

    def __init__(self, begin: datetime) -> None:
        self.begin, self.end = begin, begin + SEASON
        minutes = [begin + number * MINUTE for number in range(SEASON // MINUTE)]
        self._open = [shows_open(HOURS, at) for at in minutes]
        self._until = [0, *accumulate(self._open)]

    def __call__(self, begin: datetime, end: datetime) -> timedelta:
        return self._passed(end) - self._passed(begin)

    def _passed(self, at: datetime) -> timedelta:
        minute, rest = divmod(at - self.begin, MINUTE)
        return self._until[minute] * MINUTE + (rest if self._open[minute] else NOTHING)


@lru_cache
def slow_time(season: datetime) -> SlowTime:
    return SlowTime(season)


def passed(queue_id: str, begin: datetime, end: datetime) -> timedelta:
    """Returns the business time of a queue between two moments; nothing when the latter comes first."""
    if end <= begin:
        return NOTHING
    if not QUEUE[queue_id].calendar_id:
        return end - begin
    return slow_time(SPRING if begin < AUTUMN else AUTUMN)(begin, end)


class Running:
    """How far one promise of a handoff is used up: the business time of the stretches in which it ran.

    It runs while the contact waits, in the hours of the queue that the handoff is in, unless it is to be called back.
    """

    def __init__(self, target: timedelta) -> None:
        self.target = target
        self.used = NOTHING
        self.since: datetime | None = None
        self.settled_at: datetime | None = None
        self.queue_id = ""
        self.told = 0
        self.is_open = True

    def at(self, moment: datetime) -> timedelta:
        return self.used + (passed(self.queue_id, self.since, moment) if self.since else NOTHING)

    def start(self, moment: datetime, queue_id: str) -> None:
        if self.since is None:
            self.since = max(moment, self.settled_at or moment)
            self.queue_id = queue_id

    def stop(self, moment: datetime) -> None:
        if self.since is not None:
            self.used, self.settled_at, self.since = self.at(moment), max(moment, self.since), None

    def next_share(self) -> int | None:
        return next((share for share in SHARES if share > self.told), None)


class Timed:
    """The promises of one handoff, recomputed from its states and from who spoke when."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self.running: dict[ClockKind, Running] = {}
        before: Handoff | None = None
        for change in changes:
            self._follow(before, change)
            before = change.handoff
        self.handoff = before

    def _follow(self, before: Handoff | None, change: Change) -> None:
        handoff, now = change.handoff, change.handoff.updated_at
        clocks = {clock.kind: clock for clock in handoff.clocks}
        is_told = before is not None and change.kind in _SPOKEN and before.talk != handoff.talk
        moment = handoff.talk.since if is_told else now
        answered = before is not None and before.talk.contact_waits and not handoff.talk.contact_waits
        asks = before is not None and not before.talk.contact_waits and handoff.talk.contact_waits
        runs = handoff.state in WAITING | HELD and handoff.talk.contact_waits
        moved = before is not None and before.asked.queue_id != handoff.asked.queue_id
        for kind, target in self._begun(before, handoff, asks=asks):
            self.running[kind] = Running(target)
        assert set(clocks) == set(self.running)
        for kind, one in self.running.items():
            if one.is_open:
                if not runs or moved:
                    one.stop(moment)
                if runs:
                    one.start(moment, handoff.asked.queue_id)
                self._tell(kind, one, change, now)
                replies = kind is not ClockKind.RESOLUTION
                ends = (answered and replies) or (handoff.state in GIVEN_BACK and not replies)
                one.is_open = one.is_open and not ends and change.kind not in _MISSED
                self._same(one, clocks[kind], change, ended_well=ends)
            else:
                assert clocks[kind] == next(was for was in before.clocks if was.kind is kind)

    def _begun(
        self, before: Handoff | None, handoff: Handoff, *, asks: bool
    ) -> Iterator[tuple[ClockKind, timedelta]]:
        """Yields the promises that begin: two with the asking, and one each time the contact writes after a person did."""
        promises = QUEUE[handoff.asked.queue_id].promises
        if promises is None:
            return
        if before is None and promises.first_reply:
            yield ClockKind.FIRST_REPLY, promises.first_reply
        if before is None and promises.resolution:
            yield ClockKind.RESOLUTION, promises.resolution
        if asks and before is not None and before.course.replied_at and promises.next_reply:
            yield ClockKind.NEXT_REPLY, promises.next_reply

    def _tell(self, kind: ClockKind, one: Running, change: Change, now: datetime) -> None:
        """Takes in that a share was told: the next one, and not before it was used up."""
        if change.kind is not EventKind.CLOCK or change.clock is not kind:
            return
        assert change.percent == one.next_share()
        assert one.at(now) >= one.target * change.percent / 100
        one.told = change.percent
        if change.percent == 100:
            one.since, one.used, one.is_open = None, one.target, False

    def _same(self, one: Running, clock: Clock, change: Change, *, ended_well: bool) -> None:
        """Checks the service's clock against the recomputed one."""
        assert clock.told == one.told, (clock, change)
        assert clock.target == one.target
        if clock.state is ClockState.RUNNING:
            assert one.since is not None, (clock, change)
            assert clock.since == one.since, (one.since, clock, change)
            assert clock.used == min(one.used, one.target), (clock, one.used, change)
            self._at_moments(one, clock)
            return
        assert one.since is None, (clock, change)
        assert (clock.since, clock.due_at, clock.next_at) == (None, None, None)
        assert clock.used == min(one.used, one.target), (clock, one.used, change)
        if one.is_open:
            assert clock.state is ClockState.PAUSED, (clock, change)
        elif ended_well and one.used < one.target:
            assert clock.state is ClockState.KEPT, (clock, change)
        else:
            assert clock.state is ClockState.BROKEN, (clock, change)

    def _at_moments(self, one: Running, clock: Clock) -> None:
        """Checks when the next share and the whole are used up."""
        share = one.next_share()
        assert share is not None
        for moment, least in ((clock.due_at, one.target), (clock.next_at, one.target * share / 100)):
            assert moment is not None
            if moment < moment_of(one).end:
                assert one.at(moment) == max(least, one.used), (clock, moment)


def moment_of(one: Running) -> SlowTime:
    assert one.since is not None
    return slow_time(SPRING if one.since < AUTUMN else AUTUMN)


def is_possible(told: list[HandoffEvent]) -> bool:
    """Tells whether a handoff's events follow one from the other."""
    state = HandoffState.QUEUED
    for event in told[1:]:
        leads = {(after, kind) for (before, _), (after, kind) in TRANSITIONS.items() if before is state}
        if (event.state, event.kind) not in leads:
            return False
        state = event.state
    return told[0].kind is EventKind.QUEUED


async def check(at: Desks, world: World) -> list[Handoff]:
    """Checks all that is on disk; returns it."""
    handoffs = await at.all()
    assert world.diary.overbooked == []
    open_ones = Counter(one.asked.conversation_id for one in handoffs if one.state in OPEN)
    assert max(open_ones.values(), default=0) <= 1
    assert {known for _, _, known in world.asks} == {one.id for one in handoffs}  # none lost, none doubled
    told: dict[str, list[HandoffEvent]] = defaultdict(list)
    for event in await at.events():
        told[event.handoff_id].append(event)
    assert set(told) == {one.id for one in handoffs}
    ids = [event.id for mine in told.values() for event in mine]
    assert len(set(ids)) == len(ids)
    for one in handoffs:
        mine = told[one.id]
        assert [event.revision for event in mine] == list(range(1, one.revision + 1))
        changes = world.diary.of(one)
        assert [(event.kind, event.state) for event in mine] == [
            (change.kind, change.handoff.state) for change in changes
        ]
        assert mine[-1].state is one.state
        assert is_possible(mine)
        _check_one(one, changes[-1].handoff)
        Timed(changes)
    return handoffs


def _check_one(one: Handoff, recorded: Handoff) -> None:
    assert (one.offer_expires_at is not None) == (one.state is HandoffState.OFFERED)
    assert bool(one.agent_id) == (one.state in OCCUPYING | GIVEN_BACK)
    assert (one.next_step_at is not None) == (one.state in OPEN)
    assert (one.course.ended_at is not None) == (one.state not in OPEN)
    if one.state in WAITING:
        assert one.next_step_at is not None
        assert one.next_step_at <= one.deadline_at
    assert (one.clocks, one.talk, one.asked) == (recorded.clocks, recorded.talk, recorded.asked)


async def check_after_sweep(at: Desks, world: World) -> None:
    """Checks that nothing is left to do at this moment: nothing due, nothing to offer, no share of a promise to tell."""
    now = world.clock()
    async with at.journal.reading(TENANT) as floor:
        assert await floor.due(now=now, limit=1) == []
        assert await at.journal.pairings(floor) == []
    for one in await at.all():
        assert one.next_step_at is None or one.next_step_at > now
        for running in Timed(world.diary.of(one)).running.values():
            share = running.next_share()
            if running.since is not None and share is not None:
                assert running.at(now) < running.target * share / 100


async def check_drawn(at: Desks, world: World) -> None:
    """Checks that whatever frees a place or adds a handoff has drawn, as long as no time has passed since the last sweep."""
    if world.looked_at == world.clock():
        async with at.journal.reading(TENANT) as floor:
            assert await at.journal.pairings(floor) == []
