"""Between a row of the handoffs' table and what the domain calls it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.domain import Asked, Handoff, HandoffState, QueueProfile, Reason
from balie.handoff.matching import Waiting
from balie.handoff.staffing.skills import Wanted, relaxed

_REASONS = TypeAdapter(tuple[Reason, ...])
_SKILLS = TypeAdapter(tuple[Wanted, ...])


def handoff_of(row: sa.Row[Any]) -> Handoff:
    """Returns the handoff of a row that has its position as well."""
    return Handoff(
        id=row.id,
        asked=Asked(
            conversation_id=row.conversation_id,
            contact_id=row.contact_id,
            channel=row.channel,
            language=row.language,
            queue_id=row.queue_id,
            reasons=_REASONS.validate_python(row.reasons),
            turn_id=row.turn_id,
            priority=row.priority,
            suggested_answer_ids=tuple(row.suggested_answer_ids),
            skills=_SKILLS.validate_python(row.skills),
        ),
        state=HandoffState(row.state),
        agent_id=row.agent_id,
        passed_agent_ids=tuple(row.passed_agent_ids),
        owner_epoch=row.owner_epoch,
        owner_confirmed=row.owner_confirmed,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        offer_expires_at=row.offer_expires_at,
        deadline_at=row.deadline_at,
        outcome=row.outcome,
        rank=row.rank,
        preferred_agent_id=row.preferred_agent_id,
        position=row.position,
    )


def values_of(one: Handoff) -> dict[str, Any]:
    """Returns the columns of a handoff, its tenant and its position aside."""
    values = asdict(one)
    del values["position"]
    values |= values.pop("asked")
    values["reasons"] = _REASONS.dump_python(one.asked.reasons, mode="json")
    return values


def waiting_of(row: sa.Row[Any], queue: QueueProfile, now: datetime) -> Waiting:
    """Returns a row of a queue as one who waits there now."""
    waited = now - row.created_at
    return Waiting(
        id=row.id,
        queue_id=queue.id,
        language=row.language,
        priority=row.priority + queue.priority_per_minute * _minutes(waited),
        created_at=row.created_at,
        passed_agent_ids=tuple(row.passed_agent_ids),
        skills=_SKILLS.validate_python(row.skills),
        relaxed=relaxed(queue.rings, waited),
        preferred_agent_id=row.preferred_agent_id,
    )


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
