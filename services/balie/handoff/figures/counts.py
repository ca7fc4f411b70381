"""The statements that count and measure, each for any grouping.

Every one works out the group in an inner statement and counts in the outer one, so that a group's expression is there once:
PostgreSQL takes two with their own parameters for two.
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from balie.handoff.domain import WAITING, HandoffState
from balie.handoff.figures.grouping import Column, Grouping, Scope
from balie.handoff.figures.moments import json_items, json_number, microseconds
from balie.handoff.notes.note import NoteKind
from balie.handoff.tables import decisions, handoffs, notes, ratings, suggestions

REOPENED_WITHIN = timedelta(days=1)
"""How soon after the end a conversation asks for a person again for the first one to count as reopened."""

_MICROSECOND = timedelta(microseconds=1)
_ENDINGS = {
    "resolved": HandoffState.RESOLVED,
    "released": HandoffState.RELEASED,
    "messages_taken": HandoffState.MESSAGE_TAKEN,
    "expired": HandoffState.EXPIRED,
    "cancelled": HandoffState.CANCELLED,
}
_PERCENT = (50, 90, 99)

_CREATED, _ACCEPTED = handoffs.c.created_at, handoffs.c.accepted_at
_REPLIED, _ENDED = handoffs.c.replied_at, handoffs.c.ended_at

Statement = sa.Select[Any]


def asked(scope: Scope, grouping: Grouping) -> Statement:
    """Counts handoffs that were asked for."""
    return _counted(_handoffs(scope, grouping, _CREATED), asked=sa.func.count())


def accepted(scope: Scope, grouping: Grouping) -> Statement:
    """Counts handoffs that an agent took first, and those of them that were called back."""
    is_called_back = (
        handoffs.c.call_back_start_at <= _ACCEPTED
    )  # unknown, and so not counted, where there is none
    found = _handoffs(scope, grouping, _ACCEPTED, called_back=_one_if(is_called_back)).subquery()
    return _grouped(found, accepted=sa.func.count(), called_back=sa.func.sum(found.c.called_back))


def ended(scope: Scope, grouping: Grouping) -> Statement:
    """Counts handoffs that ended, by how, and those of them whose conversation asked again soon after."""
    state = handoffs.c.state
    found = _handoffs(scope, grouping, _ENDED, state=state, reopened=_one_if(_is_reopened())).subquery()
    counts = {name: sa.func.sum(_one_if(found.c.state == state)) for name, state in _ENDINGS.items()}
    return _grouped(found, reopened=sa.func.sum(found.c.reopened), **counts)


def transferred(scope: Scope, grouping: Grouping) -> Statement:
    """Counts transfers in the queue that the handoff left."""
    columns = notes.c
    found = sa.select(grouping.key(columns.from_queue_id, columns.created_at).label("key")).where(
        columns.tenant == scope.tenant,
        columns.kind == NoteKind.TRANSFER,
        scope.happened(columns.created_at),
        scope.meant(columns.from_queue_id),
    )
    return _counted(found, transfers=sa.func.count())


def waiting(scope: Scope, grouping: Grouping) -> Statement:
    """Counts handoffs that wait for an agent now, whenever they were asked for."""
    columns = handoffs.c
    found = sa.select(grouping.key(columns.queue_id, columns.created_at).label("key")).where(
        columns.tenant == scope.tenant, columns.state.in_(WAITING), scope.meant(columns.queue_id)
    )
    return _counted(found, waiting=sa.func.count())


def waits(scope: Scope, grouping: Grouping) -> Statement:
    """Measures the time from the asking to the first acceptance."""
    return _spread(_handoffs(scope, grouping, _ACCEPTED, lasted=_lasted(_ACCEPTED)))


def first_replies(scope: Scope, grouping: Grouping) -> Statement:
    """Measures the time from the asking to the first words of an agent."""
    return _spread(_handoffs(scope, grouping, _REPLIED, lasted=_lasted(_REPLIED)))


def promises(scope: Scope, grouping: Grouping) -> Statement:
    """Counts how often the promises on handoffs that ended were kept and broken, by the kind of promise."""
    clock = json_items(handoffs.c.clocks).table_valued(sa.column("value", sa.JSON()), name="clock")
    kind, kept, broken = (json_number(clock.c.value, sa.literal_column(f"'{name}'")) for name in _CLOCK)
    found = (
        _handoffs(scope, grouping, _ENDED, kind=kind, kept=kept, broken=broken)
        .select_from(handoffs.join(clock, sa.true()))
        .subquery()
    )
    sums = (sa.func.sum(found.c[name]).label(name) for name in ("kept", "broken"))
    return sa.select(found.c.key, found.c.kind, *sums).group_by(found.c.key, found.c.kind)


_CLOCK = ("kind", "kept", "broken")


def rated(scope: Scope, grouping: Grouping) -> Statement:
    """Counts ratings by what they are."""
    columns = ratings.c
    found = sa.select(
        grouping.key(columns.queue_id, columns.given_at).label("key"), columns.rating.label("kind")
    ).where(columns.tenant == scope.tenant, scope.happened(columns.given_at), scope.meant(columns.queue_id))
    return _by_kind(found)


def suggested(scope: Scope, grouping: Grouping) -> Statement:
    """Counts suggested answers by what agents made of them."""
    columns = suggestions.c
    of_handoff = sa.and_(handoffs.c.tenant == columns.tenant, handoffs.c.id == columns.handoff_id)
    found = (
        sa.select(
            grouping.key(handoffs.c.queue_id, columns.told_at).label("key"), columns.outcome.label("kind")
        )
        .select_from(suggestions.join(handoffs, of_handoff))
        .where(
            columns.tenant == scope.tenant,
            scope.happened(columns.told_at),
            scope.meant(handoffs.c.queue_id),
        )
    )
    return _by_kind(found)


def conversations(scope: Scope, grouping: Grouping) -> Statement:
    """Counts conversations in which a turn was decided, and those of them in which no handoff was open meanwhile."""
    columns = decisions.c
    routed = (
        sa.select(grouping.key(sa.literal(""), columns.decided_at).label("key"), columns.conversation_id)
        .where(columns.tenant == scope.tenant, scope.happened(columns.decided_at))
        .distinct()
        .subquery()
    )
    has_handoff = sa.exists().where(
        handoffs.c.tenant == scope.tenant,
        handoffs.c.conversation_id == routed.c.conversation_id,
        grouping.open_in(routed.c.key, scope.period),
    )
    found = sa.select(routed.c.key, _one_if(~has_handoff).label("contained")).subquery()
    return _grouped(found, routed=sa.func.count(), contained=sa.func.sum(found.c.contained))


def _handoffs(scope: Scope, grouping: Grouping, moment: Column, **more: Column) -> Statement:
    """Returns the handoffs to which something happened in the period, each with its group."""
    columns = handoffs.c
    named = (value.label(name) for name, value in more.items())
    return sa.select(grouping.key(columns.queue_id, moment).label("key"), *named).where(
        columns.tenant == scope.tenant, scope.happened(moment), scope.meant(columns.queue_id)
    )


def _counted(found: Statement, **counts: Column) -> Statement:
    return _grouped(found.subquery(), **counts)


def _grouped(found: sa.Subquery, **counts: Column) -> Statement:
    named = (value.label(name) for name, value in counts.items())
    return sa.select(found.c.key, *named).select_from(found).group_by(found.c.key)


def _by_kind(found: Statement) -> Statement:
    rows = found.subquery()
    number = sa.func.count().label("number")
    return sa.select(rows.c.key, rows.c.kind, number).group_by(rows.c.key, rows.c.kind)


def _spread(found: Statement) -> Statement:
    """Measures by the nearest rank: of n times in order, the one at place n times the percentage, rounded up."""
    rows = found.subquery()
    place = sa.func.row_number().over(partition_by=rows.c.key, order_by=rows.c.lasted)
    number = sa.func.count().over(partition_by=rows.c.key)
    ranked = sa.select(rows.c.key, rows.c.lasted, place.label("place"), number.label("number")).subquery()
    marks = (
        sa.func.max(
            sa.case((ranked.c.place == (ranked.c.number * percent + 99) // 100, ranked.c.lasted))
        ).label(f"p{percent}")
        for percent in _PERCENT
    )
    return sa.select(ranked.c.key, sa.func.max(ranked.c.number).label("number"), *marks).group_by(
        ranked.c.key
    )


def _lasted(moment: Column) -> Column:
    return microseconds(moment) - microseconds(_CREATED)


def _is_reopened() -> sa.ColumnElement[bool]:
    other = handoffs.alias("other").c
    later = microseconds(other.created_at) - microseconds(_ENDED)
    return sa.exists().where(
        other.tenant == handoffs.c.tenant,
        other.conversation_id == handoffs.c.conversation_id,
        other.created_at >= _ENDED,
        later <= REOPENED_WITHIN // _MICROSECOND,
        other.id != handoffs.c.id,
    )


def _one_if(condition: sa.ColumnElement[bool]) -> Column:
    return sa.case((condition, 1), else_=0)
