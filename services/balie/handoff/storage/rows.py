"""Between a row of the handoffs' table and what the domain calls it."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from balie.handoff.clocks import Clock
from balie.handoff.domain import Asked, CallBack, Course, Handoff, HandoffState, ReleaseReason, Talk
from balie.handoff.matching import Waiting
from balie.handoff.reasons import Reason
from balie.handoff.staffing.profiles import QueueProfile
from balie.handoff.staffing.skills import Wanted, relaxed

_REASONS = TypeAdapter(tuple[Reason, ...])
_SKILLS = TypeAdapter(tuple[Wanted, ...])
_CLOCKS = TypeAdapter(tuple[Clock, ...])


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
        talk=Talk(row.contact_waits, row.waits_since, row.spoke_seq),
        course=Course(row.waiting_since, row.accepted_at, row.replied_at, row.ended_at),
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
        clocks=_CLOCKS.validate_python(row.clocks),
        agent_due_at=row.agent_due_at,
        call_back=_call_back(row),
        release_reason=ReleaseReason(row.release_reason),
        wanted_agent_id=row.wanted_agent_id,
        wanted_until=row.wanted_until,
        transfers=row.transfers,
        past_queue_ids=tuple(row.past_queue_ids),
        told_position=row.told_position,
        told_wait=None if row.told_wait_seconds is None else timedelta(seconds=row.told_wait_seconds),
        told_at=row.told_at,
        next_step_at=row.next_step_at,
        position=row.position,
    )


def _call_back(row: sa.Row[Any]) -> CallBack | None:
    if row.call_back_start_at is None:
        return None
    return CallBack(row.call_back_start_at, row.call_back_promised_at)


def values_of(one: Handoff) -> dict[str, Any]:
    """Returns the columns of a handoff, its tenant and its position aside."""
    values = asdict(one)
    del values["position"]
    values |= values.pop("asked") | values.pop("course")
    values["reasons"] = _REASONS.dump_python(one.asked.reasons, mode="json")
    values["clocks"] = _CLOCKS.dump_python(one.clocks, mode="json")
    del values["talk"], values["call_back"], values["told_wait"]
    return values | {
        "contact_waits": one.talk.contact_waits,
        "waits_since": one.talk.since,
        "spoke_seq": one.talk.seq,
        "call_back_start_at": one.call_back.start_at if one.call_back else None,
        "call_back_promised_at": one.call_back.promised_at if one.call_back else None,
        "told_wait_seconds": None if one.told_wait is None else one.told_wait.total_seconds(),
    }


def waiting_of(row: sa.Row[Any], queue: QueueProfile, now: datetime) -> Waiting:
    """Returns a row of a queue as one who waits there now."""
    is_wanted = row.wanted_until is not None and row.wanted_until > now
    return Waiting(
        id=row.id,
        queue_id=queue.id,
        language=row.language,
        priority=row.priority + queue.priority_per_minute * _minutes(now - row.created_at),
        created_at=row.created_at,
        passed_agent_ids=tuple(row.passed_agent_ids),
        skills=_SKILLS.validate_python(row.skills),
        relaxed=relaxed(queue.rings, now - row.waiting_since),
        preferred_agent_id=row.preferred_agent_id,
        wanted_agent_id=row.wanted_agent_id if is_wanted else "",
        order=queue.agent_order,
    )


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
