"""How the command looks: one console, one set of colours, and messages drawn alike in chat, desk and demo."""

import unicodedata
from typing import NoReturn

import grpc
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from balie.api.gateway.v1 import conversation_pb2 as conversation
from balie.client import error_of

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

COLOURS = {"gateway": "cyan", "nlu": "magenta", "faq": "green", "handoff": "yellow", "balie": "bold"}

_FACES = {
    conversation.AUTHOR_CONTACT: ("bold white", "customer"),
    conversation.AUTHOR_BOT: ("cyan", "Balie"),
    conversation.AUTHOR_AGENT: ("green", "person"),
    conversation.AUTHOR_SYSTEM: ("dim italic", "·"),
}
_NAME_WIDTH = 10
_KEPT = ("\n", "\u200d")  # a joiner makes one sign of several, as in a family


def draw(message: conversation.Message, *, me: str = "") -> Table:
    """Returns a message as a line: who, what, and the choices that came with it.

    Args:
        message: what was said.
        me: name to show instead of the author's role, for the one who reads.
    """
    style, face = _FACES.get(message.author, ("white", "?"))
    name = me or (message.author_id if message.author == conversation.AUTHOR_AGENT else face)
    return row(Text(printable(name), style=style), words_of(message))


def words_of(message: conversation.Message) -> Text:
    """Returns what a message says, with the choices and files that came with it."""
    style = _FACES[conversation.AUTHOR_SYSTEM][0] if message.author == conversation.AUTHOR_SYSTEM else ""
    words = Text(printable(message.text), style=style)
    for number, option in enumerate(message.options, start=1):
        words.append(f"\n{number}. {printable(option.title)}", style="cyan")
    for attachment in message.attachments:
        words.append(f"\n[{printable(attachment.media_type)}] {printable(attachment.url)}", style="blue")
    return words


def note(words: str, *, style: str = "dim") -> Table:
    """Returns a remark, in line with what is said."""
    return row(Text(), Text(printable(words), style=style))


def row(left: Text, right: Text) -> Table:
    """Returns a line in two columns, of which the right one wraps under itself."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=_NAME_WIDTH, justify="right", overflow="ellipsis", no_wrap=True)
    table.add_column()
    table.add_row(left, right)
    return table


def printable(text: str) -> str:
    """Returns a text without what would steer the terminal of the one who reads it: a customer may write anything."""
    return "".join(
        sign for sign in text if sign in _KEPT or unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )


def fail(problem: str, advice: str = "", *, code: int = 1) -> NoReturn:
    """Ends the command with one sentence on what went wrong and one on what to do."""
    errors.print(Text(problem, style="bold red"))
    if advice:
        errors.print(Text(advice))
    raise typer.Exit(code)


def explain_failure(error: grpc.RpcError, address: str) -> NoReturn:
    """Ends the command with what a failed call means and what to do about it."""
    failed = error_of(error)
    if failed.code is grpc.StatusCode.UNAVAILABLE and not failed.reason:
        fail(f"Nothing answers on {address}.", "Start the suite with `balie up`, or name another address.")
    advice = f"Reason {failed.reason}" if failed.reason else f"Status {failed.code.name}"
    if failed.request_id:
        advice += f"; the logs have more under request {failed.request_id}"
    fail(failed.message or failed.code.name, advice + ".")
