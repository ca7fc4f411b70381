"""What an agent can type: the commands with their arguments and what they do, and how a line is read. Pure."""

import difflib
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        name: its word, with the stroke.
        arguments: how they are written; empty when there are none.
        meaning: what it does, for a person.
    """

    name: str
    arguments: str
    meaning: str


COMMANDS = {
    command.name: command
    for command in (
        Command("/accept", "[N]", "take offer N, the oldest without a number"),
        Command("/reject", "[N]", "turn an offer down"),
        Command("/brief", "[N]", "show what you need first: who, why, what was asked and tried"),
        Command("/chats", "", "list offers and chats, with what each waits for"),
        Command("/go", "N", "speak in chat N from now on"),
        Command("/use", "N", "send suggestion N as it is"),
        Command("/edit", "N TEXT", "send TEXT, made from suggestion N"),
        Command("/canned", "[PREFIX]", "list the replies at hand"),
        Command("/c", "SHORTCUT", "send a reply at hand, with the names filled in"),
        Command("/note", "TEXT", "write something down for colleagues; the customer never sees it"),
        Command("/notes", "", "read what colleagues wrote down"),
        Command("/hold", "", "wait for the customer: the chat weighs less meanwhile"),
        Command("/resume", "", "end the hold"),
        Command("/transfer", "QUEUE|@AGENT [NOTE]", "pass the chat on"),
        Command(
            "/release", "[new|resume|survey]", "give the chat back to the bot, which begins anew or goes on"
        ),
        Command("/resolve", "[CODE]", "end the chat as solved"),
        Command("/away", "", "take no new chats"),
        Command("/online", "", "take chats again"),
        Command("/wait", "offer|words|SECONDS", "wait for something, in a script"),
        Command("/help", "", "show this"),
        Command("/quit", "", "go home; open chats stay yours"),
    )
}

_ELSEWHERE = re.compile(r"[/@](\d{1,2})(?:\s+(.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed.

    Attributes:
        chat: number of the chat it is meant for; None for the one that is spoken in.
        command: the command's word; empty for words to the customer.
        rest: what follows the command, or the words.
    """

    chat: int | None
    command: str
    rest: str


def read_line(typed: str) -> Line:
    """Returns a line as it is meant: `/2 text` and `@2 text` are for chat 2, and a number alone goes there."""
    typed = typed.strip()
    chat = None
    if found := _ELSEWHERE.match(typed):
        if not found[2]:
            return Line(None, "/go", found[1])
        chat, typed = int(found[1]), found[2].strip()
    if not typed.startswith("/"):
        return Line(chat, "", typed)
    word, _, rest = typed.partition(" ")
    return Line(chat, word, rest.strip())


def nearest(word: str) -> str:
    """Returns the command that somebody may have meant; empty when none is near."""
    return next(iter(difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.5)), "")
