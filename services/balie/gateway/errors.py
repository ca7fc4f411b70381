"""What can go wrong with conversations, their messages and turns."""

from balie.kit.errors import AlreadyExists, FailedPrecondition, Forbidden, InvalidRequest, NotFound

__all__ = [
    "ConversationClosed",
    "ConversationNotFound",
    "ConversationNotRatable",
    "ConversationRated",
    "NobodySpeaks",
    "NotOwner",
    "StaleOwnerEpoch",
    "StreamOutOfOrder",
    "TurnNotFound",
]


class ConversationNotFound(NotFound):
    """The tenant has no such conversation, or it is not one of the contact who asks."""

    reason = "CONVERSATION_NOT_FOUND"

    def __init__(self, conversation_id: str) -> None:
        super().__init__(f"conversation {conversation_id} does not exist", conversation_id=conversation_id)


class ConversationClosed(FailedPrecondition):
    """The conversation takes no messages any more."""

    reason = "CONVERSATION_CLOSED"

    def __init__(self, conversation_id: str) -> None:
        super().__init__(
            f"conversation {conversation_id} is closed: create another one", conversation_id=conversation_id
        )


class ConversationRated(AlreadyExists):
    """The contact has given their rating; there is one at most."""

    reason = "CONVERSATION_RATED"

    def __init__(self, conversation_id: str) -> None:
        super().__init__(f"conversation {conversation_id} is rated already", conversation_id=conversation_id)


class ConversationNotRatable(FailedPrecondition):
    """No person has helped in the conversation, or one still does."""

    reason = "CONVERSATION_NOT_RATABLE"

    def __init__(self, conversation_id: str) -> None:
        super().__init__(
            f"conversation {conversation_id} cannot be rated: no person has helped and left",
            conversation_id=conversation_id,
        )


class TurnNotFound(NotFound):
    """The tenant has no such turn."""

    reason = "TURN_NOT_FOUND"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn {turn_id} does not exist", turn_id=turn_id)


class NotOwner(FailedPrecondition):
    """An agent writes who does not own the conversation."""

    reason = "NOT_OWNER"

    def __init__(self, conversation_id: str, *, owner: str) -> None:
        super().__init__(
            f"conversation {conversation_id} is owned by {owner}: accept its handoff first",
            conversation_id=conversation_id,
            owner=owner,
        )


class StaleOwnerEpoch(FailedPrecondition):
    """A reply was worked out while somebody else spoke, or is the bot's while a person speaks."""

    reason = "STALE_OWNER_EPOCH"

    def __init__(self, *, epoch: int, current_epoch: int) -> None:
        super().__init__(
            f"epoch {epoch} has passed, the current one is {current_epoch}",
            epoch=epoch,
            current_epoch=current_epoch,
        )


class NobodySpeaks(Forbidden):
    """The caller acts neither for a contact nor for an agent, and only they write messages."""

    reason = "CALLER_FORBIDDEN"

    def __init__(self, *, role: str) -> None:
        super().__init__(
            f"a caller of role {role} writes no messages: set the metadata balie-act-as to contact:<id> or agent:<id>",
            role=role,
            needed="contact, agent",
        )


class StreamOutOfOrder(InvalidRequest):
    """A two-way stream's first message does not open it, or a later one does."""

    reason = "STREAM_OUT_OF_ORDER"

    def __init__(self, *, expected: str) -> None:
        super().__init__(f"the stream expected {expected}", expected=expected)
