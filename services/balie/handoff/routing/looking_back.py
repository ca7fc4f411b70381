"""What the handoff service itself knows of the turns before: what it decided, and when a person gave the conversation back.

It begins anew with that, unless the person said that the bot goes on where it was.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from balie.handoff.domain import GIVEN_BACK, ReleaseReason
from balie.handoff.routing.history import MOST_REPLIES, History
from balie.handoff.routing.turns import DecisionKind
from balie.handoff.tables import decisions, handoffs
from balie.kit.database import Transaction

_UNANSWERED = frozenset({DecisionKind.CLARIFY, DecisionKind.ESCALATE})


async def look_back(
    tx: Transaction, tenant: str, conversation_id: str, told: History, *, now: datetime
) -> History:
    """Returns the history of a conversation: what the gateway told of it, and what this service knows itself."""
    given_back = sa.select(sa.func.max(handoffs.c.updated_at)).where(
        handoffs.c.tenant == tenant,
        handoffs.c.conversation_id == conversation_id,
        handoffs.c.state.in_(GIVEN_BACK),
    )
    released_at = await tx.scalar(given_back)
    began_at = released_at
    if released_at is not None:
        began_at = await tx.scalar(given_back.where(handoffs.c.release_reason != ReleaseReason.RESUME))
    columns = decisions.c
    turns = (
        sa.select(columns.kind, columns.answered_entry_id, columns.is_silent, columns.decided_at)
        .where(columns.tenant == tenant, columns.conversation_id == conversation_id)
        .order_by(columns.decided_at.desc())
        .limit(MOST_REPLIES)
    )
    if began_at is not None:
        turns = turns.where(columns.decided_at > began_at)
    rows = await tx.all(turns)
    # Where the bot goes on as before, a person has helped all the same: what failed before them does not count.
    since_person = [row for row in rows if released_at is None or row.decided_at > released_at]
    return replace(
        told,
        failed_in_a_row=_count(row.kind in _UNANSWERED for row in since_person),
        answered_entries=_answered(rows),
        reply_ages=tuple(_ago(now, row.decided_at) for row in rows if not row.is_silent),
        released_ago=None if released_at is None else _ago(now, released_at),
    )


def _answered(rows: Sequence[Any]) -> tuple[str, ...]:
    return tuple(takewhile(bool, (row.answered_entry_id for row in rows)))


def _count(flags: Any) -> int:
    return sum(1 for _ in takewhile(bool, flags))


def _ago(now: datetime, moment: datetime) -> int:
    return max(0, int((now - moment).total_seconds()))
