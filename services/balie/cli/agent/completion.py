"""Completes what an agent types: commands, chats, queues, agents, shortcuts and codes."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from balie.cli.agent.chats import Chats
from balie.cli.agent.commands import COMMANDS, read_line
from balie.cli.agent.hand import Hand

_RELEASES = ("new", "resume", "survey")
_WAITS = ("offer", "words")


class AgentCompleter(Completer):
    """Completes the last word of a command.

    Args:
        chats: the agent's offers and chats.
        hand: what is at hand.
    """

    def __init__(self, chats: Chats, hand: Hand) -> None:
        self._chats = chats
        self._hand = hand

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yields what the last word may become."""
        typed = document.text_before_cursor.lstrip()
        for word, meaning in self.words(typed):
            last = typed.rpartition(" ")[2]
            if word.startswith(last) and word != last:
                yield Completion(word, start_position=-len(last), display_meta=meaning)

    def words(self, typed: str) -> list[tuple[str, str]]:
        """Returns the words that may stand at the end of a line, each with what it means."""
        line = read_line(typed + "\0")  # so that a space at the end begins a word
        rest = line.rest.rstrip("\0")
        if line.command.endswith("\0"):
            return [(command.name, command.meaning) for command in COMMANDS.values()]
        if not line.command or " " in rest:
            return []
        return self._arguments(line.command, line.chat)

    def _arguments(self, command: str, number: int | None) -> list[tuple[str, str]]:
        chats = self._chats
        chat = chats.current if number is None else chats.numbered(number)
        match command:
            case "/accept" | "/reject":
                return [(str(one.number), one.contact) for one in chats.offers()]
            case "/go":
                return [(str(one.number), one.contact) for one in chats.open()]
            case "/brief":
                return [(str(one.number), one.contact) for one in chats]
            case "/use" | "/edit":
                found = enumerate(chat.suggestions if chat else [], start=1)
                return [(str(place), one.text) for place, one in found]
            case "/c" | "/canned":
                return [(one.shortcut, one.text) for one in self._hand.replies_for(chat)] if chat else []
            case "/transfer":
                agents = [(f"@{one}", "an agent") for one in self._hand.agent_ids]
                return [*((one, "a queue") for one in self._hand.queue_ids), *agents]
            case "/release":
                return [(one, "how the bot goes on") for one in _RELEASES]
            case "/resolve":
                return [(one, "how it ended") for one in self._hand.codes]
            case "/wait":
                return [(one, "") for one in _WAITS]
            case _:
                return []
