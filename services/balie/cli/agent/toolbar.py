"""The status below the prompt: presence and load, then each offer and chat with how it stands and what time is left."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prompt_toolkit.application import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples

from balie.api.handoff.v1 import handoff_pb2
from balie.cli.agent.chats import OFFERED, Chat
from balie.cli.agent.desk import AgentDesk
from balie.cli.agent.screen import hue, presence_word
from balie.cli.agent.urgency import brief, colour
from balie.cli.console import printable

Cell = list[tuple[str, str]]

_PRESENCES = {handoff_pb2.PRESENCE_ONLINE: "ansigreen", handoff_pb2.PRESENCE_AWAY: "ansiyellow"}
_NAME_CHARACTERS = 14
_GAP = "   "
_ROWS = 4


def toolbar(desk: AgentDesk) -> StyleAndTextTuples:
    """Returns the status as wide as the terminal is."""
    return packed(cells(desk, datetime.now(UTC)), get_app().output.get_size().columns)


def cells(desk: AgentDesk, now: datetime) -> list[Cell]:
    """Returns the parts of the status: the agent's, then those of offers, then those of chats, the most urgent first."""
    chats = sorted(desk.chats, key=lambda chat: (chat.state != OFFERED, chat.number))
    return [_own(desk), *(_cell(chat, now, is_current=chat is desk.chats.current) for chat in chats)]


def packed(parts: Sequence[Cell], width: int) -> StyleAndTextTuples:
    """Returns parts in rows that are as wide as the terminal at most, each part whole."""
    shown: StyleAndTextTuples = []
    used, rows = 0, 1
    for part in parts:
        length = sum(len(text) for _, text in part)
        if used and used + len(_GAP) + length > width:
            if rows == _ROWS:
                return [*shown, ("", " …")]
            shown.append(("", "\n"))
            used, rows = 0, rows + 1
        elif used:
            shown.append(("", _GAP))
            used += len(_GAP)
        shown += part
        used += length
    return shown


def _own(desk: AgentDesk) -> Cell:
    if desk.is_broken_off:
        return [("fg:ansired", "● the desk does not answer")]
    agent = desk.agent
    style = _PRESENCES.get(agent.presence, "ansired")
    return [
        (f"fg:{style}", f"● {presence_word(agent.presence)}"),
        ("", f" load {desk.load:g} of {agent.max_chats}"),
    ]


def _cell(chat: Chat, now: datetime, *, is_current: bool) -> Cell:
    name = printable(chat.contact)[:_NAME_CHARACTERS]
    mark = "▸" if is_current else ""
    cell: Cell = [(f"bold fg:{hue(chat)}", f"{mark}{chat.number} {name} "), ("", chat.standing)]
    if since := chat.waits_since:
        cell.append(("", f" {brief(now - since)}"))
    if due := chat.due:
        cell.append(("", ", " if since else " "))
        cell.append((f"bold fg:ansi{colour(due.used(now))}", f"{brief(due.left(now))} left"))
    return cell
