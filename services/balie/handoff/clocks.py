"""The promises that a queue makes on a handoff, and how far each is used up, in business time. Pure.

A clock runs, stands still or has stopped. While it runs it knows the moment at which the next share of its target is used
up, worked out when it was started: what is due can be found by that moment alone, and a calendar that changes later changes
the clocks that start later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from balie.handoff.business_time import BusinessTime

SHARES = (50, 80, 100)
"""Shares of a target, in percent, that are told when they are used up."""
_NOTHING = timedelta(0)


class ClockKind(IntEnum):
    """What is promised."""

    FIRST_REPLY = 1
    """A person's first words."""
    NEXT_REPLY = 2
    """A person's next words."""
    RESOLUTION = 3
    """The end."""


class ClockState(IntEnum):
    """How far a promise is."""

    RUNNING = 1
    """Its time runs."""
    PAUSED = 2
    """Its time stands still."""
    KEPT = 3
    """It was kept."""
    BROKEN = 4
    """It was broken."""


@dataclass(frozen=True, slots=True)
class Promises:
    """Within which business time the contact of a handoff is served; None is not promised.

    Attributes:
        first_reply: from the asking to the first words of a person.
        next_reply: from the contact's words to the next words of a person.
        resolution: from the asking to the end, without the time in which the contact is waited for.
    """

    first_reply: timedelta | None = None
    next_reply: timedelta | None = None
    resolution: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise on a handoff.

    Attributes:
        kind: what is promised.
        state: how far it is.
        target: business time within which it is to be kept.
        used: business time that was used up when it last started, paused or stopped.
        since: since when it runs; None unless it does.
        due_at: when it is broken; None unless it runs, and when that is too far away.
        told: share of the target that was told last, in percent; 0 when none was.
        next_at: when the next share is used up; None as `due_at`.
        kept: how often it was kept; more than once for replies alone.
        broken: how often it was broken.
    """

    kind: ClockKind
    state: ClockState
    target: timedelta
    used: timedelta = _NOTHING
    since: datetime | None = None
    due_at: datetime | None = None
    told: int = 0
    next_at: datetime | None = None
    kept: int = 0
    broken: int = 0

    @property
    def is_open(self) -> bool:
        """Returns whether it may still be kept or broken."""
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)

    def run(self, at: datetime, hours: BusinessTime) -> "Clock":
        """Returns the clock running since a moment; as it is unless it stands still."""
        if self.state is not ClockState.PAUSED:
            return self
        return replace(
            self,
            state=ClockState.RUNNING,
            since=at,
            due_at=hours.after(at, self.target - self.used),
            next_at=self._moment_at(_share_after(self.told), at, hours),
        )

    def pause(self, at: datetime, hours: BusinessTime) -> "Clock":
        """Returns the clock standing still since a moment; as it is unless it runs."""
        if self.state is not ClockState.RUNNING or self.since is None:
            return self
        used = self.used + hours.business_time(self.since, max(at, self.since))
        return replace(
            self, state=ClockState.PAUSED, used=min(used, self.target), since=None, due_at=None, next_at=None
        )

    def keep(self, at: datetime, hours: BusinessTime) -> "Clock":
        """Returns the clock kept at a moment, or broken when its time was over by then; as it is when it has stopped."""
        stopped = self.pause(at, hours)
        if not self.is_open or stopped.used >= self.target:
            return self.break_(at, hours)
        return replace(stopped, state=ClockState.KEPT, kept=self.kept + 1)

    def break_(self, at: datetime, hours: BusinessTime) -> "Clock":
        """Returns the clock broken at a moment; as it is when it has stopped."""
        if not self.is_open:
            return self
        return replace(self.pause(at, hours), state=ClockState.BROKEN, broken=self.broken + 1)

    def tell(self, hours: BusinessTime) -> "Clock":
        """Returns a running clock once its next share is used up: with the whole of it, it is broken."""
        share = _share_after(self.told)
        if self.since is None or share is None:
            return self
        told = replace(self, told=share)
        if share == SHARES[-1]:
            return replace(told.break_(self.due_at or self.since, hours), used=self.target)
        return replace(told, next_at=self._moment_at(_share_after(share), self.since, hours))

    def _moment_at(self, share: int | None, at: datetime, hours: BusinessTime) -> datetime | None:
        if share is None:
            return None
        return hours.after(at, max(_NOTHING, self.target * share / 100 - self.used))


Clocks = tuple[Clock, ...]


def _share_after(told: int) -> int | None:
    return next((share for share in SHARES if share > told), None)


def started(promises: Promises | None, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks of a handoff that is asked for at a moment."""
    if promises is None:
        return ()
    targets = {ClockKind.FIRST_REPLY: promises.first_reply, ClockKind.RESOLUTION: promises.resolution}
    return tuple(
        Clock(kind, ClockState.PAUSED, target).run(at, hours)
        for kind, target in targets.items()
        if target is not None
    )


def contact_waits(
    clocks: Clocks, promises: Promises | None, at: datetime, hours: BusinessTime, *, is_replied: bool
) -> Clocks:
    """Returns the clocks once the contact waits for words of a person.

    Args:
        clocks: as they were.
        promises: those of the queue now.
        at: since when the contact waits.
        hours: the queue's.
        is_replied: whether a person wrote before: it is the next reply that is waited for then.
    """
    running: dict[ClockKind, Clock] = {}
    running |= {
        clock.kind: clock.run(at, hours) for clock in clocks if clock.kind is not ClockKind.NEXT_REPLY
    }
    before = next((clock for clock in clocks if clock.kind is ClockKind.NEXT_REPLY), None)
    target = promises.next_reply if promises else None
    if is_replied and target is not None:
        counts = (before.kept, before.broken) if before else (0, 0)
        fresh = Clock(ClockKind.NEXT_REPLY, ClockState.PAUSED, target, kept=counts[0], broken=counts[1])
        running[ClockKind.NEXT_REPLY] = fresh.run(at, hours)
    elif before is not None:
        running[ClockKind.NEXT_REPLY] = before
    return tuple(running[kind] for kind in sorted(running))


def agent_wrote(clocks: Clocks, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks once a person wrote: replies are there, and the contact is waited for."""
    return tuple(
        clock.pause(at, hours) if clock.kind is ClockKind.RESOLUTION else clock.keep(at, hours)
        for clock in clocks
    )


def paused(clocks: Clocks, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks with none running."""
    return tuple(clock.pause(at, hours) for clock in clocks)


def resumed(clocks: Clocks, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks with all running that stood still."""
    return tuple(clock.run(at, hours) for clock in clocks)


def moved(clocks: Clocks, at: datetime, origin: BusinessTime, goal: BusinessTime) -> Clocks:
    """Returns the clocks with all running in the hours of another queue; what ran until now is counted in those of the one before."""
    return tuple(clock.pause(at, origin).run(at, goal) for clock in clocks)


def solved(clocks: Clocks, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks of a handoff that its agent ended; a reply that is still waited for was neither kept nor broken."""
    return tuple(
        clock.keep(at, hours) if clock.kind is ClockKind.RESOLUTION else clock.pause(at, hours)
        for clock in clocks
    )


def missed(clocks: Clocks, at: datetime, hours: BusinessTime) -> Clocks:
    """Returns the clocks of a handoff that ended since nobody came."""
    return tuple(clock.break_(at, hours) for clock in clocks)


def next_moment(clocks: Iterable[Clock]) -> datetime | None:
    """Returns when the next share of any of the clocks is used up; None when none runs."""
    return min((clock.next_at for clock in clocks if clock.next_at is not None), default=None)
