"""A running desk as its operator, its contacts and its agents see it, in few words: queues with short limits, people, chats."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from tests.e2e import steps
from tests.e2e.desk import RunningDesk

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import agent_service_pb2, handoff_pb2, handoff_service_pb2, queue_service_pb2
from balie.cli import talk
from balie.client import Balie, error_of
from balie.kit.ids import new_id

SECONDS = 20.0
"""A call's deadline: generous, as the machine may be busy."""
PATIENCE = 90.0
"""How long is waited for what has to come by itself."""

_HELD = (handoff_pb2.HANDOFF_STATE_ACCEPTED, handoff_pb2.HANDOFF_STATE_ON_HOLD)
_WAITING = (
    handoff_pb2.HANDOFF_STATE_QUEUED,
    handoff_pb2.HANDOFF_STATE_OFFERED,
    handoff_pb2.HANDOFF_STATE_CALL_BACK,
)
SPANS = {"max_wait", "offer_timeout", "silent_after", "hold_after", "idle_release_after", "call_back_within"}


def span(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration


def moment(stamp: Any) -> datetime:
    made: datetime = stamp.ToDatetime(UTC)
    return made


def kinds(events: Iterable[handoff_pb2.HandoffEvent]) -> list[str]:
    """Returns what happened, places aside: they come when they come."""
    names = [handoff_pb2.HandoffEventKind.Name(event.kind)[len("HANDOFF_EVENT_KIND_") :] for event in events]
    return [name for name in names if name != "POSITION"]


@dataclass
class AtDesk:
    """What is done at a running desk.

    Attributes:
        desk: its processes.
        operator: acts as an administrator.
        online: agents that were set online here.
    """

    desk: RunningDesk
    operator: Balie
    stack: AsyncExitStack
    online: set[str] = field(default_factory=set)

    async def queue(self, name: str, **said: Any) -> None:
        """Makes a queue; spans are given in seconds."""
        given = {key: span(value) if key in SPANS else value for key, value in said.items()}
        queue = handoff_pb2.Queue(id=name, display_name=name.title(), **given)
        request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
        await self.operator.queues.UpsertQueue(request, timeout=SECONDS)

    async def agent(self, name: str, *queues: str, chats: int = 1, online: bool = True, **said: Any) -> Balie:
        """Makes an agent, online at once, and returns a client that acts as them."""
        agent = handoff_pb2.Agent(
            id=name, display_name=name.title(), queue_ids=queues, max_chats=chats, **said
        )
        request = agent_service_pb2.UpsertAgentRequest(agent=agent, request_id=new_id())
        await self.operator.agents.UpsertAgent(request, timeout=SECONDS)
        if online:
            await self.presence(name, handoff_pb2.PRESENCE_ONLINE)
        return await self.stack.enter_async_context(self.desk.client(act_as=f"agent:{name}"))

    async def presence(self, name: str, presence: Any) -> None:
        request = agent_service_pb2.SetPresenceRequest(agent_id=name, presence=presence, request_id=new_id())
        await self.operator.agents.SetPresence(request, timeout=SECONDS)
        (self.online.add if presence == handoff_pb2.PRESENCE_ONLINE else self.online.discard)(name)

    async def seen(self, name: str) -> handoff_pb2.Agent:
        request = agent_service_pb2.GetAgentRequest(agent_id=name)
        return (await self.operator.agents.GetAgent(request, timeout=SECONDS)).agent

    async def contact(self, name: str) -> tuple[Balie, resources.Conversation]:
        """Returns a client that acts as a contact, and a conversation of theirs."""
        client = await self.stack.enter_async_context(self.desk.client(act_as=f"contact:{name}"))
        return client, await talk.begin(client, name, language="nl")

    async def ask(self, conversation: resources.Conversation, queue: str, **said: Any) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.RequestHandoffRequest(
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            channel=conversation.channel,
            queue_id=queue,
            request_id=new_id(),
            **{"language": "nl"} | said,
        )
        return (await self.operator.handoffs.RequestHandoff(request, timeout=SECONDS)).handoff

    async def get(self, handoff: handoff_pb2.Handoff) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.GetHandoffRequest(handoff_id=handoff.id)
        return (await self.operator.handoffs.GetHandoff(request, timeout=SECONDS)).handoff

    async def until(self, handoff: handoff_pb2.Handoff, *states: str) -> handoff_pb2.Handoff:
        """Returns a handoff once it is in one of some states."""
        wanted = [handoff_pb2.HandoffState.Value(f"HANDOFF_STATE_{state}") for state in states]
        async with asyncio.timeout(PATIENCE):
            while (now := await self.get(handoff)).state not in wanted:
                await asyncio.sleep(0.1)
        return now

    async def accept(self, agent: Balie, handoff: handoff_pb2.Handoff) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.AcceptHandoffRequest(handoff_id=handoff.id, request_id=new_id())
        return (await agent.handoffs.AcceptHandoff(request, timeout=SECONDS)).handoff

    async def release(self, agent: Balie, handoff: handoff_pb2.Handoff, reason: Any = 0) -> None:
        request = handoff_service_pb2.ReleaseHandoffRequest(
            handoff_id=handoff.id, reason=reason, request_id=new_id()
        )
        await agent.handoffs.ReleaseHandoff(request, timeout=SECONDS)

    async def cancel(self, handoff: handoff_pb2.Handoff) -> None:
        request = handoff_service_pb2.CancelHandoffRequest(handoff_id=handoff.id, request_id=new_id())
        await self.operator.handoffs.CancelHandoff(request, timeout=SECONDS)

    async def write(
        self, client: Balie, conversation: resources.Conversation, text: str
    ) -> resources.Message:
        """Sends a message as a contact or an agent, and waits for nothing."""
        return (await steps.send(client, conversation.id, text, new_id())).message

    async def answered(
        self, handoff: handoff_pb2.Handoff, *, is_waiting: bool = False
    ) -> handoff_pb2.Handoff:
        """Returns a handoff once it knows who wrote last: the gateway tells that after the message is acknowledged."""
        async with asyncio.timeout(PATIENCE):
            while (now := await self.get(handoff)).contact_waits != is_waiting:
                await asyncio.sleep(0.05)
        return now

    async def hold(self, agent: Balie, handoff: handoff_pb2.Handoff) -> handoff_pb2.Handoff:
        """Puts a handoff on hold once it is known that its contact was answered."""
        await self.answered(handoff)
        request = handoff_service_pb2.HoldHandoffRequest(handoff_id=handoff.id, request_id=new_id())
        return (await agent.handoffs.HoldHandoff(request, timeout=SECONDS)).handoff

    async def turn(self, client: Balie, conversation: resources.Conversation, text: str) -> resources.Turn:
        """Says something as a contact and returns the turn when it has ended."""
        sent = await steps.send(client, conversation.id, text, new_id())
        return await steps.ended(self.operator, sent.turn_id)

    async def messages(self, conversation: resources.Conversation) -> list[resources.Message]:
        return list(await steps.messages(self.operator, conversation.id))

    async def told(self, conversation: resources.Conversation, *notices: str) -> list[resources.Message]:
        """Returns the messages once the contact was told all of this, in this order, whatever else."""
        async with asyncio.timeout(PATIENCE):
            while True:
                messages = await self.messages(conversation)
                told = iter(resources.Notice.Name(message.notice)[len("NOTICE_") :] for message in messages)
                if all(notice in told for notice in notices):
                    return messages
                await asyncio.sleep(0.1)

    async def conversation(self, conversation: resources.Conversation) -> resources.Conversation:
        request = door.GetConversationRequest(conversation_id=conversation.id)
        reply = await self.operator.conversations.GetConversation(request, timeout=SECONDS)
        return reply.conversation

    async def events(self, handoff: handoff_pb2.Handoff) -> list[handoff_pb2.HandoffEvent]:
        """Returns all that has happened to a handoff until now."""
        revision = (await self.get(handoff)).revision
        found: list[handoff_pb2.HandoffEvent] = []
        request = handoff_service_pb2.WatchHandoffsRequest()
        watch = self.operator.handoffs.WatchHandoffs(request, timeout=PATIENCE)
        async for reply in watch:
            if reply.event.handoff_id == handoff.id:
                found.append(reply.event)
                if reply.event.revision >= revision:
                    watch.cancel()
                    break
        return found

    async def close(self) -> None:
        """Leaves nobody online and nothing open, so that the next test's handoffs and people find one another alone."""
        for name in sorted(self.online):
            await self.presence(name, handoff_pb2.PRESENCE_OFFLINE)
        for handoff in await self.open_handoffs():
            if handoff.state in _HELD:
                request = handoff_service_pb2.ResolveHandoffRequest(
                    handoff_id=handoff.id, request_id=new_id()
                )
                await self.operator.handoffs.ResolveHandoff(request, timeout=SECONDS)
            else:
                await self.cancel(handoff)

    async def open_handoffs(self) -> list[handoff_pb2.Handoff]:
        request = handoff_service_pb2.ListHandoffsRequest(states=[*_WAITING, *_HELD], page_size=500)
        return list((await self.operator.handoffs.ListHandoffs(request, timeout=SECONDS)).handoffs)


@asynccontextmanager
async def at_desk(desk: RunningDesk) -> AsyncIterator[AtDesk]:
    async with AsyncExitStack() as stack:
        at = AtDesk(desk, await stack.enter_async_context(desk.client()), stack)
        try:
            yield at
        finally:
            await at.close()


async def refused(call: Any) -> str:
    """Returns why a call is refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error_of(error).reason
    raise AssertionError("the call was not refused")
