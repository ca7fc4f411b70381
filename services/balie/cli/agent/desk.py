"""What goes on at an agent's desk: offers that come and go, chats that begin and end, and who else and what else is there."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime

import grpc

from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import handoff_service_pb2 as handoffs
from balie.cli.agent import screen
from balie.cli.agent.briefs import Brief, read_brief
from balie.cli.agent.chats import OFFERED, ON_HOLD, Chat, Chats
from balie.cli.agent.stream import stopped
from balie.cli.agent.watching import Watching, suggest
from balie.cli.console import console, printable
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie

_HOLD_WEIGHT = 0.2


class AgentDesk:
    """Keeps an agent's offers and chats as their stream tells, and shows what happens to them.

    Args:
        client: calls gateway and handoff.
        agent: the agent's id.
    """

    def __init__(self, client: Balie, agent: str) -> None:
        self._client = client
        self._watching = Watching(client, agent)
        self._briefings: set[asyncio.Task[None]] = set()
        self.chats = Chats(agent)
        self.agent = handoff_pb2.Agent(id=agent)
        self.is_broken_off = False
        self.passed_on: set[str] = set()
        """Handoffs that the agent themselves is passing on or ending."""

    @property
    def load(self) -> float:
        """Returns what the chats weigh."""
        return self.chats.load(self.agent.hold_weight if self.agent.HasField("hold_weight") else _HOLD_WEIGHT)

    async def opened(self, agent: handoff_pb2.Agent, handoff_ids: frozenset[str]) -> None:
        """Takes in the agent, and what went from the desk while the stream was broken off."""
        self.agent = agent
        self.is_broken_off = False
        for chat in self.chats:
            if chat.handoff.id not in handoff_ids:
                request = handoffs.GetHandoffRequest(handoff_id=chat.handoff.id)
                found = await self._client.handoffs.GetHandoff(request, timeout=CALL_SECONDS)
                await self.told(found.handoff)

    async def broke_off(self) -> None:
        """Says that the desk is away."""
        self.is_broken_off = True
        console.print("the desk does not answer; trying again", style="yellow")

    async def told(self, handoff: handoff_pb2.Handoff) -> None:
        """Takes in a handoff as it is now."""
        chat = self.chats.get(handoff.id)
        if chat is not None and handoff.revision < chat.handoff.revision:
            return
        if not self.chats.is_theirs(handoff):
            if chat is not None:
                await self._leave(chat, handoff)
            return
        before = chat.state if chat else None
        chat = self.chats.put(handoff)
        if chat.state == OFFERED and before != OFFERED:
            self._begin(self._announce(chat))
        elif chat.is_open and chat.watch is None:
            self._enter(chat)
        elif chat.state == ON_HOLD != before:
            console.print(screen.remark(chat, "on hold: the customer's next words end it"))

    async def entered(self, chat: Chat) -> None:
        """Returns when what was said before in a chat has been shown."""
        if chat.watch is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(chat.ready.wait(), CALL_SECONDS)

    async def brief(self, chat: Chat) -> Brief:
        """Returns what the agent needs first of a chat; without what the gateway does not tell now."""
        try:
            brief = await read_brief(self._client, chat.handoff)
        except grpc.RpcError:
            return Brief()
        chat.name = brief.name
        return brief

    async def close(self) -> None:
        """Stops following the chats."""
        watching = [chat.watch for chat in self.chats if chat.watch is not None]
        await stopped([*watching, *self._briefings])

    async def _announce(self, chat: Chat) -> None:
        brief = await self.brief(chat)
        if chat.state == OFFERED and self.chats.get(chat.handoff.id) is chat:
            if sys.stdin.isatty():
                console.bell()
            console.print(screen.offer(chat, brief, datetime.now(UTC)))

    def _enter(self, chat: Chat) -> None:
        if self.chats.current is None:
            self.chats.current = chat
        chat.watch = asyncio.create_task(self._follow(chat), name=f"chat {chat.number}")

    async def _follow(self, chat: Chat) -> None:
        brief = await self.brief(chat)
        console.print(screen.remark(chat, f"the chat with {chat.contact} is yours", style="bold green"))
        watching = asyncio.create_task(self._watching.watch(chat))
        try:
            await chat.seen.wait()
            if not chat.has_spoken:
                suggest(chat, brief.suggestions)
            chat.ready.set()
            await watching
        finally:
            chat.ready.set()
            await stopped([watching])

    async def _leave(self, chat: Chat, handoff: handoff_pb2.Handoff) -> None:
        was_open, was_current = chat.watch is not None, chat is self.chats.current
        self.chats.drop(chat)
        if chat.watch is not None:
            await stopped([chat.watch])
        own = handoff.id in self.passed_on
        self.passed_on.discard(handoff.id)
        console.print(screen.remark(chat, _went(chat, handoff, was_open=was_open)))
        if not own and handoff.state in (handoff_pb2.HANDOFF_STATE_QUEUED, OFFERED) and was_open:
            await self._look_at_presence(chat)
        if was_current and (where := self.chats.current) is not None:
            console.print(screen.remark(where, f"you speak with {where.contact}", style="green"))

    async def _look_at_presence(self, chat: Chat) -> None:
        """Tells an agent who is away now because they let a contact wait."""
        request = work.GetAgentRequest(agent_id=self.agent.id)
        agent = (await self._client.agents.GetAgent(request, timeout=CALL_SECONDS)).agent
        if agent.presence == handoff_pb2.PRESENCE_AWAY != self.agent.presence:
            words = f"{printable(chat.contact)} waited too long for words of yours, and you are away now."
            screen.advise(words, "/online takes chats again.")
        self.agent = agent

    def _begin(self, telling: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(telling)
        self._briefings.add(task)
        task.add_done_callback(self._briefings.discard)


def _went(chat: Chat, handoff: handoff_pb2.Handoff, *, was_open: bool) -> str:
    """Returns what became of a handoff that is no longer the agent's, in words."""
    who = chat.contact
    if not was_open:
        return f"the offer of {who} is no longer yours"
    match handoff.state:
        case handoff_pb2.HANDOFF_STATE_RELEASED if handoff.release_reason == handoff_pb2.RELEASE_REASON_IDLE:
            return f"{who} was silent for so long that the bot has the chat again"
        case handoff_pb2.HANDOFF_STATE_RELEASED:
            return f"{who} is with the bot again"
        case handoff_pb2.HANDOFF_STATE_RESOLVED:
            return f"the chat with {who} has ended: {handoff.outcome}"
        case _:
            return f"{who} waits for somebody else in {handoff.queue_id}"
