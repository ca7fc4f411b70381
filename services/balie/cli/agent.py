"""A desk for a person, in a terminal: offers, conversations with suggested answers, replies, and the way back to the bot."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import grpc
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.patch_stdout import patch_stdout
from rich.table import Table

from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import (
    agent_service_pb2 as work,
)
from balie.api.handoff.v1 import (
    handoff_pb2,
)
from balie.api.handoff.v1 import (
    handoff_service_pb2 as handoffs,
)
from balie.cli.chats import Chat, Chats
from balie.cli.console import console, explain_failure
from balie.client import Balie, error_of
from balie.kit.ids import new_id

_CALL_SECONDS = 15.0
_COMMANDS = {
    "/accept": "take the offer (or `/accept 2`, its number)",
    "/reject": "turn the offer down",
    "/chats": "list offers and chats",
    "/go": "`/go 2`: speak in chat 2",
    "/use": "`/use 1`: send suggested answer 1",
    "/release": "give the chat back to the bot",
    "/resolve": "end the chat as solved",
    "/away": "take no new chats",
    "/online": "take chats again",
    "/help": "show this",
    "/quit": "go home; chats stay yours",
}


async def run_desk(gateway: str, handoff: str, agent: str) -> None:
    """Works as an agent until the input ends."""
    async with Balie(gateway=gateway, handoff=handoff, act_as=f"agent:{agent}") as client:
        desk = _Desk(client, agent)
        try:
            await desk.run()
        except grpc.RpcError as error:
            explain_failure(error, f"{gateway} or {handoff}")


class _Desk:
    """Joins the agent's stream, their chats and what they type."""

    def __init__(self, client: Balie, agent: str) -> None:
        self._client = client
        self._agent = agent
        self._chats = Chats(client, agent)
        self._outbox: asyncio.Queue[work.WorkRequest | None] = asyncio.Queue()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        await self._outbox.put(work.WorkRequest(open=work.WorkOpen(agent_id=self._agent)))
        with patch_stdout(raw=True):
            listening = asyncio.create_task(self._listen())
            typing = asyncio.create_task(self._type())
            try:
                await asyncio.wait([listening, typing], return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    listening.result()
            finally:
                for task in (listening, typing):
                    task.cancel()
                    with suppress(asyncio.CancelledError, grpc.RpcError):
                        await task
                await self._chats.close()

    async def _listen(self) -> None:
        async for reply in self._client.agents.Work(self._commands()):
            match reply.WhichOneof("message"):
                case "ready":
                    name = reply.ready.agent.display_name
                    console.print(f"You are {name}. /help shows what you can do.", style="dim")
                    self._ready.set()
                    await self._be(handoff_pb2.PRESENCE_ONLINE)
                case "handoff":
                    await self._chats.follow(reply.handoff)
                case "result" if reply.result.refused_reason:
                    console.print(f"refused: {reply.result.refused_message}", style="red")
                case _:
                    pass

    async def _commands(self) -> AsyncIterator[work.WorkRequest]:
        while (command := await self._outbox.get()) is not None:
            yield command

    async def _type(self) -> None:
        await self._ready.wait()
        async for line in _lines():
            word, _, rest = line.partition(" ")
            if word == "/quit":
                break
            try:
                await self._do(word, rest.strip(), line)
            except grpc.RpcError as error:
                console.print(f"refused: {error_of(error).message}", style="red")
        await self._be(handoff_pb2.PRESENCE_OFFLINE)
        await self._outbox.put(None)

    async def _do(self, word: str, rest: str, line: str) -> None:
        simple: dict[str, Callable[[], Awaitable[None]]] = {
            "/chats": self._list,
            "/help": self._help,
            "/away": lambda: self._be(handoff_pb2.PRESENCE_AWAY),
            "/online": lambda: self._be(handoff_pb2.PRESENCE_ONLINE),
        }
        if action := simple.get(word):
            await action()
        elif word in ("/accept", "/reject"):
            await self._answer_offer(word, rest)
        elif word in ("/release", "/resolve"):
            await self._end(word)
        elif word == "/go":
            await self._chats.go(rest)
        elif word == "/use":
            await self._say(self._chats.suggestion(rest))
        elif word.startswith("/"):
            console.print(f"{word} is no command; /help lists them", style="yellow")
        else:
            await self._say(line)

    async def _answer_offer(self, word: str, rest: str) -> None:
        offer = self._chats.offer(rest)
        if offer is None:
            console.print("there is no such offer; /chats lists them", style="yellow")
            return
        names = {"handoff_id": offer.handoff.id, "agent_id": self._agent, "request_id": new_id()}
        if word == "/accept":
            await self._outbox.put(work.WorkRequest(accept=handoffs.AcceptHandoffRequest(**names)))
        else:
            await self._outbox.put(work.WorkRequest(reject=handoffs.RejectOfferRequest(**names)))

    async def _end(self, word: str) -> None:
        chat = self._current()
        if chat is None:
            return
        handoff_id, request_id = chat.handoff.id, new_id()
        if word == "/release":
            release = handoffs.ReleaseHandoffRequest(handoff_id=handoff_id, request_id=request_id)
            await self._outbox.put(work.WorkRequest(release=release))
        else:
            resolve = handoffs.ResolveHandoffRequest(handoff_id=handoff_id, request_id=request_id)
            await self._outbox.put(work.WorkRequest(resolve=resolve))

    async def _say(self, text: str) -> None:
        chat = self._current()
        if chat is None or not text:
            return
        request = door.SendMessageRequest(
            conversation_id=chat.handoff.conversation_id, text=text, request_id=new_id()
        )
        await self._client.conversations.SendMessage(request, timeout=_CALL_SECONDS)

    def _current(self) -> Chat | None:
        chat = self._chats.current
        if chat is None:
            console.print("you have no chat; /accept an offer first", style="yellow")
        return chat

    async def _list(self) -> None:
        console.print(self._chats.table())

    async def _help(self) -> None:
        table = Table(box=None, show_header=False, padding=(0, 2))
        for word, meaning in _COMMANDS.items():
            table.add_row(word, meaning)
        table.add_row("anything else", "is sent to the customer")
        console.print(table)

    async def _be(self, presence: "handoff_pb2.Presence.ValueType") -> None:
        request = work.SetPresenceRequest(agent_id=self._agent, presence=presence, request_id=new_id())
        await self._outbox.put(work.WorkRequest(set_presence=request))


async def _lines() -> AsyncIterator[str]:
    """Yields what is typed, or each line of a pipe, without blank ones."""
    if sys.stdin.isatty():
        session: PromptSession[str] = PromptSession(
            HTML("<b>      desk</b>  "), completer=WordCompleter(list(_COMMANDS), sentence=True)
        )
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                if line := (await session.prompt_async()).strip():
                    yield line
        return
    while raw := await asyncio.to_thread(sys.stdin.readline):
        if raw.strip():
            yield raw.strip()
