"""What end-to-end tests do and look at, over the API alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import grpc

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, handoff_service_pb2
from balie.cli import talk
from balie.client import Balie, error_of
from balie.kit.ids import new_id

CALL_SECONDS = 15.0
END_SECONDS = 60.0
ENDED = (resources.TURN_STATE_DONE, resources.TURN_STATE_SUPERSEDED)
AGENT = "sietske"
MAY_BE_REPEATED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


async def persist(call: Callable[[], Awaitable[door.SendMessageResponse]]) -> door.SendMessageResponse:
    """Makes the same call until it is answered, as a client does whose server falls and comes back."""
    async with asyncio.timeout(END_SECONDS):
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() not in MAY_BE_REPEATED:
                    raise
                await asyncio.sleep(0.1)


async def send(client: Balie, conversation: str, text: str, request_id: str) -> door.SendMessageResponse:
    """Sends a message and returns when it is acknowledged, however often its request has to be repeated."""
    request = door.SendMessageRequest(conversation_id=conversation, text=text, request_id=request_id)
    return await persist(lambda: client.conversations.SendMessage(request, timeout=CALL_SECONDS))


async def messages(client: Balie, conversation: str) -> Sequence[resources.Message]:
    """Returns all messages of a conversation."""
    found: list[resources.Message] = []
    while True:
        request = door.ListMessagesRequest(
            conversation_id=conversation, after_seq=found[-1].seq if found else 0, page_size=500
        )
        reply = await client.conversations.ListMessages(request, timeout=CALL_SECONDS)
        found += reply.messages
        if not reply.more:
            return found


async def ended(client: Balie, turn_id: str) -> resources.Turn:
    """Returns a turn when it has ended."""
    async with asyncio.timeout(END_SECONDS):
        while True:
            turn = await talk.turn(client, turn_id)
            if turn.state in ENDED:
                return turn
            await asyncio.sleep(0.05)


async def be_online(person: Balie, agent: str = AGENT) -> None:
    request = agent_service_pb2.SetPresenceRequest(
        agent_id=agent, presence=handoff_pb2.PRESENCE_ONLINE, request_id=new_id()
    )
    await person.agents.SetPresence(request, timeout=CALL_SECONDS)


async def request_handoff(
    operator: Balie, conversation: resources.Conversation, queue: str = "service"
) -> str:
    """Asks for a person as an administrator, and returns the handoff's id."""
    request = handoff_service_pb2.RequestHandoffRequest(
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        channel=conversation.channel,
        language="en",
        queue_id=queue,
        request_id=new_id(),
    )
    reply = await operator.handoffs.RequestHandoff(request, timeout=CALL_SECONDS)
    return reply.handoff.id


async def accept(person: Balie, handoff: str, agent: str = AGENT) -> handoff_pb2.Handoff:
    """Accepts a handoff as the agent to whom it is offered, and returns it when the agent owns the conversation."""
    request = handoff_service_pb2.AcceptHandoffRequest(
        handoff_id=handoff, agent_id=agent, request_id=new_id()
    )
    reply = await person.handoffs.AcceptHandoff(request, timeout=CALL_SECONDS)
    return reply.handoff


async def release(person: Balie, handoff: str) -> None:
    request = handoff_service_pb2.ReleaseHandoffRequest(handoff_id=handoff, request_id=new_id())
    await person.handoffs.ReleaseHandoff(request, timeout=CALL_SECONDS)


def reason_of(error: grpc.RpcError) -> str:
    return error_of(error).reason
