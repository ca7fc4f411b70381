"""The log's payloads: the contract's event with ids, numbers and states alone."""

from datetime import UTC, timedelta

from balie.api.gateway.v1 import conversation_pb2
from balie.gateway.domain import HandoffState, Owner, OwnerKind, TurnState
from balie.gateway.happenings import (
    Closed,
    HandoffChanged,
    Happening,
    MessageAppended,
    OwnerChanged,
    TurnChanged,
)


class ProtoCodec:
    """Writes happenings as `ConversationEvent`, of a message its name and number only."""

    def encode(self, happening: Happening) -> bytes:
        """Returns the payload."""
        return happening_to_proto(happening).SerializeToString()

    def decode(self, payload: bytes) -> Happening:
        """Returns what the payload tells.

        Raises:
            ValueError: it was written by a version that knows more than this one.
        """
        event = conversation_pb2.ConversationEvent.FromString(payload)
        match event.WhichOneof("event"):
            case "message":
                return MessageAppended(event.message.id, event.message.seq)
            case "owner_changed":
                owner = event.owner_changed.owner
                changed = Owner(OwnerKind(owner.kind), owner.agent_id)
                return OwnerChanged(changed, event.owner_changed.owner_epoch)
            case "turn_changed":
                return TurnChanged(event.turn_changed.turn_id, TurnState(event.turn_changed.state))
            case "handoff_changed":
                return _handoff_changed(event.handoff_changed)
            case "closed":
                return Closed()
            case _:
                raise ValueError("the payload holds no event that this version knows")


def happening_to_proto(happening: Happening) -> conversation_pb2.ConversationEvent:
    """Returns a happening as an event without cursor, id and time."""
    event = conversation_pb2.ConversationEvent()
    match happening:
        case MessageAppended(message_id, seq):
            event.message.id, event.message.seq = message_id, seq
        case OwnerChanged(owner, owner_epoch):
            event.owner_changed.owner.kind = conversation_pb2.OwnerKind.ValueType(owner.kind)
            event.owner_changed.owner.agent_id = owner.agent_id
            event.owner_changed.owner_epoch = owner_epoch
        case TurnChanged(turn_id, state):
            event.turn_changed.turn_id = turn_id
            event.turn_changed.state = conversation_pb2.TurnState.ValueType(state)
        case HandoffChanged():
            _write_handoff_changed(happening, event.handoff_changed)
        case Closed():
            event.closed.SetInParent()
    return event


def _write_handoff_changed(changed: HandoffChanged, message: conversation_pb2.HandoffChanged) -> None:
    message.handoff_id, message.position = changed.handoff_id, changed.position
    message.state = int(changed.state)  # type: ignore[assignment]
    if changed.estimated_wait is not None:
        message.estimated_wait.FromTimedelta(timedelta(seconds=changed.estimated_wait))
    if changed.call_back_at is not None:
        message.call_back_time.FromDatetime(changed.call_back_at)


def _handoff_changed(message: conversation_pb2.HandoffChanged) -> HandoffChanged:
    has_estimate, has_time = message.HasField("estimated_wait"), message.HasField("call_back_time")
    return HandoffChanged(
        message.handoff_id,
        HandoffState(message.state),
        message.position,
        estimated_wait=message.estimated_wait.ToTimedelta().total_seconds() if has_estimate else None,
        call_back_at=message.call_back_time.ToDatetime(UTC) if has_time else None,
    )
