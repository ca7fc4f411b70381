"""Who may see a conversation: contacts their own, everybody else all of their tenant's."""

from dataclasses import replace

from balie.gateway import conversation_store
from balie.gateway.domain import Conversation
from balie.gateway.errors import ConversationNotFound
from balie.kit.caller import Caller, Role
from balie.kit.database import Transaction


def check_visible(conversation: Conversation, caller: Caller) -> None:
    """Returns when the caller may see the conversation.

    Raises:
        ConversationNotFound: a contact asks for somebody else's, of whose existence nothing is told.
    """
    if caller.role == Role.CONTACT and conversation.contact_id != caller.id:
        raise ConversationNotFound(conversation.id)


async def visible(tx: Transaction, caller: Caller, conversation_id: str) -> Conversation:
    """Returns a conversation that the caller may see.

    Raises:
        ConversationNotFound: there is none, or not for this caller.
    """
    conversation = await conversation_store.find(tx, caller.tenant, conversation_id)
    check_visible(conversation, caller)
    return as_seen_by(caller, conversation)


def as_seen_by(caller: Caller, conversation: Conversation) -> Conversation:
    """Returns a conversation without what its contact is not to read: what the desk knows of them, such as a risk."""
    return replace(conversation, contact_attributes={}) if caller.role == Role.CONTACT else conversation
