"""A gateway with fake neighbours: real servers on real ports, the gateway by its own composition root."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from tests.fakes.fake_faq import FakeFaq
from tests.fakes.fake_handoff import FakeHandoff
from tests.fakes.fake_nlu import FakeNlu

from balie.api.gateway.v1 import conversation_pb2, conversation_service_pb2_grpc
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.gateway.app import lifespan
from balie.gateway.settings import GatewaySettings
from balie.kit.testing import callers, serve

FOLLOW_UPS = """
version: 1
queues_default: service
intents:
  greeting: {reply: greeting}
  opening_hours: {faq_entry: hours}
  complaint: {queue: complaints}
  small_talk: {nothing: true}
replies:
  greeting: {nl: Hallo!, de: Guten Tag!, en: Hello!}
"""
WAIT_SECONDS = 30.0
ENDED = (conversation_pb2.TURN_STATE_DONE, conversation_pb2.TURN_STATE_SUPERSEDED)


class Neighbour:
    """A fake service on a port of its own, which can go away and come back."""

    def __init__(self, servicer: Any) -> None:
        self.servicer = servicer
        self.address = "127.0.0.1:0"
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Listens, on the same port as before."""
        self._server = grpc.aio.server()
        self.servicer.add(self._server)
        port = self._server.add_insecure_port(self.address)
        self.address = f"127.0.0.1:{port}"
        await self._server.start()

    async def stop(self) -> None:
        """Goes away at once, with every call in flight."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


@dataclass
class Neighbours:
    """What the gateway calls."""

    nlu: FakeNlu = field(default_factory=FakeNlu)
    faq: FakeFaq = field(default_factory=FakeFaq)
    handoff: FakeHandoff = field(default_factory=FakeHandoff)

    def __post_init__(self) -> None:
        self.nlu_server = Neighbour(self.nlu)
        self.faq_server = Neighbour(self.faq)
        self.handoff_server = Neighbour(self.handoff)
        self.all = (self.nlu_server, self.faq_server, self.handoff_server)


@asynccontextmanager
async def neighbourhood() -> AsyncIterator[Neighbours]:
    """Runs the three fakes; the FAQ knows opening hours and prices."""
    neighbours = Neighbours()
    neighbours.faq.entries = {
        "hours": ("Wanneer zijn jullie open?", "Elke dag van 9 tot 17 uur."),
        "price": ("Wat kost een kaartje?", "Een kaartje kost 29 euro."),
        "dogs": ("Mag mijn hond mee?", "Ja, aan de lijn."),
    }
    neighbours.faq.finds = {"hoe laat open": [("hours", 0.95), ("price", 0.4)]}
    async with AsyncExitStack() as stack:
        for neighbour in neighbours.all:
            await neighbour.start()
            stack.push_async_callback(neighbour.stop)
        yield neighbours


def settings_for(neighbours: Neighbours, database_url: str, folder: Path, **changes: Any) -> GatewaySettings:
    """Returns settings of a gateway among these neighbours, in a hurry."""
    follow_ups = folder / "follow_ups.yaml"
    follow_ups.write_text(FOLLOW_UPS)
    chosen: dict[str, Any] = {
        "listen": "127.0.0.1:0",
        "database_url": database_url,
        "nlu_address": neighbours.nlu_server.address,
        "faq_address": neighbours.faq_server.address,
        "handoff_address": neighbours.handoff_server.address,
        "faq_collection": "waddenveer",
        "follow_ups_file": follow_ups,
        "poll_seconds": 0.05,
        "retry_seconds": 0.05,
        "longest_retry_seconds": 0.2,
        "delay_notice_seconds": 0.2,
        "grace_seconds": 2,
        "default_deadline_seconds": WAIT_SECONDS,
    }
    return GatewaySettings(**(chosen | changes))


class Desk:
    """A running gateway, and what a test does with it."""

    def __init__(self, address: str, channel: grpc.aio.Channel, neighbours: Neighbours) -> None:
        self.address = address
        self.neighbours = neighbours
        self.stub: Any = conversation_service_pb2_grpc.ConversationServiceStub(channel)

    async def create(self, contact: str = "anna", *, language: str = "nl", tenant: str | None = None) -> Any:
        """Returns a new conversation of a contact."""
        request = door.CreateConversationRequest(
            contact_id=contact, channel="web", language=language, request_id=uuid4().hex
        )
        metadata = callers.contact(contact, tenant=tenant)
        answer = await self.stub.CreateConversation(request, metadata=metadata, timeout=WAIT_SECONDS)
        return answer.conversation

    async def say(
        self,
        conversation: Any,
        text: str,
        *,
        wait: float | None = 20,
        request_id: str = "",
        tenant: str | None = None,
        **fields: Any,
    ) -> Any:
        """Returns the answer to a message of the conversation's contact."""
        request = door.SendMessageRequest(
            conversation_id=conversation.id, text=text, request_id=request_id or uuid4().hex, **fields
        )
        if wait is not None:
            request.wait_for_reply.FromNanoseconds(int(wait * 1e9))
        metadata = callers.contact(conversation.contact_id, tenant=tenant)
        return await self.stub.SendMessage(request, metadata=metadata, timeout=WAIT_SECONDS)

    async def say_as_agent(self, conversation: Any, agent: str, text: str, *, request_id: str = "") -> Any:
        """Returns the answer to a message of an agent."""
        request = door.SendMessageRequest(
            conversation_id=conversation.id, text=text, request_id=request_id or uuid4().hex
        )
        return await self.stub.SendMessage(request, metadata=callers.agent(agent), timeout=WAIT_SECONDS)

    async def get(self, conversation: Any) -> Any:
        """Returns the conversation as it is."""
        request = door.GetConversationRequest(conversation_id=conversation.id)
        return (await self.stub.GetConversation(request, timeout=WAIT_SECONDS)).conversation

    async def turn(self, turn_id: str) -> Any:
        """Returns a turn's record."""
        return (await self.stub.GetTurn(door.GetTurnRequest(turn_id=turn_id), timeout=WAIT_SECONDS)).turn

    async def ended_turn(self, turn_id: str) -> Any:
        """Returns a turn's record once it has ended."""

        async def ended() -> Any:
            turn = await self.turn(turn_id)
            return turn if turn.state in ENDED else None

        return await until(ended)

    async def messages(self, conversation: Any) -> list[Any]:
        """Returns all messages of a conversation."""
        request = door.ListMessagesRequest(conversation_id=conversation.id, page_size=500)
        return list((await self.stub.ListMessages(request, timeout=WAIT_SECONDS)).messages)

    async def close(self, conversation: Any, *, request_id: str = "") -> Any:
        """Returns the conversation after it was closed."""
        request = door.CloseConversationRequest(
            conversation_id=conversation.id, request_id=request_id or uuid4().hex
        )
        return (await self.stub.CloseConversation(request, timeout=WAIT_SECONDS)).conversation


@asynccontextmanager
async def gateway(settings: GatewaySettings, neighbours: Neighbours) -> AsyncIterator[Desk]:
    """Runs a gateway."""
    async with serve(lifespan(settings), settings=settings) as served:
        yield Desk(served.address, served.channel, neighbours)


async def until(look: Callable[[], Awaitable[Any]], seconds: float = WAIT_SECONDS) -> Any:
    """Returns what is looked for once it is there."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.01)
    return found
