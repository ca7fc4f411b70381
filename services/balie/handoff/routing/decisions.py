"""Decisions in the database, with what they rest on: a turn is decided once, and can be decided again by a later policy."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.errors import TurnAlreadyRouted, TurnNotRouted
from balie.handoff.routing import evidence
from balie.handoff.routing.turns import Decision, DecisionKind, Inputs, Ruling
from balie.handoff.tables import decisions
from balie.kit.database import Transaction

_INPUTS = TypeAdapter(Inputs)
_RULING = TypeAdapter(Ruling)


async def of_turn(tx: Transaction, tenant: str, turn_id: str, conversation_id: str) -> Decision | None:
    """Returns what was decided on a turn, None when nothing was.

    Raises:
        TurnAlreadyRouted: it was decided as one of another conversation.
    """
    row = await tx.one(_of_turn(tenant, turn_id))
    if row is None:
        return None
    if row.conversation_id != conversation_id:
        raise TurnAlreadyRouted(turn_id)
    return _decision(row)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision with all that it rests on.

    Attributes:
        decision: what was decided.
        conversation_id: in which conversation.
        inputs: what the policy was given.
    """

    decision: Decision
    conversation_id: str
    inputs: Inputs


async def recorded(tx: Transaction, tenant: str, turn_id: str) -> Recorded:
    """Returns what was decided on a turn, and from what.

    Raises:
        TurnNotRouted: nothing was.
    """
    row = await tx.one(_of_turn(tenant, turn_id))
    if row is None:
        raise TurnNotRouted(turn_id)
    return _recorded(row)


async def page(
    tx: Transaction, tenant: str, since: datetime, until: datetime, after: tuple[datetime, str], limit: int
) -> list[Recorded]:
    """Returns decisions of a time, oldest first: those after a place, which is a time and a turn's id."""
    columns = decisions.c
    later = sa.tuple_(columns.decided_at, columns.turn_id) > sa.tuple_(
        sa.literal(after[0], columns.decided_at.type), sa.literal(after[1], columns.turn_id.type)
    )
    rows = await tx.all(
        sa.select(decisions)
        .where(columns.tenant == tenant, columns.decided_at >= since, columns.decided_at < until, later)
        .order_by(columns.decided_at, columns.turn_id)
        .limit(limit)
    )
    return [_recorded(row) for row in rows]


def _recorded(row: sa.Row[Any]) -> Recorded:
    return Recorded(_decision(row), row.conversation_id, _INPUTS.validate_python(row.inputs))


def _decision(row: sa.Row[Any]) -> Decision:
    return Decision(
        id=row.id,
        turn_id=row.turn_id,
        ruling=_RULING.validate_python(row.ruling),
        handoff_id=row.handoff_id,
        policy_version=row.policy_version,
        decided_at=row.decided_at,
    )


async def add(tx: Transaction, tenant: str, decision: Decision, conversation_id: str, inputs: Inputs) -> None:
    """Stores a decision and what it rests on."""
    await tx.execute(
        sa.insert(decisions).values(
            tenant=tenant,
            turn_id=decision.turn_id,
            id=decision.id,
            conversation_id=conversation_id,
            handoff_id=decision.handoff_id,
            policy_version=decision.policy_version,
            inputs=_INPUTS.dump_python(inputs, mode="json"),
            ruling=_RULING.dump_python(decision.ruling, mode="json"),
            kind=decision.ruling.kind,
            answered_entry_id=_answered_entry(decision.ruling, inputs),
            is_silent=decision.ruling.is_silent or decision.ruling.kind is DecisionKind.ASSIST,
            decided_at=decision.decided_at,
        )
    )


def _answered_entry(ruling: Ruling, inputs: Inputs) -> str:
    return evidence.entry_of(ruling.answer, inputs) if ruling.kind is DecisionKind.ANSWER else ""


def _of_turn(tenant: str, turn_id: str) -> sa.Select[Any]:
    return sa.select(decisions).where(decisions.c.tenant == tenant, decisions.c.turn_id == turn_id)
