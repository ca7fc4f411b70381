"""What NLU, the FAQ and the router said, in the gateway's words.

It is kept in their own form as well (`wire`), so that a turn can be explained without the gateway knowing every field.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from balie.gateway.domain import HandoffState, ReleaseReason


class Verdict(IntEnum):
    """What an understanding is worth."""

    MATCH = 1
    AMBIGUOUS = 2
    NO_MATCH = 3


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword that was found; of its three targets exactly one is set."""

    id: str
    whole_message: bool = False
    faq_entry_id: str = ""
    intent: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What NLU said of a message.

    Attributes:
        language: BCP-47 tag, or `und`.
        intents: names, best first.
        are_intents_missing: whether NLU could not rank them now; the rest is as ever.
        wire: all of it but the embedding, in NLU's own form.
        embedding: the sentence's vector, in its own form; empty when it is not at hand.
    """

    language: str
    verdict: Verdict
    intents: tuple[str, ...]
    keywords: tuple[Keyword, ...]
    model_version: str
    wire: bytes
    embedding: bytes = b""
    are_intents_missing: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that the FAQ found."""

    id: str
    entry_id: str
    language: str
    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What the FAQ said; best first.

    Attributes:
        wire: all of it, in the FAQ's own form.
    """

    answers: tuple[Answer, ...]
    index_generation: int
    encoder_fingerprint: str
    wire: bytes

    def by_id(self, answer_id: str) -> Answer | None:
        """Returns an answer of this search, None when it is of another."""
        return next((answer for answer in self.answers if answer.id == answer_id), None)


class Source(IntEnum):
    """Where a follow-up comes from."""

    KEYWORD = 1
    INTENT = 2


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a keyword or an intent leads to; without an entry, a reply and a queue nothing follows by itself."""

    source: Source
    name: str
    faq_entry_id: str = ""
    reply: str = ""
    queue_id: str = ""


class DecisionKind(IntEnum):
    """What is done on a turn."""

    ANSWER = 1
    CLARIFY = 2
    ESCALATE = 3
    ASSIST = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """What an answer is made of: an answer of the FAQ or a canned reply."""

    answer_id: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the router said.

    Attributes:
        answer: what to answer with or suggest, None when there is nothing.
        options: what to offer when asking back.
        handoff_was_open: whether a person was asked for before this turn.
        is_silent: whether nothing is said to the contact.
        wire: all of it, in the router's own form.
    """

    kind: DecisionKind
    answer: Choice | None
    options: tuple[Choice, ...]
    handoff_was_open: bool
    is_silent: bool
    policy_version: str
    wire: bytes


class HandoffEventKind(IntEnum):
    """What happened to a handoff, where its state alone does not tell."""

    OTHER = 0
    AGENT_SILENT = 15
    CLOCK = 16
    POSITION = 17
    SPOKE = 22


@dataclass(frozen=True, slots=True)
class HandoffNow:
    """A handoff as it is, or as it was after an event.

    Attributes:
        revision: counts its changes, from 1.
        position: its place in the queue from 1, 0 when it does not wait.
        confirm: whether the handoff service waits to hear who owns the conversation now.
        event_id: the event that told of it; empty in a snapshot.
        kind: what happened; OTHER in a snapshot.
        release_reason: how the bot goes on, once a person has given the conversation back.
        estimated_wait: seconds that it is expected to wait still; None when nothing can be said.
        call_back_at: when the contact was promised to be called back; None when that was not promised.
    """

    id: str
    conversation_id: str
    state: HandoffState
    agent_id: str
    revision: int
    position: int
    confirm: bool = False
    event_id: str = ""
    kind: HandoffEventKind = HandoffEventKind.OTHER
    release_reason: ReleaseReason = ReleaseReason.NONE
    estimated_wait: float | None = None
    call_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """The router's decision, and the handoff that it names as it is now."""

    decision: Decision
    handoff: HandoffNow | None
