"""What every command that talks to the desk does: begin a conversation, say something, read the turn behind a reply."""

from google.protobuf.duration_pb2 import Duration

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.client import Balie
from balie.kit.ids import new_id

CALL_SECONDS = 15.0
_MARGIN_SECONDS = 5.0


async def begin(
    client: Balie, contact: str, *, channel: str = "terminal", language: str = ""
) -> resources.Conversation:
    """Creates a conversation for a contact."""
    request = door.CreateConversationRequest(
        contact_id=contact, channel=channel, language=language, request_id=new_id()
    )
    reply = await client.conversations.CreateConversation(request, timeout=CALL_SECONDS)
    return reply.conversation


async def say(
    client: Balie, conversation: str, text: str, *, wait_seconds: float
) -> door.SendMessageResponse:
    """Sends a message and waits for what comes of it."""
    wait = Duration()
    wait.FromNanoseconds(int(wait_seconds * 1e9))
    request = door.SendMessageRequest(
        conversation_id=conversation, text=text, wait_for_reply=wait, request_id=new_id()
    )
    return await client.conversations.SendMessage(request, timeout=wait_seconds + _MARGIN_SECONDS)


async def turn(client: Balie, turn_id: str) -> resources.Turn:
    """Reads a turn with its explanation."""
    reply = await client.conversations.GetTurn(door.GetTurnRequest(turn_id=turn_id), timeout=CALL_SECONDS)
    return reply.turn
