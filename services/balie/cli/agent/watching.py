"""Follows what is said in an agent's chats, shows it, and suggests answers."""

import asyncio
from collections.abc import Sequence

import grpc
from rich.console import Group

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.cli import talk
from balie.cli.agent import screen
from balie.cli.agent.briefs import suggestions_of
from balie.cli.agent.chats import Chat, Suggestion
from balie.cli.agent.stream import AWAY, pause_seconds
from balie.cli.console import console
from balie.cli.talk import CALL_SECONDS
from balie.client import Balie

_REMEMBERED = 100
"""Messages that are read to tell since when the contact waits."""
_SHOWN = 6
"""Messages that are shown of what was said before."""
_PAGE = 500
_ENDED = (resources.TURN_STATE_DONE, resources.TURN_STATE_SUPERSEDED)


class Watching:
    """Follows conversations.

    Args:
        client: calls the gateway.
        agent: the agent's id.
    """

    def __init__(self, client: Balie, agent: str) -> None:
        self._client = client
        self._agent = agent

    async def watch(self, chat: Chat) -> None:
        """Shows what was said in a chat last, then all that is said, through breaks of the connection, until it is closed."""
        try:
            await self._watch(chat)
        finally:
            chat.seen.set()

    async def _watch(self, chat: Chat) -> None:
        cursor, seen, tries = "", 0, 0
        while True:
            try:
                if not cursor:
                    cursor, seen = await self._catch_up(chat, seen)
                    chat.seen.set()
                request = door.WatchConversationRequest(
                    conversation_id=chat.handoff.conversation_id, cursor=cursor
                )
                async for reply in self._client.conversations.WatchConversation(request):
                    tries, cursor = 0, reply.event.cursor
                    await self._show(chat, reply.event)
                    seen = max(seen, reply.event.message.seq)
                return
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.OUT_OF_RANGE:
                    cursor = ""
                elif error.code() not in AWAY:
                    console.print(screen.remark(chat, "cannot be read any more", style="red"))
                    return
            await asyncio.sleep(pause_seconds(tries))
            tries += 1

    async def _catch_up(self, chat: Chat, seen: int) -> tuple[str, int]:
        """Takes in what was said before, shows the end of it, and returns where to go on and the last `seq`."""
        asked = door.GetConversationRequest(conversation_id=chat.handoff.conversation_id)
        found = (await self._client.conversations.GetConversation(asked, timeout=CALL_SECONDS)).conversation
        messages, cursor = await self._messages(found.id, seen or max(0, found.last_seq - _REMEMBERED))
        for message in messages:
            chat.heard(message)
        shown = [screen.said(chat, message, self._agent) for message in messages[-_SHOWN:]]
        if shown:
            console.print(Group(*shown))
        return cursor, messages[-1].seq if messages else seen

    async def _messages(
        self, conversation_id: str, after_seq: int
    ) -> tuple[Sequence[resources.Message], str]:
        found: list[resources.Message] = []
        while True:
            after = found[-1].seq if found else after_seq
            request = door.ListMessagesRequest(
                conversation_id=conversation_id, after_seq=after, page_size=_PAGE
            )
            page = await self._client.conversations.ListMessages(request, timeout=CALL_SECONDS)
            found += page.messages
            if not page.more:
                return found, page.cursor

    async def _show(self, chat: Chat, event: resources.ConversationEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "message":
            chat.heard(event.message)
            console.print(screen.said(chat, event.message, self._agent))
        elif kind == "turn_changed" and event.turn_changed.state in _ENDED:
            turn = await talk.turn(self._client, event.turn_changed.turn_id)
            if turn.owner_epoch == chat.handoff.owner_epoch:
                suggest(chat, suggestions_of(turn))
        elif kind == "closed":
            console.print(screen.remark(chat, "the conversation was closed: /resolve or /release it"))


def suggest(chat: Chat, suggestions: Sequence[Suggestion]) -> None:
    """Shows suggested answers of a chat; those before cannot be used by number any more."""
    if not suggestions:
        return
    chat.suggestions = list(suggestions)
    chat.undecided |= dict.fromkeys(one.answer_id for one in suggestions if one.answer_id)
    console.print(screen.suggested(chat, suggestions))
