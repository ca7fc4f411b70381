"""The handoff service on a free port, its callers, and a gateway's part in a handoff."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import grpc

from balie.api.handoff.v1 import (
    agent_service_pb2,
    agent_service_pb2_grpc,
    calendar_service_pb2_grpc,
    canned_reply_service_pb2_grpc,
    figure_service_pb2_grpc,
    handoff_pb2,
    handoff_service_pb2,
    handoff_service_pb2_grpc,
    note_service_pb2_grpc,
    queue_service_pb2,
    queue_service_pb2_grpc,
    router_service_pb2_grpc,
    suggestion_service_pb2_grpc,
)
from balie.client import CallError, error_of
from balie.handoff.app import lifespan
from balie.handoff.settings import HandoffSettings
from balie.kit.ids import new_id
from balie.kit.server import Server
from balie.kit.testing import callers, serve

TIMEOUT = 30.0
SERVICE = callers.service("gateway")


@dataclass(frozen=True)
class Handoffs:
    """Calls to a running handoff service, in few words; by the local administrator where none is named."""

    channel: grpc.aio.Channel

    @staticmethod
    @asynccontextmanager
    async def to(address: str) -> AsyncIterator["Handoffs"]:
        """Calls a service in another process, once it listens."""
        async with grpc.aio.insecure_channel(address) as channel:
            await asyncio.wait_for(channel.channel_ready(), TIMEOUT)
            yield Handoffs(channel)

    @property
    def router(self) -> Any:
        return router_service_pb2_grpc.RouterServiceStub(self.channel)

    @property
    def handoffs(self) -> Any:
        return handoff_service_pb2_grpc.HandoffServiceStub(self.channel)

    @property
    def agents(self) -> Any:
        return agent_service_pb2_grpc.AgentServiceStub(self.channel)

    @property
    def queues(self) -> Any:
        return queue_service_pb2_grpc.QueueServiceStub(self.channel)

    @property
    def calendars(self) -> Any:
        return calendar_service_pb2_grpc.CalendarServiceStub(self.channel)

    @property
    def notes(self) -> Any:
        return note_service_pb2_grpc.NoteServiceStub(self.channel)

    @property
    def canned_replies(self) -> Any:
        return canned_reply_service_pb2_grpc.CannedReplyServiceStub(self.channel)

    @property
    def figures(self) -> Any:
        return figure_service_pb2_grpc.FigureServiceStub(self.channel)

    @property
    def suggestions(self) -> Any:
        return suggestion_service_pb2_grpc.SuggestionServiceStub(self.channel)

    async def queue(
        self, name: str = "desk", *, max_wait: float = 600, offer: float = 30, calendar: str = ""
    ) -> handoff_pb2.Queue:
        queue = handoff_pb2.Queue(id=name, display_name=name.title(), calendar_id=calendar)
        queue.max_wait.FromNanoseconds(round(max_wait * 1e9))
        queue.offer_timeout.FromNanoseconds(round(offer * 1e9))
        request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
        return (await self.queues.UpsertQueue(request, timeout=TIMEOUT)).queue

    async def agent(
        self, name: str, *, chats: int = 1, queues: tuple[str, ...] = ("desk",), online: bool = True
    ) -> handoff_pb2.Agent:
        agent = handoff_pb2.Agent(id=name, display_name=name.title(), queue_ids=queues, max_chats=chats)
        request = agent_service_pb2.UpsertAgentRequest(agent=agent, request_id=new_id())
        made = (await self.agents.UpsertAgent(request, timeout=TIMEOUT)).agent
        return await self.presence(name, handoff_pb2.PRESENCE_ONLINE) if online else made

    async def presence(self, name: str, presence: int) -> handoff_pb2.Agent:
        request = agent_service_pb2.SetPresenceRequest(agent_id=name, presence=presence, request_id=new_id())  # type: ignore[arg-type]
        return (await self.agents.SetPresence(request, timeout=TIMEOUT)).agent

    async def ask(
        self, conversation: str = "talk", *, queue: str = "desk", **more: Any
    ) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.RequestHandoffRequest(
            conversation_id=conversation,
            contact_id="anna",
            channel="web",
            language="nl",
            queue_id=queue,
            request_id=new_id(),
            **more,
        )
        return (await self.handoffs.RequestHandoff(request, timeout=TIMEOUT)).handoff

    async def get(self, handoff_id: str) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.GetHandoffRequest(handoff_id=handoff_id)
        return (await self.handoffs.GetHandoff(request, timeout=TIMEOUT)).handoff

    async def accept(self, handoff_id: str, agent: str, *, request_id: str = "") -> handoff_pb2.Handoff:
        request = handoff_service_pb2.AcceptHandoffRequest(
            handoff_id=handoff_id, agent_id=agent, request_id=request_id or new_id()
        )
        return (await self.handoffs.AcceptHandoff(request, timeout=TIMEOUT)).handoff

    async def confirm(self, handoff_id: str, epoch: int) -> handoff_pb2.Handoff:
        request = handoff_service_pb2.ConfirmOwnerRequest(handoff_id=handoff_id, owner_epoch=epoch)
        return (await self.handoffs.ConfirmOwner(request, timeout=TIMEOUT, metadata=SERVICE)).handoff

    async def until(self, handoff_id: str, state: int) -> handoff_pb2.Handoff:
        """Returns the handoff once it is in a state."""
        async with asyncio.timeout(TIMEOUT):
            while (handoff := await self.get(handoff_id)).state != state:
                await asyncio.sleep(0.02)
        return handoff

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator["Gateway"]:
        """Runs a gateway's part: follows the handoffs and confirms each owner that follows."""
        gateway = Gateway(self)
        task = asyncio.create_task(gateway.follow())
        try:
            yield gateway
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@dataclass(frozen=True)
class Served(Handoffs):
    """A service in this process."""

    server: Server


