"""What an agent needs first: who asks, what about, and what the bot has tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.cli import talk
from balie.cli.agent.chats import Suggestion
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie

SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Brief:
    """What an agent needs first; what is not known is empty.

    Attributes:
        name: what the contact is called.
        attributes: what is known of them, by name.
        question: their message that led to the handoff.
        summary: their own sentences that say most, without the question.
        understood: the best intent and its score, in words.
        attempts: what the bot said, oldest first.
        suggestions: answers of the FAQ, best first.
    """

    name: str = ""
    attributes: Sequence[tuple[str, str]] = ()
    question: str = ""
    summary: Sequence[str] = ()
    understood: str = ""
    attempts: Sequence[str] = ()
    suggestions: Sequence[Suggestion] = ()


async def read_brief(client: Balie, handoff: handoff_pb2.Handoff) -> Brief:
    """Returns what an agent needs first of a handoff.

    Raises:
        grpc.RpcError: the gateway did not answer.
    """
    request = door.GetConversationRequest(conversation_id=handoff.conversation_id)
    conversation = (await client.conversations.GetConversation(request, timeout=CALL_SECONDS)).conversation
    attributes = sorted(conversation.contact_attributes.items())
    name = dict(attributes).get("name", "")
    if not handoff.turn_id:
        return Brief(name=name, attributes=attributes)
    turn = await talk.turn(client, handoff.turn_id)
    asked = door.ListMessagesRequest(
        conversation_id=handoff.conversation_id, after_seq=turn.message_seq - 1, page_size=1
    )
    messages = (await client.conversations.ListMessages(asked, timeout=CALL_SECONDS)).messages
    return Brief(
        name=name,
        attributes=attributes,
        question=messages[0].text if messages else "",
        suggestions=suggestions_of(turn),
    )


def suggestions_of(turn: resources.Turn) -> list[Suggestion]:
    """Returns the answers to suggest after a turn, best first: what was worked out and not sent, then what was found."""
    ids = {answer.answer: answer.answer_id for answer in turn.answers}
    texts = [*turn.suggestions, *(one.answer for one in turn.answers if one.above_threshold)]
    return [Suggestion(text, ids.get(text, "")) for text in dict.fromkeys(texts)][:SUGGESTED]
