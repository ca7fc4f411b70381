"""What is counted and measured. A measure of nothing is None, never zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

RATINGS = 5
"""The best rating; 1 is the worst."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, of one or more times that were measured.

    Each is one of them, by the nearest rank: the shortest that as many percent of them do not exceed.

    Attributes:
        count: how many.
        p50: 50 percent do not exceed it.
        p90: 90 percent do not exceed it.
        p99: 99 percent do not exceed it.

    Source: Hyndman and Fan 1996, The American Statistician 50(4), definition 1.
    """

    count: int
    p50: timedelta
    p90: timedelta
    p99: timedelta


@dataclass(frozen=True, slots=True)
class Promised:
    """How often a promise was kept; at least once it was kept or broken."""

    kept: int
    broken: int

    @property
    def kept_share(self) -> float:
        """Returns the share of those kept, 0 to 1."""
        return self.kept / (self.kept + self.broken)


@dataclass(frozen=True, slots=True)
class Rated:
    """What contacts thought of how they were helped, one of them at least.

    Attributes:
        histogram: how many gave 1, 2, 3, 4 and 5.
    """

    histogram: tuple[int, ...]

    @property
    def count(self) -> int:
        """Returns how many gave a rating."""
        return sum(self.histogram)

    @property
    def mean(self) -> float:
        """Returns the mean of the ratings, 1 to 5."""
        return sum(rating * count for rating, count in enumerate(self.histogram, 1)) / self.count


@dataclass(frozen=True, slots=True)
class Suggested:
    """What agents made of suggested answers, of one at least."""

    used: int = 0
    edited: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and measures of handoffs; the contract's `Figures` says what each is."""

    asked: int = 0
    accepted: int = 0
    called_back: int = 0
    resolved: int = 0
    released: int = 0
    messages_taken: int = 0
    expired: int = 0
    cancelled: int = 0
    transfers: int = 0
    reopened: int = 0
    waiting: int | None = None
    wait: Spread | None = None
    first_reply: Spread | None = None
    first_reply_promise: Promised | None = None
    next_reply_promise: Promised | None = None
    resolution_promise: Promised | None = None
    ratings: Rated | None = None
    suggestions: Suggested | None = None


def added(parts: Iterable[Figures], *, wait: Spread | None, first_reply: Spread | None) -> Figures:
    """Returns the figures of several queues together.

    Args:
        parts: those of each queue, with how many wait.
        wait: that of all of them: spreads cannot be added.
        first_reply: that of all of them.
    """
    found = list(parts)
    rated = [one.ratings.histogram for one in found if one.ratings]
    told = [one.suggestions for one in found if one.suggestions]
    return Figures(
        **{name: sum(getattr(one, name) for one in found) for name in _COUNTS},
        wait=wait,
        first_reply=first_reply,
        first_reply_promise=_promised(one.first_reply_promise for one in found),
        next_reply_promise=_promised(one.next_reply_promise for one in found),
        resolution_promise=_promised(one.resolution_promise for one in found),
        ratings=Rated(tuple(map(sum, zip(*rated, strict=True)))) if rated else None,
        suggestions=_suggested(told) if told else None,
    )


def _promised(parts: Iterable[Promised | None]) -> Promised | None:
    found = [one for one in parts if one]
    return Promised(sum(one.kept for one in found), sum(one.broken for one in found)) if found else None


def _suggested(parts: Sequence[Suggested]) -> Suggested:
    return Suggested(
        sum(one.used for one in parts), sum(one.edited for one in parts), sum(one.ignored for one in parts)
    )


_COUNTS = (
    *("asked", "accepted", "called_back", "resolved", "released", "messages_taken"),
    *("expired", "cancelled", "transfers", "reopened", "waiting"),
)


@dataclass(frozen=True, slots=True)
class Bot:
    """What the bot did.

    Attributes:
        routed: conversations in which a turn was decided.
        contained: those of them in which no handoff was open.
    """

    routed: int = 0
    contained: int = 0

    @property
    def contained_share(self) -> float | None:
        """Returns the share of those contained, 0 to 1; None when none was routed."""
        return self.contained / self.routed if self.routed else None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The figures of a part of a period."""

    start: datetime
    end: datetime
    figures: Figures
    bot: Bot


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period.

    Attributes:
        start: from when on.
        end: up to when.
        counted_at: when it was counted.
        total: of all queues that are meant.
        queues: of each of them, by id.
        buckets: of each part, in order; empty when the period is not cut.
        bot: of the whole tenant.
    """

    start: datetime
    end: datetime
    counted_at: datetime
    total: Figures
    queues: dict[str, Figures]
    buckets: tuple[Bucket, ...]
    bot: Bot
