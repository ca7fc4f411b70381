"""The offers and chats at a person's desk, as their stream tells of them: no calls and nothing shown."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from balie.api.gateway.v1 import conversation_pb2 as resources
from balie.api.handoff.v1 import handoff_pb2
from balie.cli.agent.urgency import Due, due_of, moment

OFFERED = handoff_pb2.HANDOFF_STATE_OFFERED
RESERVED = handoff_pb2.HANDOFF_STATE_RESERVED
ACCEPTED = handoff_pb2.HANDOFF_STATE_ACCEPTED
ON_HOLD = handoff_pb2.HANDOFF_STATE_ON_HOLD
_OPEN = (ACCEPTED, ON_HOLD)
_THEIRS = (OFFERED, RESERVED, *_OPEN)
_NUMBERS = 99


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer that is suggested.

    Attributes:
        text: its words.
        answer_id: names it among the FAQ's answers; empty for words of another kind, of which nothing is recorded.
    """

    text: str
    answer_id: str = ""


@dataclass
class Chat:
    """One handoff at the desk.

    Attributes:
        number: what the agent calls it by.
        handoff: as it was told last.
        name: what its contact is called; empty until that is known.
        suggestions: the latest, by number from 1.
        undecided: answers that were suggested since the agent wrote last, by id.
        contact_since: when the contact wrote first after the last words of a person; None when they have not.
        agent_at: when a person wrote last; None when nobody has.
        has_spoken: whether the agent has written since they have it.
        watch: what follows the conversation.
        seen: set once what was said before has been shown.
        ready: set once that and the first suggestions have been shown.
    """

    number: int
    handoff: handoff_pb2.Handoff
    name: str = ""
    suggestions: list[Suggestion] = field(default_factory=list)
    undecided: dict[str, None] = field(default_factory=dict)
    contact_since: datetime | None = None
    agent_at: datetime | None = None
    has_spoken: bool = False
    watch: asyncio.Task[None] | None = None
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> int:
        """Returns the handoff's state."""
        return self.handoff.state

    @property
    def is_open(self) -> bool:
        """Tells whether the agent may write in it."""
        return self.state in _OPEN

    @property
    def contact(self) -> str:
        """Returns what its contact is called."""
        return self.name or self.handoff.contact_id

    @property
    def waits(self) -> bool:
        """Tells whether the contact waits for words of the agent, as far as is known here and now."""
        if self.state == ON_HOLD:
            return False
        if self.contact_since is not None:
            return True
        return self.handoff.contact_waits and not self.has_spoken

    @property
    def waits_since(self) -> datetime | None:
        """Returns since when the contact waits; None when they do not."""
        if not self.waits:
            return None
        asked = moment(self.handoff.create_time)
        if self.agent_at is None:
            return asked
        return max(self.contact_since or self.agent_at, asked)

    @property
    def due(self) -> Due | None:
        """Returns what runs out first; None while nothing does."""
        return due_of(self.handoff, self.waits_since) if self.waits or self.state == OFFERED else None

    @property
    def standing(self) -> str:
        """Returns how it stands, in words."""
        if self.state == OFFERED:
            return "offered"
        if self.state == RESERVED:
            return "one moment"
        if self.state == ON_HOLD:
            return "on hold"
        if self.waits:
            return "waits for you" if self.has_spoken else "new"
        return "answered"

    def heard(self, message: resources.Message) -> None:
        """Takes in what was said, in the order in which it was said."""
        at = moment(message.create_time)
        if message.author == resources.AUTHOR_AGENT:
            self.contact_since, self.agent_at = None, at
            self.has_spoken = self.has_spoken or message.owner_epoch == self.handoff.owner_epoch
        elif message.author == resources.AUTHOR_CONTACT and self.contact_since is None:
            self.contact_since = at


class Chats:
    """An agent's offers and chats, each with a number that is not given again soon.

    Args:
        agent: the agent's id.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._chats: dict[str, Chat] = {}
        self._last_number = 0
        self.current: Chat | None = None

    def __iter__(self) -> Iterator[Chat]:
        return iter(sorted(self._chats.values(), key=lambda chat: chat.number))

    def __len__(self) -> int:
        return len(self._chats)

    def get(self, handoff_id: str) -> Chat | None:
        """Returns what is known of a handoff; None when it is not the agent's."""
        return self._chats.get(handoff_id)

    def is_theirs(self, handoff: handoff_pb2.Handoff) -> bool:
        """Tells whether a handoff is offered to the agent, or theirs."""
        return handoff.agent_id == self._agent and handoff.state in _THEIRS

    def put(self, handoff: handoff_pb2.Handoff) -> Chat:
        """Takes in a handoff of the agent's as it is now."""
        chat = self._chats.get(handoff.id)
        if chat is None:
            chat = self._chats[handoff.id] = Chat(self._free_number(), handoff)
        if handoff.revision >= chat.handoff.revision:
            chat.handoff = handoff
        return chat

    def drop(self, chat: Chat) -> None:
        """Takes a handoff off the desk; another chat is spoken in when it was this one."""
        self._chats.pop(chat.handoff.id, None)
        if self.current is chat:
            self.current = next((other for other in self if other.is_open), None)

    def offers(self) -> list[Chat]:
        """Returns what is offered, by number."""
        return [chat for chat in self if chat.state == OFFERED]

    def open(self) -> list[Chat]:
        """Returns the chats in which the agent may write, by number."""
        return [chat for chat in self if chat.is_open]

    def numbered(self, number: int) -> Chat | None:
        """Returns the offer or chat with a number; None when there is none."""
        return next((chat for chat in self if chat.number == number), None)

    def load(self, hold_weight: float) -> float:
        """Returns what the chats weigh: 1 each, less on hold."""
        return sum(hold_weight if chat.state == ON_HOLD else 1.0 for chat in self)

    def _free_number(self) -> int:
        taken = {chat.number for chat in self._chats.values()}
        number = self._last_number
        while (number := number % _NUMBERS + 1) in taken and len(taken) < _NUMBERS:
            pass
        self._last_number = number
        return number
