"""What is counted for metrics, of all tenants: what is now, and all that ever came to an end.

Counters must never fall. A handoff that is open may still move to another queue, and so it is counted once it has ended.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.handoff.clocks import ClockKind
from balie.handoff.domain import OPEN, WAITING, HandoffState
from balie.handoff.figures.grouping import Column, unindexed
from balie.handoff.figures.moments import json_items, json_number, microseconds
from balie.handoff.notes.note import NoteKind
from balie.handoff.suggestions.suggestion import Outcome
from balie.handoff.tables import desks, handoffs, notes, queues, ratings, suggestions
from balie.kit.database import Transaction

BOUNDS_SECONDS = (5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds of histograms, in seconds."""

_ENDED, _CREATED = handoffs.c.ended_at, handoffs.c.created_at
_SECOND = 1_000_000

Key = tuple[str, ...]
"""The name of a metric and its labels: the tenant, the queue, and what tells it apart beside."""
Totals = Counter[Key]


@dataclass(frozen=True, slots=True)
class Span:
    """From when up to when things happened; None is from the beginning, and up to now."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: Column) -> sa.ColumnElement[bool]:
        """Returns whether a moment is in it."""
        since = sa.true() if self.start is None else moment >= self.start
        until = sa.true() if self.end is None else moment < self.end
        return sa.and_(moment.is_not(None), since, until)


async def tenants(tx: Transaction) -> list[str]:
    """Returns the tenants that ever wrote."""
    return [row.tenant for row in await tx.all(sa.select(desks.c.tenant))]


async def open_now(tx: Transaction, *, now: datetime) -> Totals:
    """Returns how many handoffs are open in each queue and state, and how long the longest has waited, in seconds."""
    columns, found = handoffs.c, Totals()
    for queue in await tx.all(sa.select(queues.c.tenant, queues.c.id)):
        found.update({("open", queue.tenant, queue.id, state.name.lower()): 0 for state in OPEN})
        found["longest_wait_seconds", queue.tenant, queue.id] = 0
    # Queue by queue, as the index is.
    of_queue = sa.and_(
        columns.tenant == queues.c.tenant, columns.queue_id == queues.c.id, columns.state.in_(OPEN)
    )
    grouped = (columns.tenant, columns.queue_id, columns.state)
    first = sa.func.min(columns.created_at).label("first")
    states = sa.select(*grouped, sa.func.count().label("number"), first)
    for row in await tx.all(states.select_from(queues.join(handoffs, of_queue)).group_by(*grouped)):
        found["open", row.tenant, row.queue_id, HandoffState(row.state).name.lower()] = row.number
        if row.state in WAITING:
            key = ("longest_wait_seconds", row.tenant, row.queue_id)
            found[key] = max(found[key], int((now - row.first).total_seconds()))
    return found


async def happened(tx: Transaction, tenant: str, span: Span) -> Totals:
    """Returns what of a tenant came to an end in a span of time, and how often what else happened."""
    found = Totals()
    for name, statement, label in _statements(tenant, span):
        for row in await tx.all(statement):
            found[name, tenant, row.queue_id, *label(row.kind)] += row.number
    for row in await tx.all(_promises(tenant, span)):
        promise = ClockKind(row.kind).name.lower()
        found["promises_kept", tenant, row.queue_id, promise] += int(row.kept)
        found["promises_broken", tenant, row.queue_id, promise] += int(row.broken)
    for name, moment in _MEASURED.items():
        for times in (await tx.execute(_histogram(tenant, span, moment))).mappings():
            for part in (*map(str, BOUNDS_SECONDS), "count", "sum"):
                found[name, tenant, times["queue_id"], part] += int(times[part])
    return found


_MEASURED = {"wait_seconds": handoffs.c.accepted_at, "first_reply_seconds": handoffs.c.replied_at}
Label = Callable[[int], tuple[str, ...]]


def _statements(tenant: str, span: Span) -> Iterator[tuple[str, sa.Select[Any], Label]]:
    """Yields a statement for each counter, and how what tells it apart beside its queue is called."""
    one, note, rating, told = handoffs.c, notes.c, ratings.c, suggestions.c
    ended = _counted(one.queue_id, one.state).where(one.tenant == tenant, span.holds(_ENDED))
    yield "ended", ended, lambda kind: (HandoffState(kind).name.lower(),)
    is_transfer = (note.tenant == tenant, note.kind == NoteKind.TRANSFER, span.holds(note.created_at))
    yield "transfers", _counted(note.from_queue_id, note.kind).where(*is_transfer), lambda kind: ()
    is_rating = (rating.tenant == tenant, span.holds(rating.given_at))
    yield "ratings", _counted(rating.queue_id, rating.rating).where(*is_rating), lambda kind: (str(kind),)
    of_handoff = sa.and_(one.tenant == told.tenant, one.id == told.handoff_id)
    suggested = _counted(one.queue_id, told.outcome).select_from(handoffs.join(suggestions, of_handoff))
    is_told = (one.tenant == tenant, span.holds(_ENDED))
    yield "suggestions", suggested.where(*is_told), lambda kind: (Outcome(kind).name.lower(),)


def _counted(queue_id: Column, kind: Column) -> sa.Select[Any]:
    columns: tuple[Column, ...] = queue_id.label("queue_id"), kind.label("kind")
    return sa.select(*columns, sa.func.count().label("number")).group_by(queue_id, kind)


def _promises(tenant: str, span: Span) -> sa.Select[Any]:
    """Returns how often each promise was kept and broken."""
    columns = handoffs.c
    clock = json_items(columns.clocks).table_valued(sa.column("value", sa.JSON()), name="clock")
    kind, kept, broken = (
        json_number(clock.c.value, sa.literal_column(f"'{name}'")) for name in ("kind", "kept", "broken")
    )
    sums = sa.func.sum(kept).label("kept"), sa.func.sum(broken).label("broken")
    queue_id = unindexed(columns.queue_id)
    named: tuple[Column, ...] = (queue_id.label("queue_id"), kind.label("kind"), *sums)
    return (
        sa.select(*named)
        .select_from(handoffs.join(clock, sa.true()))
        .where(columns.tenant == tenant, span.holds(_ENDED))
        .group_by(queue_id, kind)
    )


def _histogram(tenant: str, span: Span, moment: Column) -> sa.Select[Any]:
    """Returns how many times were at most each bound long, their number and their sum in microseconds."""
    columns = handoffs.c
    lasted = (microseconds(moment) - microseconds(_CREATED)).label("lasted")
    ended = (columns.tenant == tenant, span.holds(_ENDED), moment.is_not(None))
    found = sa.select(columns.queue_id, lasted).where(*ended).subquery()
    below = (
        sa.func.sum(sa.case((found.c.lasted <= bound * _SECOND, 1), else_=0)).label(str(bound))
        for bound in BOUNDS_SECONDS
    )
    number, total = sa.func.count().label("count"), sa.func.sum(found.c.lasted).label("sum")
    return sa.select(found.c.queue_id, *below, number, total).group_by(found.c.queue_id)
