"""The chats at a person's desk: what is offered, what is theirs, what was said, and which answers are suggested."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import grpc
from rich.table import Table

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.cli import talk
from balie.cli.console import console, draw, note
from balie.client import Balie

_OFFERED = handoff_pb2.HANDOFF_STATE_OFFERED
_MINE = (handoff_pb2.HANDOFF_STATE_RESERVED, handoff_pb2.HANDOFF_STATE_ACCEPTED)
_SUGGESTED = 3


@dataclass
class Chat:
    """One handoff at the desk."""

    number: int
    handoff: handoff_pb2.Handoff
    watch: asyncio.Task[None] | None = None
    suggestions: list[str] = field(default_factory=list)


class Chats:
    """Keeps an agent's offers and chats as their stream tells, and shows what is said in them."""

    def __init__(self, client: Balie, agent: str) -> None:
        self._client = client
        self._agent = agent
        self._chats: dict[str, Chat] = {}
        self._numbers = 0
        self.current: Chat | None = None

    async def follow(self, handoff: handoff_pb2.Handoff) -> None:
        """Takes in a handoff as it is now."""
        chat = self._chats.get(handoff.id)
        theirs = handoff.agent_id == self._agent and handoff.state in (_OFFERED, *_MINE)
        if not theirs:
            if chat is not None:
                await self._leave(chat, handoff)
            return
        if chat is None:
            self._numbers += 1
            chat = self._chats[handoff.id] = Chat(self._numbers, handoff)
        before, chat.handoff = chat.handoff.state, handoff
        if handoff.state == _OFFERED:
            why = ", ".join(
                handoff_pb2.ReasonCode.Name(r.code).removeprefix("REASON_CODE_").lower()
                for r in handoff.reasons
            )
            console.print(
                f"offer {chat.number}: {handoff.contact_id} in {handoff.queue_id}, {handoff.language}, because {why}"
                "; /accept or /reject",
                style="bold yellow",
            )
        elif handoff.state == handoff_pb2.HANDOFF_STATE_ACCEPTED and chat.watch is None:
            self.current = chat
            console.print(f"chat {chat.number} with {handoff.contact_id} is yours", style="bold green")
            chat.watch = asyncio.create_task(self._watch(chat), name=f"chat {chat.number}")
        elif before != handoff.state:
            console.print(f"chat {chat.number}: one moment", style="dim")

    def offer(self, number: str) -> Chat | None:
        """Returns the offer with a number, the oldest when there is none given, nothing when there is no such offer."""
        offers = [chat for chat in self._chats.values() if chat.handoff.state == _OFFERED]
        if number:
            return next((chat for chat in offers if str(chat.number) == number), None)
        return offers[0] if offers else None

    def suggestion(self, number: str) -> str:
        """Returns a suggested answer of the chat that is open; empty, with a word on it, when there is none."""
        suggestions = self.current.suggestions if self.current else []
        if number.isdecimal() and 1 <= int(number) <= len(suggestions):
            return suggestions[int(number) - 1]
        console.print("there is no such suggestion", style="yellow")
        return ""

    async def go(self, number: str) -> None:
        """Makes another chat the one that is spoken in."""
        found = next((chat for chat in self._chats.values() if str(chat.number) == number), None)
        if found is None or found.handoff.state != handoff_pb2.HANDOFF_STATE_ACCEPTED:
            console.print("there is no such chat; /chats lists them", style="yellow")
            return
        self.current = found
        console.print(f"you speak with {found.handoff.contact_id}", style="green")

    def table(self) -> Table:
        """Returns offers and chats as a table."""
        table = Table(box=None, header_style="dim", padding=(0, 2))
        for column in ("", "number", "contact", "language", "queue", "state"):
            table.add_column(column)
        for chat in self._chats.values():
            state = handoff_pb2.HandoffState.Name(chat.handoff.state).removeprefix("HANDOFF_STATE_").lower()
            here = "▸" if chat is self.current else ""
            row = (
                here,
                str(chat.number),
                chat.handoff.contact_id,
                chat.handoff.language,
                chat.handoff.queue_id,
                state,
            )
            table.add_row(*row)
        return table

    async def close(self) -> None:
        """Stops watching."""
        for chat in self._chats.values():
            await _stop(chat)

    async def _leave(self, chat: Chat, handoff: handoff_pb2.Handoff) -> None:
        state = (
            handoff_pb2.HandoffState.Name(handoff.state)
            .removeprefix("HANDOFF_STATE_")
            .lower()
            .replace("_", " ")
        )
        console.print(
            f"{'offer' if chat.watch is None else 'chat'} {chat.number} is no longer yours: {state}",
            style="dim",
        )
        await _stop(chat)
        del self._chats[handoff.id]
        if self.current is chat:
            self.current = next((other for other in self._chats.values() if other.watch), None)

    async def _watch(self, chat: Chat) -> None:
        """Shows all that is said in a chat, from its beginning, and what the desk would answer."""
        request = door.WatchConversationRequest(conversation_id=chat.handoff.conversation_id)
        async for reply in self._client.conversations.WatchConversation(request):
            event = reply.event
            if event.WhichOneof("event") == "message":
                several = f"{chat.number} " if len(self._chats) > 1 else ""
                console.print(draw(event.message, chat=several))
            elif (
                event.WhichOneof("event") == "turn_changed"
                and event.turn_changed.state == resources.TURN_STATE_DONE
            ):
                await self._suggest(chat, event.turn_changed.turn_id)

    async def _suggest(self, chat: Chat, turn_id: str) -> None:
        turn = await talk.turn(self._client, turn_id)
        if turn.owner_epoch != chat.handoff.owner_epoch and chat.suggestions:
            return
        found = [answer.answer for answer in turn.answers if answer.above_threshold]
        chat.suggestions = list(dict.fromkeys([*turn.suggestions, *found]))[:_SUGGESTED]
        for number, text in enumerate(chat.suggestions, start=1):
            console.print(note(f"suggestion {number}: {text}", style="dim cyan"))


async def _stop(chat: Chat) -> None:
    if chat.watch is not None:
        chat.watch.cancel()
        with suppress(asyncio.CancelledError, grpc.RpcError):
            await chat.watch
