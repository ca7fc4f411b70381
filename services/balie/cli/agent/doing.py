"""Does what an agent types: each command in a method of its own, and what is wrong with one is said with what to do next."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import grpc

from balie.api.handoff.v1 import agent_service_pb2 as work
from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import handoff_service_pb2 as handoffs
from balie.cli.agent import screen
from balie.cli.agent.chats import OFFERED, Chat
from balie.cli.agent.commands import Line, nearest, read_line
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.hand import Hand
from balie.cli.agent.refusals import in_words
from balie.cli.agent.screen import advise
from balie.cli.agent.speaking import Speaking
from balie.cli.agent.stream import Refused, Stream
from balie.cli.console import console

_RELEASES = {
    "": handoff_pb2.RELEASE_REASON_UNSPECIFIED,
    "new": handoff_pb2.RELEASE_REASON_NEW_TOPIC,
    "resume": handoff_pb2.RELEASE_REASON_RESUME,
    "survey": handoff_pb2.RELEASE_REASON_SURVEY,
}
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.05
_HOLD_TRIES = 10
_HOLD_PAUSE_SECONDS = 0.2

Action = Callable[[Chat, str], Awaitable[None]]


class Doing:
    """Does commands.

    Args:
        desk: the agent's desk.
        stream: takes commands.
        hand: what is at hand.
        speaking: what is said in chats.
    """

    def __init__(self, desk: AgentDesk, stream: Stream, hand: Hand, speaking: Speaking) -> None:
        self._desk, self._stream, self._hand = desk, stream, hand
        self._plain: dict[str, Callable[[str], Awaitable[None]]] = {
            "/accept": self._accept,
            "/reject": self._reject,
            "/brief": self._brief,
            "/chats": self._list,
            "/go": self._go,
            "/help": self._help,
            "/away": lambda _: self.be(handoff_pb2.PRESENCE_AWAY),
            "/online": lambda _: self.be(handoff_pb2.PRESENCE_ONLINE),
            "/wait": self._wait,
        }
        self._in_chat: dict[str, Action] = {
            "": speaking.say,
            "/use": speaking.use,
            "/edit": speaking.edit,
            "/c": speaking.canned,
            "/canned": speaking.list_canned,
            "/note": speaking.note,
            "/notes": speaking.notes,
            "/hold": self._hold,
            "/resume": self._resume,
            "/transfer": self._transfer,
            "/release": self._release,
            "/resolve": self._resolve,
        }

    async def do(self, typed: str) -> bool:
        """Does a line; returns whether it was the last one."""
        line = read_line(typed)
        if line.command == "/quit":
            return True
        try:
            await self._do(line)
        except (Refused, grpc.RpcError) as error:
            hand = self._hand
            advise(*in_words(error, line.command, queue_ids=hand.queue_ids, agent_ids=hand.agent_ids))
        return False

    async def be(self, presence: "handoff_pb2.Presence.ValueType") -> None:
        """Says whether the agent takes chats."""
        result = await self._stream.ask(set_presence=work.SetPresenceRequest(presence=presence))
        self._desk.agent = result.agent
        name = screen.presence_word(presence)
        console.print(f"you are {name}, with {len(self._desk.chats.open())} chats", style="dim")

    async def _do(self, line: Line) -> None:
        if plain := self._plain.get(line.command):
            await plain(line.rest or (str(line.chat) if line.chat else ""))
        elif action := self._in_chat.get(line.command):
            chat = self._meant(line.chat)
            if chat is not None:
                await action(chat, line.rest)
        else:
            near = nearest(line.command)
            advise(
                f"{line.command} is no command.",
                f"Is it {near}? /help lists all." if near else "/help lists all.",
            )

    def _meant(self, number: int | None) -> Chat | None:
        """Returns the chat that is meant; says so when there is none."""
        chats = self._desk.chats
        chat = chats.current if number is None else chats.numbered(number)
        if chat is not None and chat.is_open:
            return chat
        if chat is not None and chat.state == OFFERED:
            advise(f"{chat.number} is an offer.", f"/accept {chat.number} takes it.")
        elif number is not None:
            advise(f"There is no chat {number}.", _named("Yours are", chats.open()))
        elif chats.offers():
            advise("You have no chat.", "/accept takes the oldest offer.")
        else:
            advise("You have no chat.", "An offer comes when a customer asks for a person.")
        return None

    def _offer(self, rest: str) -> Chat | None:
        offers = self._desk.chats.offers()
        found = offers[0] if offers and not rest else None
        if rest:
            found = next((chat for chat in offers if str(chat.number) == rest), None)
        if found is None:
            then = _named("There are", offers) if offers else "One is shown here when it comes."
            advise("There is no such offer.", then)
        return found

    async def _accept(self, rest: str) -> None:
        chat = self._offer(rest)
        if chat is None:
            return
        request = handoffs.AcceptHandoffRequest(handoff_id=chat.handoff.id)
        result = await self._stream.ask(accept=request)
        await self._desk.told(result.handoff)
        await self._desk.entered(chat)
        self._desk.chats.current = chat

    async def _reject(self, rest: str) -> None:
        if chat := self._offer(rest):
            await self._stream.ask(reject=handoffs.RejectOfferRequest(handoff_id=chat.handoff.id))

    async def _brief(self, rest: str) -> None:
        chats = self._desk.chats
        chat = chats.numbered(int(rest)) if rest.isdecimal() else chats.current or next(iter(chats), None)
        if chat is None:
            advise("There is nothing of that number.", _named("There are", list(chats)))
            return
        console.print(screen.briefing(chat, await self._desk.brief(chat), datetime.now(UTC)))

    async def _list(self, _: str) -> None:
        desk = self._desk
        presence = screen.presence_word(desk.agent.presence)
        console.print(f"{presence}, load {desk.load:g} of {desk.agent.max_chats}", style="dim")
        if desk.chats:
            console.print(screen.overview(desk.chats, desk.chats.current, datetime.now(UTC)))

    async def _go(self, rest: str) -> None:
        chat = self._meant(int(rest)) if rest.isdecimal() else None
        if chat is not None:
            self._desk.chats.current = chat
            console.print(screen.remark(chat, f"you speak with {chat.contact}", style="green"))
        elif not rest.isdecimal():
            advise("/go takes a chat's number.", _named("Yours are", self._desk.chats.open()))

    async def _help(self, _: str) -> None:
        console.print(screen.help_table())

    async def _hold(self, chat: Chat, _: str) -> None:
        for attempt in range(_HOLD_TRIES):
            try:
                result = await self._stream.ask(hold=handoffs.HoldHandoffRequest(handoff_id=chat.handoff.id))
                break
            except Refused as refused:
                # The gateway tells handoff of one's words just after they were said.
                if refused.reason != "CONTACT_WAITS" or chat.waits or attempt == _HOLD_TRIES - 1:
                    raise
                await asyncio.sleep(_HOLD_PAUSE_SECONDS)
        await self._desk.told(result.handoff)

    async def _resume(self, chat: Chat, _: str) -> None:
        result = await self._stream.ask(resume=handoffs.ResumeHandoffRequest(handoff_id=chat.handoff.id))
        await self._desk.told(result.handoff)
        console.print(screen.remark(chat, "the hold is over"))

    async def _transfer(self, chat: Chat, rest: str) -> None:
        goal, _, note = rest.partition(" ")
        if goal in ("", "@"):
            await self._hand.read()
            known = f"Queues: {', '.join(self._hand.queue_ids)}. Agents: @{', @'.join(self._hand.agent_ids)}."
            advise("Say where it goes: /transfer QUEUE or /transfer @AGENT.", known)
            return
        request = handoffs.TransferHandoffRequest(handoff_id=chat.handoff.id, note=note.strip())
        if goal.startswith("@"):
            request.to_agent_id = goal[1:]
        else:
            request.to_queue_id = goal
        await self._end(chat, transfer=request)

    async def _release(self, chat: Chat, rest: str) -> None:
        if rest not in _RELEASES:
            advise(
                f"The bot cannot go on by {rest!r}.",
                "Write /release new, /release resume or /release survey.",
            )
            return
        request = handoffs.ReleaseHandoffRequest(handoff_id=chat.handoff.id, reason=_RELEASES[rest])
        await self._end(chat, release=request)

    async def _resolve(self, chat: Chat, rest: str) -> None:
        request = handoffs.ResolveHandoffRequest(handoff_id=chat.handoff.id, outcome=rest)
        await self._end(chat, resolve=request)
        if rest and rest not in self._hand.codes:
            self._hand.codes.append(rest)

    async def _end(self, chat: Chat, **command: object) -> None:
        """Gives a command that takes a chat from the desk."""
        self._desk.passed_on.add(chat.handoff.id)
        try:
            result = await self._stream.ask(**command)
        except Refused:
            self._desk.passed_on.discard(chat.handoff.id)
            raise
        await self._desk.told(result.handoff)

    async def _wait(self, rest: str) -> None:
        chats = self._desk.chats
        waits: dict[str, Callable[[], bool]] = {
            "offer": lambda: bool(chats.offers()),
            "words": lambda: chats.current is not None and chats.current.waits,
        }
        if rest.isdecimal():
            await asyncio.sleep(min(float(rest), _PATIENCE_SECONDS))
        elif rest not in waits:
            advise("/wait takes offer, words or a number of seconds.", "Such as /wait offer.")
        else:
            for _ in range(int(_PATIENCE_SECONDS / _POLL_SECONDS)):
                if waits[rest]():
                    return
                await asyncio.sleep(_POLL_SECONDS)
            advise(
                f"No {rest} came within {_PATIENCE_SECONDS:.0f} seconds.", "/chats shows how things stand."
            )


def _named(words: str, chats: "list[Chat]") -> str:
    if not chats:
        return "/chats shows how things stand."
    return f"{words} {', '.join(f'{chat.number} ({chat.contact})' for chat in chats)}."
