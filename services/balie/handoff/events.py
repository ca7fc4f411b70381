"""The codec of the log: what happened to a handoff, as the contract's HandoffEvent without its cursor."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.handoff.v1 import handoff_pb2
from balie.handoff.clocks import ClockKind
from balie.handoff.domain import EventKind, HandoffEvent, HandoffState, ReleaseReason

TOPIC = "handoffs"


def encode(event: HandoffEvent) -> bytes:
    """Returns an event as it is stored."""
    return event_to_proto(event).SerializeToString(deterministic=True)


def decode(payload: bytes) -> HandoffEvent:
    """Returns a stored event."""
    stored = handoff_pb2.HandoffEvent.FromString(payload)
    return HandoffEvent(
        id=stored.event_id,
        occurred_at=stored.event_time.ToDatetime(UTC),
        kind=EventKind(stored.kind),
        handoff_id=stored.handoff_id,
        conversation_id=stored.conversation_id,
        state=HandoffState(stored.state),
        agent_id=stored.agent_id,
        queue_id=stored.queue_id,
        revision=stored.revision,
        position=stored.position,
        estimated_wait=stored.estimated_wait.ToTimedelta() if stored.HasField("estimated_wait") else None,
        release_reason=ReleaseReason(stored.release_reason),
        call_back_at=stored.call_back_time.ToDatetime(UTC) if stored.HasField("call_back_time") else None,
        clock=ClockKind(stored.clock) if stored.clock else None,
        percent=stored.percent,
    )


def event_to_proto(event: HandoffEvent, cursor: str = "") -> handoff_pb2.HandoffEvent:
    """Returns an event as the contract has it.

    Args:
        event: what happened.
        cursor: continues a watch after it; empty where it is stored.
    """
    return handoff_pb2.HandoffEvent(
        cursor=cursor,
        event_id=event.id,
        event_time=timestamp(event.occurred_at),
        kind=handoff_pb2.HandoffEventKind.ValueType(event.kind),
        handoff_id=event.handoff_id,
        conversation_id=event.conversation_id,
        state=handoff_pb2.HandoffState.ValueType(event.state),
        agent_id=event.agent_id,
        queue_id=event.queue_id,
        revision=event.revision,
        position=event.position,
        estimated_wait=span(event.estimated_wait),
        release_reason=handoff_pb2.ReleaseReason.ValueType(event.release_reason),
        call_back_time=timestamp(event.call_back_at) if event.call_back_at else None,
        clock=handoff_pb2.ClockKind.ValueType(event.clock or 0),
        percent=event.percent,
    )


def span(time: timedelta | None) -> Duration | None:
    """Returns a time as protobuf has it."""
    if time is None:
        return None
    duration = Duration()
    duration.FromTimedelta(time)
    return duration


def timestamp(moment: datetime) -> Timestamp:
    """Returns a moment as protobuf has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
