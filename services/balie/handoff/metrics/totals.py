"""What is counted for metrics, of all tenants: what is now, and all that ever came to an end.

Counters must never fall. A handoff that is open may still move to another queue, and so it is counted once it has ended.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from balie.handoff.clocks import ClockKind
from balie.handoff.domain import OPEN, WAITING, HandoffState
from balie.handoff.figures.grouping import Column
from balie.handoff.figures.moments import json_items, json_number, microseconds
from balie.handoff.notes.note import NoteKind
from balie.handoff.suggestions.suggestion import Outcome
from balie.handoff.tables import handoffs, notes, queues, ratings, suggestions
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


async def open_now(tx: Transaction, *, now: datetime) -> Totals:
    """Returns how many handoffs are open in each queue and state, and how long the longest has waited, in seconds."""
    columns, found = handoffs.c, Totals()
    for queue in await tx.all(sa.select(queues.c.tenant, queues.c.id)):
        found.update({("open", queue.tenant, queue.id, state.name.lower()): 0 for state in OPEN})
        found["longest_wait_seconds", queue.tenant, queue.id] = 0
    first = sa.func.min(columns.created_at).label("first")
    grouped = (columns.tenant, columns.queue_id, columns.state)
    states = sa.select(*grouped, sa.func.count().label("number"), first).where(columns.state.in_(OPEN))
    for row in await tx.all(states.group_by(*grouped)):
        found["open", row.tenant, row.queue_id, HandoffState(row.state).name.lower()] = row.number
        if row.state in WAITING:
            key = ("longest_wait_seconds", row.tenant, row.queue_id)
            found[key] = max(found[key], int((now - row.first).total_seconds()))
    return found


async def happened(tx: Transaction, span: Span) -> Totals:
    """Returns what came to an end in a span of time, and how often what else happened."""
    found = Totals()
    for name, statement in _statements(span):
        for row in await tx.all(statement):
            labels = row.queue_id, *_label(name, row)
            found[name, row.tenant, *labels] += int(row.number)
    for name, moment in (
        ("wait_seconds", handoffs.c.accepted_at),
        ("first_reply_seconds", handoffs.c.replied_at),
    ):
        for times in (await tx.execute(_histogram(span, moment))).mappings():
            for part in (*map(str, BOUNDS_SECONDS), "count", "sum"):
                found[name, times["tenant"], times["queue_id"], part] += int(times[part])
    return found


def _label(name: str, row: sa.Row[Any]) -> Iterable[str]:
    match name:
        case "ended":
            return (HandoffState(row.kind).name.lower(),)
        case "promises_kept" | "promises_broken":
            return (ClockKind(row.kind).name.lower(),)
        case "suggestions":
            return (Outcome(row.kind).name.lower(),)
        case "ratings":
            return (str(row.kind),)
        case _:
            return ()


def _statements(span: Span) -> Iterator[tuple[str, sa.Select[Any]]]:
    """Yields a statement for each counter: tenant, queue, what tells it apart, and the number."""
    one, count = handoffs.c, sa.func.count()
    yield "ended", _counted(one.tenant, one.queue_id, one.state, count).where(span.holds(_ENDED))
    clock = json_items(one.clocks).table_valued(sa.column("value", sa.JSON()), name="clock")
    kind = json_number(clock.c.value, sa.literal_column("'kind'"))
    for name in ("kept", "broken"):
        number = sa.func.sum(json_number(clock.c.value, sa.literal_column(f"'{name}'")))
        stopped = _counted(one.tenant, one.queue_id, kind, number).where(span.holds(_ENDED))
        yield f"promises_{name}", stopped.select_from(handoffs.join(clock, sa.true()))
    note, rating, told = notes.c, ratings.c, suggestions.c
    transferred = _counted(note.tenant, note.from_queue_id, note.kind, count)
    yield "transfers", transferred.where(note.kind == NoteKind.TRANSFER, span.holds(note.created_at))
    rated = _counted(rating.tenant, rating.queue_id, rating.rating, count)
    yield "ratings", rated.where(span.holds(rating.given_at))
    of_handoff = sa.and_(one.tenant == told.tenant, one.id == told.handoff_id)
    suggested = _counted(one.tenant, one.queue_id, told.outcome, count).where(span.holds(_ENDED))
    yield "suggestions", suggested.select_from(handoffs.join(suggestions, of_handoff))


def _counted(tenant: Column, queue_id: Column, kind: Column, number: Column) -> sa.Select[Any]:
    columns = (tenant.label("tenant"), queue_id.label("queue_id"), kind.label("kind"))
    return sa.select(*columns, number.label("number")).group_by(tenant, queue_id, kind)


def _histogram(span: Span, moment: Column) -> sa.Select[Any]:
    """Returns how many times were at most each bound long, their number and their sum in microseconds."""
    columns = handoffs.c
    lasted = (microseconds(moment) - microseconds(_CREATED)).label("lasted")
    found = (
        sa.select(columns.tenant, columns.queue_id, lasted)
        .where(span.holds(_ENDED), moment.is_not(None))
        .subquery()
    )
    below = (
        sa.func.sum(sa.case((found.c.lasted <= bound * _SECOND, 1), else_=0)).label(str(bound))
        for bound in BOUNDS_SECONDS
    )
    number, total = sa.func.count().label("count"), sa.func.sum(found.c.lasted).label("sum")
    grouped = (found.c.tenant, found.c.queue_id)
    return sa.select(*grouped, *below, number, total).group_by(*grouped)