class Gateway:
    """Follows handoffs as the gateway does: one owner and one rising epoch for each conversation."""

    def __init__(self, at: Handoffs) -> None:
        self._at = at
        self.owners: dict[str, str] = {}
        self.epochs: dict[str, int] = {}

    async def follow(self, cursor: str = "") -> None:
        request = handoff_service_pb2.WatchHandoffsRequest(cursor=cursor)
        async for response in self._at.handoffs.WatchHandoffs(request, metadata=SERVICE):
            event = response.event
            if event.kind == handoff_pb2.HANDOFF_EVENT_KIND_RESERVED:
                await self._own(event, event.agent_id)
            elif event.kind in (
                handoff_pb2.HANDOFF_EVENT_KIND_RELEASED,
                handoff_pb2.HANDOFF_EVENT_KIND_RESOLVED,
            ):
                await self._own(event, "bot")

    async def _own(self, event: handoff_pb2.HandoffEvent, owner: str) -> None:
        talk = event.conversation_id
        self.owners[talk] = owner
        self.epochs[talk] = self.epochs.get(talk, 1) + 1
        await self._at.confirm(event.handoff_id, self.epochs[talk])


def settings(url: str, **more: Any) -> HandoffSettings:
    usual = {"sweep_seconds": 0.1, "poll_seconds": 0.05, "confirm_wait_seconds": 20, "grace_seconds": 2}
    return HandoffSettings(listen="127.0.0.1:0", database_url=url, **(usual | more))


@asynccontextmanager
async def served(url: str, **more: Any) -> AsyncIterator[Served]:
    """Runs the service as production does."""
    given = settings(url, **more)
    async with serve(lifespan(given), settings=given) as running:
        yield Served(running.channel, running.server)


async def refusal(call: Any) -> CallError:
    """Returns why a call or a stream was refused."""
    try:
        if hasattr(call, "__aiter__") and not hasattr(call, "__await__"):
            async for _ in call:
                pass
        else:
            await call
    except grpc.RpcError as error:
        return error_of(error)
    raise AssertionError("the call was not refused")
