"""What an agent needs first: who asks, what about, and what the bot has tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2, note_service_pb2
from balie.api.nlu.v1 import nlu_service_pb2 as nlu
from balie.cli.agent.chats import Suggestion
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie

SUGGESTED = 3
_KEYWORDS = 3
_PAGE = 500
_NAME = "name"
"""The attribute of a contact that says what they are called."""


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
        notes: what colleagues wrote down, oldest first; read where the handoff was transferred.
    """

    name: str = ""
    attributes: Sequence[tuple[str, str]] = ()
    question: str = ""
    summary: Sequence[str] = ()
    understood: str = ""
    attempts: Sequence[str] = ()
    suggestions: Sequence[Suggestion] = ()
    notes: Sequence[note_service_pb2.Note] = ()


async def read_brief(client: Balie, handoff: handoff_pb2.Handoff) -> Brief:
    """Returns what an agent needs first of a handoff.

    Raises:
        grpc.RpcError: the gateway did not answer.
    """
    request = door.GetBriefingRequest(conversation_id=handoff.conversation_id)
    found = (await client.conversations.GetBriefing(request, timeout=CALL_SECONDS)).briefing
    attributes = sorted(found.conversation.contact_attributes.items())
    answers = [one for one in found.suggested_answers if one.above_threshold]
    return Brief(
        name=dict(attributes).get(_NAME, ""),
        attributes=attributes,
        question=found.question.text,
        summary=[one.text for one in found.summary if one.text.strip() != found.question.text.strip()],
        understood=_understood(found.understanding),
        attempts=[one.message.text for one in found.attempts],
        suggestions=[Suggestion(one.answer, one.answer_id) for one in answers[:SUGGESTED]],
        notes=await read_notes(client, handoff) if handoff.transfers else (),
    )


async def read_notes(client: Balie, handoff: handoff_pb2.Handoff) -> Sequence[note_service_pb2.Note]:
    """Returns what colleagues wrote down about a handoff, oldest first.

    Raises:
        grpc.RpcError: handoff did not answer.
    """
    request = note_service_pb2.ListNotesRequest(handoff_id=handoff.id, page_size=_PAGE)
    return (await client.notes.ListNotes(request, timeout=CALL_SECONDS)).notes


def suggestions_of(turn: resources.Turn) -> list[Suggestion]:
    """Returns the answers to suggest after a turn, best first: what was worked out and not sent, then what was found."""
    ids = {answer.answer: answer.answer_id for answer in turn.answers}
    texts = [*turn.suggestions, *(one.answer for one in turn.answers if one.above_threshold)]
    return [Suggestion(text, ids.get(text, "")) for text in dict.fromkeys(texts)][:SUGGESTED]


def _understood(understanding: nlu.Understanding) -> str:
    """Returns the best intent with its score, and the keywords; empty when there is neither."""
    intents = [f"{one.name} {one.score:.2f}" for one in understanding.intents[:1]]
    keywords = [f"keyword {one.keyword_id}" for one in understanding.keywords[:_KEYWORDS]]
    return ", ".join(intents + keywords)
