"""How long a contact waits, what runs out for their agent and when, and the colour that says how near that is. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.handoff.v1 import handoff_pb2

_REPLIES = {
    handoff_pb2.CLOCK_KIND_FIRST_REPLY: "first reply promised",
    handoff_pb2.CLOCK_KIND_NEXT_REPLY: "reply promised",
}
_HALF, _MOST = 0.5, 0.8
"""Shares of a time at which its colour changes: those at which a promise is told of."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that runs out.

    Attributes:
        what: what it is, in words.
        since: since when it runs.
        at: when it has run out.
    """

    what: str
    since: datetime
    at: datetime

    def left(self, now: datetime) -> timedelta:
        """Returns how much is left; negative once it has run out."""
        return self.at - now

    def used(self, now: datetime) -> float:
        """Returns which share of it is used up: 1 and more once it has run out."""
        whole = self.at - self.since
        return (now - self.since) / whole if whole > timedelta(0) else 1.0


def due_of(handoff: handoff_pb2.Handoff, waits_since: datetime | None) -> Due | None:
    """Returns what runs out first for the agent of a handoff; None while nothing does.

    Args:
        handoff: as it is.
        waits_since: since when its contact waits for words; None when they do not.
    """
    if handoff.state == handoff_pb2.HANDOFF_STATE_OFFERED:
        return Due("offer stands", moment(handoff.update_time), moment(handoff.offer_expire_time))
    found = [_of_clock(clock) for clock in handoff.clocks if _is_running_reply(clock)]
    if handoff.HasField("reply_due_time") and waits_since is not None:
        found.append(Due("goes back to the queue", waits_since, moment(handoff.reply_due_time)))
    return min(found, key=lambda due: due.at, default=None)


def promise_of(handoff: handoff_pb2.Handoff) -> Due | None:
    """Returns the promise of a handoff that is broken first, unless somebody does something; None when none runs."""
    running = [_of_clock(clock) for clock in handoff.clocks if clock.HasField("due_time")]
    return min(running, key=lambda due: due.at, default=None)


def is_broken(handoff: handoff_pb2.Handoff) -> bool:
    """Tells whether a promise on a handoff is broken now."""
    return any(clock.state == handoff_pb2.CLOCK_STATE_BROKEN for clock in handoff.clocks)


def colour(used: float) -> str:
    """Returns the colour of a share that is used up: green, from half on yellow, from four fifths on red."""
    if used < _HALF:
        return "green"
    return "yellow" if used < _MOST else "red"


def brief(span: timedelta) -> str:
    """Returns a length of time in few signs, such as `0:42`, `1 h 05` or `3 d`; `-` stands before a negative one."""
    seconds = int(abs(span).total_seconds())
    sign = "-" if span < timedelta(0) and seconds else ""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{sign}{days} d"
    if hours:
        return f"{sign}{hours} h {minutes % 60:02d}"
    return f"{sign}{minutes}:{seconds % 60:02d}"


def moment(stamp: Timestamp) -> datetime:
    """Returns a moment as Python has it, in UTC."""
    return stamp.ToDatetime(UTC)


def _is_running_reply(clock: handoff_pb2.Clock) -> bool:
    return clock.kind in _REPLIES and clock.HasField("due_time")


def _of_clock(clock: handoff_pb2.Clock) -> Due:
    at = moment(clock.due_time)
    return Due(_REPLIES.get(clock.kind, "end promised"), at - clock.target.ToTimedelta(), at)
