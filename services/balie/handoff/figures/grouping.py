"""By what figures are told apart: not at all, by queue, or by the part of the period in which something happened."""

from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from balie.handoff.figures.moments import seconds
from balie.handoff.figures.period import Cut, Period
from balie.handoff.tables import handoffs

Column = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted.

    Attributes:
        tenant: whose desk.
        period: from when up to when.
        queue_ids: the queues that are meant; empty means all.
    """

    tenant: str
    period: Period
    queue_ids: tuple[str, ...] = ()

    def happened(self, moment: Column) -> sa.ColumnElement[bool]:
        """Returns whether a moment is in the period."""
        return sa.and_(moment >= self.period.start, moment < self.period.end)

    def meant(self, queue_id: Column) -> sa.ColumnElement[bool]:
        """Returns whether a queue is meant."""
        return queue_id.in_(self.queue_ids) if self.queue_ids else sa.true()


class Grouping(Protocol):
    """Tells figures apart."""

    def key(self, queue_id: Column, moment: Column) -> Column:
        """Returns the group of what happened in a queue at a moment."""

    def open_in(self, key: Column, period: Period) -> sa.ColumnElement[bool]:
        """Returns whether a row of handoffs was open or asked for in a group of times."""


class Together:
    """All in one group, 0."""

    def key(self, queue_id: Column, moment: Column) -> Column:
        """Returns 0."""
        return sa.literal(0)

    def open_in(self, key: Column, period: Period) -> sa.ColumnElement[bool]:
        """Returns whether a handoff was open in the period."""
        columns = handoffs.c
        return sa.and_(columns.created_at < period.end, _not_ended_before(columns.ended_at >= period.start))


class ByQueue:
    """By the queue's id."""

    def key(self, queue_id: Column, moment: Column) -> Column:
        """Returns the queue."""
        return unindexed(queue_id)

    def open_in(self, key: Column, period: Period) -> sa.ColumnElement[bool]:
        """Returns whether a handoff was open in the period, in its queue."""
        return sa.and_(handoffs.c.queue_id == key, Together().open_in(key, period))


@dataclass(frozen=True, slots=True)
class ByPart:
    """By the number of the part of a period that is cut."""

    cut: Cut

    def key(self, queue_id: Column, moment: Column) -> Column:
        """Returns the number of the part in which a moment is."""
        *lines, last = self.cut.lines
        count = seconds(moment)
        shift: Column = sa.literal(last.shift, sa.BigInteger())
        if lines:
            cases = [(moment < line.until, sa.literal(line.shift, sa.BigInteger())) for line in lines]
            shift = sa.case(*cases, else_=shift)
        return (count + shift) // sa.literal(self.cut.size, sa.BigInteger())

    def open_in(self, key: Column, period: Period) -> sa.ColumnElement[bool]:
        """Returns whether a handoff was open in a part: numbers of parts rise with time, before the period as well."""
        columns = handoffs.c
        asked, ended = (
            self.key(columns.queue_id, moment) for moment in (columns.created_at, columns.ended_at)
        )
        return sa.and_(columns.created_at < period.end, asked <= key, _not_ended_before(ended >= key))


def _not_ended_before(ended_later: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.or_(handoffs.c.ended_at.is_(None), ended_later)


def unindexed(column: Column) -> Column:
    """Returns a text column as an expression that no index has.

    Otherwise SQLite walks an index by queue to group by it, through all that ever happened, rather than one by time.
    """
    return column.concat(sa.literal_column("''"))
