"""The same figures, worked out plainly in Python."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from tests.unit.handoff.figures.samples import Past

from balie.handoff.clocks import ClockKind
from balie.handoff.domain import HandoffState
from balie.handoff.figures.figures import Bot, Figures, Promised, Spread


def figures(pasts: Sequence[Past], within: Callable[[datetime], bool], queues: Iterable[str] = ()) -> Figures:
    def of(moment: str) -> list[Past]:
        return [
            one
            for one in pasts
            if (at := getattr(one, moment)) and within(at) and (not queues or one.queue in queues)
        ]

    ended = of("ended")
    states = [one.state for one in ended]
    return Figures(
        asked=len(of("asked")),
        accepted=len(of("accepted")),
        called_back=sum(
            bool(one.called_back and one.accepted and one.accepted >= one.called_back)
            for one in of("accepted")
        ),
        resolved=states.count(HandoffState.RESOLVED),
        released=states.count(HandoffState.RELEASED),
        messages_taken=states.count(HandoffState.MESSAGE_TAKEN),
        expired=states.count(HandoffState.EXPIRED),
        cancelled=states.count(HandoffState.CANCELLED),
        reopened=sum(is_reopened(one, pasts) for one in ended),
        wait=spread([one.accepted - one.asked for one in of("accepted") if one.accepted]),
        first_reply=spread([one.replied - one.asked for one in of("replied") if one.replied]),
        first_reply_promise=promised(ended, ClockKind.FIRST_REPLY),
        next_reply_promise=promised(ended, ClockKind.NEXT_REPLY),
        resolution_promise=promised(ended, ClockKind.RESOLUTION),
    )


def is_reopened(one: Past, pasts: Sequence[Past]) -> bool:
    return any(
        other is not one
        and other.conversation == one.conversation
        and one.ended is not None
        and timedelta(0) <= other.asked - one.ended <= timedelta(days=1)
        for other in pasts
    )


def spread(times: list[timedelta]) -> Spread | None:
    times.sort()
    if not times:
        return None
    at = (times[math.ceil(percent * len(times) / 100) - 1] for percent in (50, 90, 99))
    return Spread(len(times), *at)


def promised(ended: Sequence[Past], kind: ClockKind) -> Promised | None:
    clocks = [clock for one in ended for clock in one.clocks if clock.kind is kind]
    kept, broken = sum(one.kept for one in clocks), sum(one.broken for one in clocks)
    return Promised(kept, broken) if kept or broken else None


def bot(
    decided: Sequence[tuple[str, datetime]], pasts: Sequence[Past], start: datetime, end: datetime
) -> Bot:
    routed = {talk for talk, at in decided if start <= at < end}
    helped = {
        one.conversation for one in pasts if one.asked < end and (one.ended is None or one.ended >= start)
    }
    return Bot(len(routed), len(routed - helped))
