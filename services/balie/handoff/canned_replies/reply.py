"""What a canned reply is, and which placeholders its text may have."""

import re
from dataclasses import dataclass
from datetime import datetime

PLACEHOLDERS = ("{contact}", "{agent}")
"""What the agent's client puts names in place of."""

_BRACED = re.compile(r"\{[^{}]*\}|[{}]")
_SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A text that agents have at hand.

    Attributes:
        id: unique within the tenant.
        shortcut: what an agent types to find it; unique within the tenant and language.
        language: BCP-47 tag of the text.
        title: a name for people.
        text: the words, with placeholders.
        queue_ids: queues it is for; empty means all.
        updated_at: when it was last changed; None before it is stored.
    """

    id: str
    shortcut: str
    language: str
    title: str
    text: str
    queue_ids: tuple[str, ...] = ()
    updated_at: datetime | None = None

    @property
    def characters(self) -> int:
        """Returns how many characters it holds altogether."""
        return len(self.text) + len(self.title) + sum(map(len, self.queue_ids))


def unknown_placeholder(text: str) -> str:
    """Returns the first brace of a text, with what is in it, that belongs to no placeholder; empty when there is none."""
    for found in _BRACED.finditer(text):
        if found[0] not in PLACEHOLDERS:
            return found[0][:_SHOWN_CHARACTERS]
    return ""
