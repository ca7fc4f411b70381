"""The words of the gateway: conversations, messages, turns, and what the log tells of them.

The numbers of the enums are those of the contract, so that a stored state and a sent one are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

UNKNOWN_LANGUAGE = "und"
"""The BCP-47 tag of a language that nobody knows."""
FIRST_EPOCH = 1


class ConversationState(IntEnum):
    """Whether a conversation takes messages."""

    OPEN = 1
    CLOSED = 2


class OwnerKind(IntEnum):
    """Who speaks to the contact."""

    BOT = 1
    AGENT = 2


class Author(IntEnum):
    """Who wrote a message."""

    CONTACT = 1
    BOT = 2
    AGENT = 3
    SYSTEM = 4
    """The desk itself, telling what goes on."""


class Notice(IntEnum):
    """What a SYSTEM message tells."""

    NONE = 0
    WAITING = 1
    AGENT_JOINED = 2
    RETURNED_TO_BOT = 3
    DELAYED = 4
    MESSAGE_TAKEN = 5
    CLOSED = 6
    TRANSFERRED = 7
    AGENT_SILENT = 8
    POSITION = 9
    CALL_BACK_PROMISED = 10
    CALL_BACK_DUE = 11
    EXPIRED = 12
    SURVEY = 13
    RATED = 14


class TurnState(IntEnum):
    """How far a turn is."""

    PENDING = 1
    WORKING = 2
    WAITING = 3
    """Waits on disk for a service to come back."""
    DONE = 4
    SUPERSEDED = 5
    """Ended without a reply, because somebody else spoke meanwhile."""


ENDED = frozenset({TurnState.DONE, TurnState.SUPERSEDED})


class HandoffState(IntEnum):
    """Where a handoff is, as the handoff service names it; NONE when there is none."""

    NONE = 0
    QUEUED = 1
    OFFERED = 2
    RESERVED = 3
    ACCEPTED = 4
    RELEASED = 5
    RESOLVED = 6
    CANCELLED = 7
    MESSAGE_TAKEN = 8
    ON_HOLD = 9
    CALL_BACK = 10
    EXPIRED = 11


WAITS_FOR_AGENT = frozenset({HandoffState.QUEUED, HandoffState.OFFERED})
HELD_BY_AGENT = frozenset({HandoffState.RESERVED, HandoffState.ACCEPTED, HandoffState.ON_HOLD})
OPEN_HANDOFF = WAITS_FOR_AGENT | HELD_BY_AGENT | {HandoffState.CALL_BACK}


class ReleaseReason(IntEnum):
    """How the bot goes on after a person."""

    NONE = 0
    NEW_TOPIC = 1
    RESUME = 2
    SURVEY = 3
    IDLE = 4


@dataclass(frozen=True, slots=True)
class Owner:
    """Who speaks to the contact; `agent_id` is empty when the bot does."""

    kind: OwnerKind = OwnerKind.BOT
    agent_id: str = ""


BOT = Owner()


@dataclass(frozen=True, slots=True)
class History:
    """What the bot did since it last came to own the conversation.

    Attributes:
        clarified_in_a_row: times it asked what was meant, without another decision in between.
        bot_replies: its replies.
    """

    clarified_in_a_row: int = 0
    bot_replies: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """The ordered log of messages with one contact on one channel.

    Attributes:
        owner_epoch: rises by one with every change of the owner, from 1.
        last_seq: `seq` of the newest message, 0 without one.
        language: BCP-47 tag of what the contact wrote last, or `und`.
        handoff_id: handoff that is open, empty without one.
        handoff_state: its state as far as the gateway knows it.
        history: the bot's memory; begins anew when a person gives the conversation back, unless they say that it goes on.
        contact_attributes: what was known of the contact when it was created, for example `tier: gold`.
        helped_handoff_id: the handoff by which a person spoke last; empty when none has.
        returned_seq: `seq` of the newest message when a person last gave the conversation back, 0 when none has.
        survey_seq: `seq` of the question for a rating, 0 when it was not asked.
        rating: what the contact thinks of how they were helped, 1 to 5; None when they have not said.
    """

    tenant: str
    id: str
    contact_id: str
    channel: str
    state: ConversationState
    owner: Owner
    owner_epoch: int
    last_seq: int
    language: str
    handoff_id: str
    handoff_state: HandoffState
    history: History
    created_at: datetime
    updated_at: datetime
    contact_attributes: Mapping[str, str] = field(default_factory=dict)
    helped_handoff_id: str = ""
    returned_seq: int = 0
    survey_seq: int = 0
    rating: int | None = None

    @property
    def is_open(self) -> bool:
        """Returns whether it takes messages."""
        return self.state == ConversationState.OPEN


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message; the file itself stays where it is."""

    url: str
    media_type: str
    name: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Option:
    """One choice when the bot asks what was meant."""

    title: str
    answer_id: str
    entry_id: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that somebody wants to add to a conversation; `balie.gateway.messages` decides whether it may be.

    Attributes:
        author_id: the contact or agent; empty for the bot and the desk.
        turn_id: the turn it begins or comes from; empty otherwise.
        ordinal: number among its turn's replies from 1; 0 when it is none.
        owner_epoch: epoch under which a turn's reply was worked out; 0 for what no turn brought.
        once_key: unique among the tenant's messages when not empty: a second one with it is not added.
    """

    author: Author
    text: str
    author_id: str = ""
    language: str = UNKNOWN_LANGUAGE
    attachments: tuple[Attachment, ...] = ()
    turn_id: str = ""
    ordinal: int = 0
    notice: Notice = Notice.NONE
    answer_id: str = ""
    options: tuple[Option, ...] = ()
    owner_epoch: int = 0
    channel_message_id: str = ""
    once_key: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation, as stored: never changes."""

    id: str
    conversation_id: str
    seq: int
    author: Author
    author_id: str
    text: str
    language: str
    attachments: tuple[Attachment, ...]
    turn_id: str
    ordinal: int
    notice: Notice
    answer_id: str
    options: tuple[Option, ...]
    owner_epoch: int
    channel_message_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a stage of a turn took: `queue`, `analyze`, `search`, `route` or `append`."""

    stage: str
    seconds: float
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Versions:
    """What a turn depended on; an empty one did not matter."""

    model: str = ""
    index_generation: int = 0
    encoder_fingerprint: str = ""
    policy: str = ""
    follow_ups: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One contact message and everything done about it, kept so that it can be explained.

    Attributes:
        owner_epoch: the conversation's when work on it began, 0 before.
        understanding: what NLU said, in its own form and without the embedding; empty before.
        answers: what the FAQ said, in its own form; empty before.
        decision: what the router said, in its own form; empty before.
        suggestions: what was worked out and not sent.
        services_down: services that did not answer.
        attempts: tries so far.
        next_attempt_at: when a waiting turn is tried again.
        ended_at: None before.
    """

    id: str
    conversation_id: str
    message_id: str
    message_seq: int
    state: TurnState
    owner_epoch: int
    created_at: datetime
    understanding: bytes = b""
    answers: bytes = b""
    decision: bytes = b""
    reply_message_ids: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    versions: Versions = field(default_factory=Versions)
    services_down: tuple[str, ...] = ()
    attempts: int = 0
    next_attempt_at: datetime | None = None
    ended_at: datetime | None = None
