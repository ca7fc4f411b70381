"""What the log tells of a conversation: ids, numbers and states, never a word of a message.

Watchers read the words from the tables, so that erasing a person does not mean rewriting the log.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from balie.gateway.domain import HandoffState, Message, Owner, TurnState


@dataclass(frozen=True, slots=True)
class MessageAppended:
    """A message was appended."""

    message_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """Another owner speaks now."""

    owner: Owner
    owner_epoch: int


@dataclass(frozen=True, slots=True)
class TurnChanged:
    """A turn moved on."""

    turn_id: str
    state: TurnState


@dataclass(frozen=True, slots=True)
class HandoffChanged:
    """The conversation's handoff moved on.

    Attributes:
        position: its place in the queue from 1, 0 when it does not wait.
        estimated_wait: seconds that it is expected to wait still; None when nothing can be said.
        call_back_at: when the contact was promised to be called back; None when that was not promised.
    """

    handoff_id: str
    state: HandoffState
    position: int
    estimated_wait: float | None = None
    call_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The conversation was closed."""


Happening = MessageAppended | OwnerChanged | TurnChanged | HandoffChanged | Closed


@dataclass(frozen=True, slots=True)
class Event:
    """A happening as a watcher gets it.

    Attributes:
        cursor: continues a watch after it.
        event_id: the same after a reconnect.
        position: its place in the conversation's log.
        message: the appended message with its words, read from the tables; None for other happenings.
    """

    cursor: str
    event_id: str
    position: int
    happened_at: datetime
    happening: Happening
    message: Message | None = None


class Codec(Protocol):
    """Writes happenings as the log's payloads, and reads them again."""

    def encode(self, happening: Happening) -> bytes:
        """Returns the payload."""

    def decode(self, payload: bytes) -> Happening:
        """Returns what the payload tells."""
