"""What is done with figures: they are counted, in one snapshot of the database."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from balie.handoff.clocks import ClockKind
from balie.handoff.errors import QueueNotFound
from balie.handoff.figures import counts
from balie.handoff.figures.figures import (
    RATINGS,
    Bot,
    Bucket,
    Figures,
    Promised,
    Rated,
    Report,
    Spread,
    Suggested,
    added,
)
from balie.handoff.figures.grouping import ByPart, ByQueue, Grouping, Scope, Together
from balie.handoff.figures.period import Cut, Interval, Period, cut
from balie.handoff.journal import Journal
from balie.handoff.storage.sql import SqlFloor
from balie.handoff.suggestions.suggestion import Outcome
from balie.handoff.tables import queues
from balie.kit.database import Transaction

_DAY = timedelta(days=1)
_PROMISES = {
    ClockKind.FIRST_REPLY: "first_reply_promise",
    ClockKind.NEXT_REPLY: "next_reply_promise",
    ClockKind.RESOLUTION: "resolution_promise",
}

Tally = defaultdict[Any, dict[str, Any]]
Measure = Callable[[Scope, Grouping], sa.Select[Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which figures are wanted.

    Attributes:
        queue_ids: the queues that are meant; empty means all.
        start: from when on; None is a day before the end.
        end: up to when; None is now.
        interval: into which parts the period is cut as well.
        zone: by whose clock.
    """

    queue_ids: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    interval: Interval
    zone: ZoneInfo


class Counting:
    """The use case of figures."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def report(self, tenant: str, wanted: Wanted) -> Report:
        """Returns the figures of a period.

        Raises:
            PeriodInvalid: the period makes no sense, or is too long.
            QueueNotFound: a queue does not exist.
        """
        now = self._journal.now()
        end = wanted.end or now
        period = Period.checked(wanted.start or end - _DAY, end)
        parts = cut(period, wanted.interval, wanted.zone)
        scope = Scope(tenant, period, wanted.queue_ids)
        async with self._journal.reading(tenant) as floor:
            if missing := await floor.missing_queues(wanted.queue_ids):
                raise QueueNotFound(missing[0])
            found = await _figures(floor.tx, scope, ByQueue(), is_now=True)
            queue_ids = wanted.queue_ids or await _queue_ids(floor.tx, tenant)
            by_queue = {one: found.get(one, Figures(waiting=0)) for one in sorted({*queue_ids, *found})}
            spreads = (await _spreads(floor.tx, scope, Together())).get(
                0, {"wait": None, "first_reply": None}
            )
            return Report(
                start=period.start,
                end=period.end,
                counted_at=now,
                total=added(by_queue.values(), **spreads),
                queues=by_queue,
                buckets=await _buckets(floor.tx, scope, parts) if parts else (),
                bot=(await _bots(floor.tx, scope, Together())).get(0, Bot()),
            )


async def _buckets(tx: Transaction, scope: Scope, parts: Cut) -> tuple[Bucket, ...]:
    figures = await _figures(tx, scope, ByPart(parts), is_now=False)
    bots = await _bots(tx, scope, ByPart(parts))
    return tuple(
        Bucket(part.start, part.end, figures.get(number, Figures()), bots.get(number, Bot()))
        for number, part in parts.parts.items()
    )


async def _bots(tx: Transaction, scope: Scope, grouping: Grouping) -> dict[Any, Bot]:
    return {key: Bot(**found) async for key, found in _named(tx, counts.conversations(scope, grouping))}


async def _queue_ids(tx: Transaction, tenant: str) -> Sequence[str]:
    return [row.id for row in await tx.all(sa.select(queues.c.id).where(queues.c.tenant == tenant))]


async def _figures(tx: Transaction, scope: Scope, grouping: Grouping, *, is_now: bool) -> dict[Any, Figures]:
    """Returns the figures of each group in which something happened, also of how many wait now when that is wanted."""
    tally: Tally = defaultdict(lambda: {"waiting": 0} if is_now else {})
    simple: list[Measure] = [counts.asked, counts.accepted, counts.ended, counts.transferred]
    for measure in simple + [counts.waiting] * is_now:
        async for key, found in _named(tx, measure(scope, grouping)):
            tally[key] |= found
    for key, spreads in (await _spreads(tx, scope, grouping)).items():
        tally[key] |= spreads
    await _add_promises(tx, scope, grouping, tally)
    await _add_opinions(tx, scope, grouping, tally)
    return {key: Figures(**found) for key, found in tally.items()}


async def _spreads(tx: Transaction, scope: Scope, grouping: Grouping) -> dict[Any, dict[str, Spread | None]]:
    """Returns how long it took to the acceptance and to the first reply, of each group in which either happened."""
    found: defaultdict[Any, dict[str, Spread | None]] = defaultdict(
        lambda: {"wait": None, "first_reply": None}
    )
    for name, spread in (("wait", counts.waits), ("first_reply", counts.first_replies)):
        for row in await tx.all(spread(scope, grouping)):
            found[row.key][name] = _spread(row)
    return found


async def _add_promises(tx: Transaction, scope: Scope, grouping: Grouping, tally: Tally) -> None:
    for row in await tx.all(counts.promises(scope, grouping)):
        if row.kept or row.broken:
            tally[row.key][_PROMISES[ClockKind(row.kind)]] = Promised(int(row.kept), int(row.broken))


async def _add_opinions(tx: Transaction, scope: Scope, grouping: Grouping, tally: Tally) -> None:
    rated: defaultdict[Any, dict[int, int]] = defaultdict(dict)
    for row in await tx.all(counts.rated(scope, grouping)):
        rated[row.key][row.kind] = row.number
    for key, found in rated.items():
        tally[key]["ratings"] = Rated(tuple(found.get(one, 0) for one in range(1, RATINGS + 1)))
    told: defaultdict[Any, dict[str, int]] = defaultdict(dict)
    for row in await tx.all(counts.suggested(scope, grouping)):
        told[row.key][Outcome(row.kind).name.lower()] = row.number
    for key, outcomes in told.items():
        tally[key]["suggestions"] = Suggested(**outcomes)


async def _named(tx: Transaction, statement: sa.Select[Any]) -> AsyncIterator[tuple[Any, dict[str, int]]]:
    """Yields each group with its counts by name."""
    for row in (await tx.execute(statement)).mappings():
        yield row["key"], {name: int(value) for name, value in row.items() if name != "key"}


def _spread(row: sa.Row[Any]) -> Spread:
    return Spread(
        row.number, *(timedelta(microseconds=int(lasted)) for lasted in (row.p50, row.p90, row.p99))
    )
