"""A chat as a customer, in a terminal or through a pipe."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import grpc
from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.patch_stdout import patch_stdout

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.gateway.v1 import conversation_service_pb2 as door
from balie.api.handoff.v1 import handoff_pb2
from balie.cli.console import console, draw, errors, explain_failure, note
from balie.client import Balie
from balie.kit.ids import new_id

_WAITING = (handoff_pb2.HANDOFF_STATE_QUEUED, handoff_pb2.HANDOFF_STATE_OFFERED)
_HELP = "Write, and press Enter. Ctrl-D ends the chat."


async def chat(gateway: str, contact: str, *, language: str, conversation_id: str) -> None:
    """Talks with the desk until the input ends.

    Args:
        gateway: its address.
        contact: who writes.
        language: the contact's language if it is known.
        conversation_id: a conversation to go on with; empty for a new one.
    """
    async with Balie(gateway=gateway, act_as=f"contact:{contact}") as client:
        part = _opening(contact, language, conversation_id)
        try:
            await _talk(client, part)
        except grpc.RpcError as error:
            explain_failure(error, gateway)


def _opening(contact: str, language: str, conversation_id: str) -> door.ConverseRequest:
    if conversation_id:
        return door.ConverseRequest(open=door.WatchConversationRequest(conversation_id=conversation_id))
    create = door.CreateConversationRequest(
        contact_id=contact, channel="terminal", language=language, request_id=new_id()
    )
    return door.ConverseRequest(create=create)


async def _talk(client: Balie, opening: door.ConverseRequest) -> None:
    async def parts() -> AsyncIterator[door.ConverseRequest]:
        yield opening
        async for text in _lines():
            message = door.SendMessageRequest(text=text, request_id=new_id())
            yield door.ConverseRequest(message=message)

    with patch_stdout(raw=True):
        async for part in client.conversations.Converse(parts()):
            _show(part)


def _show(part: door.ConverseResponse) -> None:
    kind = part.WhichOneof("part")
    if kind == "opened":
        if sys.stdin.isatty():
            console.print(f"{_HELP} Conversation {part.opened.id}", style="dim")
    elif kind == "refused":
        errors.print(f"not sent: {part.refused.message} ({part.refused.reason})", style="red")
    elif kind == "event":
        _show_event(part.event)


def _show_event(event: resources.ConversationEvent) -> None:
    kind = event.WhichOneof("event")
    if kind == "message":
        # At a terminal one's own words stand there already.
        if event.message.author != resources.AUTHOR_CONTACT or not sys.stdin.isatty():
            console.print(
                draw(event.message, me="you" if event.message.author == resources.AUTHOR_CONTACT else "")
            )
    elif (
        kind == "handoff_changed"
        and event.handoff_changed.state in _WAITING
        and event.handoff_changed.position
    ):
        console.print(note(f"you are number {event.handoff_changed.position} in line"))


async def _lines() -> AsyncIterator[str]:
    """Yields what is typed, or each line of a pipe, without blank ones."""
    if sys.stdin.isatty():
        session: PromptSession[str] = PromptSession(HTML("<b>       you</b>  "))
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                text = (await session.prompt_async()).strip()
                if text:
                    yield text
        return
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip():
            yield line.strip()
