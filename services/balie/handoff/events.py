"""The codec of the log: what happened to a handoff, as the contract's HandoffEvent without its cursor."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.handoff.v1 import handoff_pb2
from balie.handoff.domain import EventKind, HandoffEvent, HandoffState

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
    )


def timestamp(moment: datetime) -> Timestamp:
    """Returns a moment as protobuf has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
