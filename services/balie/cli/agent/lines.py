"""What an agent types: a prompt with a status below it and completion, or the lines of a pipe."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.styles import Style

from balie.cli.agent.completion import AgentCompleter
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.hand import Hand
from balie.cli.agent.screen import hue
from balie.cli.agent.toolbar import toolbar
from balie.cli.console import printable

_REFRESH_SECONDS = 1.0
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse"})  # colours say how urgent something is


async def lines(desk: AgentDesk, hand: Hand) -> AsyncIterator[str]:
    """Yields what is typed, or each line of a pipe, without blank ones."""
    if sys.stdin.isatty():
        session: PromptSession[str] = PromptSession(
            lambda: _prompt(desk),
            completer=AgentCompleter(desk.chats, hand),
            complete_while_typing=True,
            bottom_toolbar=lambda: toolbar(desk),
            refresh_interval=_REFRESH_SECONDS,
            style=_STYLE,
        )
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                if line := (await session.prompt_async()).strip():
                    yield line
        return
    while raw := await asyncio.to_thread(sys.stdin.readline):
        if raw.strip():
            yield raw.strip()


def _prompt(desk: AgentDesk) -> StyleAndTextTuples:
    """Returns what stands before the cursor: the chat that words go to."""
    chat = desk.chats.current
    if chat is None:
        return [("bold", "desk "), ("", "> ")]
    return [(f"bold fg:{hue(chat)}", f"{chat.number} {printable(chat.contact)} "), ("", "> ")]
