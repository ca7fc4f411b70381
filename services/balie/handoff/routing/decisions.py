"""Decisions in the database, with what they rest on: a turn is decided once, and can be decided again by a later policy."""

from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.errors import TurnAlreadyRouted
from balie.handoff.routing.turns import Decision, Inputs, Ruling
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
    return Decision(
        id=row.id,
        turn_id=row.turn_id,
        ruling=_RULING.validate_python(row.ruling),
        handoff_id=row.handoff_id,
        policy_version=row.policy_version,
        decided_at=row.decided_at,
    )


async def inputs_of(tx: Transaction, tenant: str, turn_id: str) -> Inputs | None:
    """Returns what the policy was given when it decided a turn, None when it did not."""
    row = await tx.one(_of_turn(tenant, turn_id))
    return None if row is None else _INPUTS.validate_python(row.inputs)


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
            decided_at=decision.decided_at,
        )
    )


def _of_turn(tenant: str, turn_id: str) -> sa.Select[Any]:
    return sa.select(decisions).where(decisions.c.tenant == tenant, decisions.c.turn_id == turn_id)
