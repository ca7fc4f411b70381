"""The log's payloads: the contract's event with ids, numbers and states alone."""

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
                moved = event.handoff_changed
                return HandoffChanged(moved.handoff_id, HandoffState(moved.state), moved.position)
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
        case HandoffChanged(handoff_id, state, position):
            event.handoff_changed.handoff_id = handoff_id
            event.handoff_changed.state = int(state)  # type: ignore[assignment]
            event.handoff_changed.position = position
        case Closed():
            event.closed.SetInParent()
    return event
