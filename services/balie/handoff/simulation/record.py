"""What happened in a run, and the figures that sum it up."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Fate(IntEnum):
    """What became of one who asked."""

    WAITING = 0
    """Nothing yet."""
    ANSWERED = 1
    """An agent took it."""
    LEFT = 2
    """The contact left before."""
    MESSAGE_TAKEN = 3
    """Nobody came in time, and a message was taken."""
    CALL_BACK = 4
    """Nobody came in time, and the contact was promised to be called back."""


@dataclass(slots=True)
class Asking:
    """One who asked.

    Attributes:
        at: when, seconds from the beginning.
        waited: until they were answered, gone or told something else, seconds.
        agent_id: who had them in the end; empty when nobody did.
        taken_at: since when that agent had them, seconds from the beginning.
        handled: how long an agent had them, seconds.
    """

    at: float
    waited: float = 0.0
    agent_id: str = ""
    taken_at: float = 0.0
    handled: float = 0.0
    fate: Fate = Fate.WAITING


@dataclass(slots=True)
class Record:
    """What happened, by the contact's number.

    Attributes:
        askings: those who asked.
        offers: offers that were made.
        missed: those of them that an agent let pass.
    """

    askings: list[Asking] = field(default_factory=list)
    offers: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run says of a desk. Times in seconds, shares of all who asked.

    Attributes:
        asked: how many asked.
        waits: how long those waited who were answered, ascending.
        mean_wait: of all who asked, however it ended.
        waited: share of those who were not answered at once.
        in_time: share of those who were answered within the promise.
        left: share of those who left before.
        messages: share of those of whom a message was taken.
        call_backs: share of those who were promised to be called back.
        utilisation: share of the agents' places that was taken, on average.
        busiest: how many more chats the busiest agent had than agents had on average: 0 is as many, 1 is twice as many.
    """

    asked: int
    waits: tuple[float, ...]
    mean_wait: float
    waited: float
    in_time: float
    left: float
    messages: float
    call_backs: float
    utilisation: float
    busiest: float

    def percentile(self, share: float) -> float:
        """Returns the least wait that a share of the answered did not exceed; nan when nobody was answered."""
        return percentile(self.waits, share)


def percentile(ascending: Sequence[float], share: float) -> float:
    """Returns the least of some values that a share of them does not exceed (nearest rank); nan when there are none."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def figures(
    record: Record, *, since: float, until: float, places: int, agents: int, promise: float
) -> Figures:
    """Returns what a run says of a time.

    Args:
        record: what happened.
        since: those count who asked from then on, seconds from the beginning.
        until: and before then.
        places: chats that all agents may have at a time.
        agents: how many there are.
        promise: within how many seconds one should be answered.
    """
    asked = [one for one in record.askings if since <= one.at < until]
    waits = sorted(one.waited for one in asked if one.fate is Fate.ANSWERED)
    total = len(asked) or math.nan

    chats = Counter(one.agent_id for one in asked if one.agent_id)

    def share(number: int) -> float:
        return number / total

    busy = sum(_within(one.taken_at, one.handled, since, until) for one in record.askings)
    return Figures(
        asked=len(asked),
        waits=tuple(waits),
        mean_wait=sum(one.waited for one in asked) / total,
        waited=share(sum(one.waited > 0 for one in asked)),
        in_time=share(sum(wait <= promise for wait in waits)),
        left=share(sum(one.fate is Fate.LEFT for one in asked)),
        messages=share(sum(one.fate is Fate.MESSAGE_TAKEN for one in asked)),
        call_backs=share(sum(one.fate is Fate.CALL_BACK for one in asked)),
        utilisation=busy / ((until - since) * places) if places and until > since else math.nan,
        busiest=max(chats.values()) * agents / chats.total() - 1 if chats else math.nan,
    )


def _within(start: float, seconds: float, since: float, until: float) -> float:
    """Returns how much of a time lies between two moments."""
    return max(0.0, min(start + seconds, until) - max(start, since))
