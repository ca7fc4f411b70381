"""How a desk looks: a number and a colour for each chat on every line of it, offers, suggestions, tables and refusals."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import canned_reply_service_pb2, handoff_pb2, note_service_pb2
from balie.cli.agent.briefs import Brief
from balie.cli.agent.chats import Chat, Suggestion
from balie.cli.agent.commands import COMMANDS
from balie.cli.agent.urgency import brief as short
from balie.cli.agent.urgency import colour, moment
from balie.cli.console import console, printable, words_of
from balie.cli.explain import reason_words

COLOURS = ("#5fd7ff", "#ffaf5f", "#d787ff", "#87d787", "#ff87af", "#d7d75f", "#87afff")
"""Colours of chats, by number; none is one that says how urgent something is."""
_LANGUAGES = {"nl": "Dutch", "de": "German", "en": "English", "fr": "French", "und": "language unknown"}
_NAME_WIDTH = 12


def hue(chat: Chat) -> str:
    """Returns the colour of a chat."""
    return COLOURS[(chat.number - 1) % len(COLOURS)]


def line(chat: Chat, name: str, words: RenderableType, *, style: str = "") -> Table:
    """Returns a line of a chat: its number, who or what, and words that wrap under themselves."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2, justify="right", no_wrap=True)
    grid.add_column(width=_NAME_WIDTH, overflow="ellipsis", no_wrap=True)
    grid.add_column()
    number = Text(str(chat.number), style=f"bold {hue(chat)}")
    grid.add_row(number, Text(printable(name), style=style or hue(chat)), words)
    return grid


def said(chat: Chat, message: resources.Message, me: str) -> Table:
    """Returns a message of a chat, as it is shown to an agent."""
    match message.author:
        case resources.AUTHOR_CONTACT:
            return line(chat, chat.contact, words_of(message), style=f"bold {hue(chat)}")
        case resources.AUTHOR_AGENT:
            name = "you" if message.author_id == me else message.author_id
            return line(chat, name, words_of(message), style="bold" if name == "you" else "green")
        case resources.AUTHOR_BOT:
            return line(chat, "Balie", words_of(message), style="cyan")
        case _:
            return line(chat, "·", words_of(message), style="dim italic")


def remark(chat: Chat, words: str, *, style: str = "dim") -> Table:
    """Returns a remark on a chat."""
    return line(chat, "", Text(printable(words), style=style))


def suggested(chat: Chat, suggestions: Iterable[Suggestion]) -> Group:
    """Returns suggested answers with the numbers that `/use` takes."""
    return Group(
        *(
            line(chat, f"  /use {number}", Text(printable(one.text), style="cyan"), style="dim cyan")
            for number, one in enumerate(suggestions, start=1)
        )
    )


def offer(chat: Chat, brief: Brief, now: datetime) -> Group:
    """Returns an offer with what an agent needs to decide on it."""
    head = Text(f"{printable(chat.contact)}, {language(chat.handoff.language)}, {chat.handoff.queue_id}")
    head.append(f", priority {chat.handoff.priority}" if chat.handoff.priority else "")
    if since := chat.waits_since:
        head.append(f", waits {short(now - since)}")
    if due := chat.due:
        head.append(f", stands {short(due.left(now))}", style=colour(due.used(now)))
    head.stylize("bold")
    parts = [line(chat, "OFFER", head, style="bold reverse")]
    if why := ", ".join(reason_words(reason) for reason in chat.handoff.reasons):
        parts.append(remark(chat, f"because {why}"))
    if brief.question:
        parts.append(line(chat, "asks", Text(printable(brief.question)), style="dim"))
    parts += [noted(chat, note) for note in brief.notes]
    parts.append(remark(chat, f"/accept {chat.number}, /reject {chat.number} or /brief {chat.number}"))
    return Group(*parts)


def briefing(chat: Chat, brief: Brief, now: datetime) -> Group:
    """Returns all that an agent needs first."""
    handoff = chat.handoff
    wait = f", waits {short(now - since)}" if (since := chat.waits_since) else ""
    who = f"{chat.contact}, {language(handoff.language)}, on {handoff.channel}, in {handoff.queue_id}{wait}"
    told = [line(chat, "contact", Text(printable(who), style="bold"))]
    rows = [
        ("known", ", ".join(f"{name}: {value}" for name, value in brief.attributes)),
        ("because", ", ".join(reason_words(reason) for reason in handoff.reasons)),
        ("asks", brief.question),
        *(("says", sentence) for sentence in brief.summary),
        ("understood", brief.understood),
        *(("Balie said", attempt) for attempt in brief.attempts),
    ]
    told += [line(chat, name, Text(printable(words)), style="dim") for name, words in rows if words]
    return Group(*told, *(noted(chat, note) for note in brief.notes))


def overview(chats: Iterable[Chat], current: Chat | None, now: datetime) -> Table:
    """Returns offers and chats as a table."""
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for column in ("", "chat", "contact", "language", "queue", "state", "waits", "time left"):
        table.add_column(column)
    for chat in chats:
        due, since = chat.due, chat.waits_since
        table.add_row(
            Text("▸" if chat is current else ""),
            Text(str(chat.number), style=f"bold {hue(chat)}"),
            Text(printable(chat.contact), style=hue(chat)),
            chat.handoff.language,
            chat.handoff.queue_id,
            chat.standing,
            short(now - since) if since else "",
            Text(f"{short(due.left(now))} {due.what}", style=colour(due.used(now))) if due else "",
        )
    return table


def noted(chat: Chat, note: note_service_pb2.Note) -> Table:
    """Returns an internal note."""
    author = note.author.partition(":")[2] or note.author
    words = Text(f"{moment(note.create_time).astimezone():%H:%M}  ", style="dim")
    if note.kind == note_service_pb2.NOTE_KIND_TRANSFER:
        gone = note.transfer
        source, goal = gone.from_agent_id or gone.from_queue_id, gone.to_agent_id or gone.to_queue_id
        words.append(f"passed on from {source} to {goal}{': ' if note.text else ''}")
    words.append(printable(note.text))
    return line(chat, f"✎ {author}", words, style="dim")


def replies_at_hand(replies: Iterable[canned_reply_service_pb2.CannedReply]) -> Table:
    """Returns canned replies with their shortcuts."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for one in replies:
        table.add_row(
            Text(f"/c {one.shortcut}", style="bold"), one.language, Text(printable(one.text), style="dim")
        )
    return table


def help_table() -> Table:
    """Returns the commands."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for command in COMMANDS.values():
        table.add_row(Text(f"{command.name} {command.arguments}".strip(), style="bold"), command.meaning)
    table.add_row(Text("/N …, @N …", style="bold"), "say or do something in chat N without going there")
    table.add_row(Text("anything else", style="bold"), "is sent to the customer of the chat you are in")
    return table


def language(tag: str) -> str:
    """Returns what a language is called."""
    return _LANGUAGES.get(tag.partition("-")[0], tag)


def presence_word(presence: int) -> str:
    """Returns a presence in a word."""
    return (
        handoff_pb2.Presence.Name(handoff_pb2.Presence.ValueType(presence)).removeprefix("PRESENCE_").lower()
    )


def advise(problem: str, advice: str = "") -> None:
    """Says why something was not done, and what to do next."""
    told = Text(problem, style="yellow")
    if advice:
        told.append(f" {advice}", style="default")
    console.print(told)
