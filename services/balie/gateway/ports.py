"""What the gateway asks of the three services it calls; `balie.gateway.neighbours` speaks to them."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from balie.gateway.domain import Conversation, Owner
from balie.gateway.said import Answers, FollowUp, HandoffNow, Routing, Understanding


class ServiceDown(Exception):
    """A service did not answer: away, too slow, too busy, or broken."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} does not answer")
        self.service = service


class InternalMistake(Exception):
    """A service refused what the gateway asked: a mistake of ours or of the desk's set-up, not of the contact."""

    def __init__(self, service: str, refusal: str) -> None:
        super().__init__(f"{service} refused: {refusal}")
        self.service = service
        self.refusal = refusal


class CursorGone(Exception):
    """What follows the cursor is no longer kept: start from a snapshot."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the FAQ is asked.

    Attributes:
        embedding: the text's vector, so that it need not be encoded again; empty when it is not at hand.
        entry_ids: entries that shall be among the answers, because a keyword or an intent points at them.
    """

    tenant: str
    turn_id: str
    text: str
    language: str
    embedding: bytes = b""
    entry_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What the router is asked: a turn, with everything it may look at; no text.

    Attributes:
        conversation: as it was when work on the turn began.
        language: the contact's, as far as it is known.
        attachments: files that came with the message.
        same_before: messages of the contact just before with the very same words.
    """

    conversation: Conversation
    turn_id: str
    language: str
    understanding: Understanding | None
    answers: Answers | None
    follow_ups: tuple[FollowUp, ...]
    default_queue_id: str
    attachments: int = 0
    same_before: int = 0


class Nlu(Protocol):
    """Understands texts."""

    async def analyze(self, tenant: str, turn_id: str, text: str) -> Understanding:
        """Returns the understanding of a text, with its embedding.

        Raises:
            ServiceDown: NLU does not answer.
            InternalMistake: NLU refuses the text.
        """

    def recall(self, wire: bytes) -> Understanding:
        """Returns an understanding from its stored form."""


class Faq(Protocol):
    """Finds answers."""

    async def search(self, question: Question) -> Answers:
        """Returns what the FAQ knows about a question.

        Raises:
            ServiceDown: the FAQ does not answer.
            InternalMistake: the FAQ refuses the question, or has no such collection.
        """

    def recall(self, wire: bytes) -> Answers:
        """Returns answers from their stored form."""


class Router(Protocol):
    """Decides turns."""

    async def route(self, case: Case) -> Routing:
        """Returns the decision on a turn; the same turn again gets the first decision.

        Raises:
            ServiceDown: the router does not answer.
            InternalMistake: the router refuses the turn.
        """

    async def ask_for_person(self, case: Case) -> HandoffNow:
        """Returns the handoff of the conversation, asked for now in the default queue when none is open.

        Raises:
            ServiceDown: the handoff service does not answer.
            InternalMistake: it refuses.
        """


class ReportKind(IntEnum):
    """What the handoff service is told about a conversation."""

    CONTACT_WROTE = 1
    AGENT_WROTE = 2
    RATED = 3


@dataclass(frozen=True, slots=True)
class Report:
    """Something that the handoff service is to know of a handoff; never a word of what was said.

    Attributes:
        seq: of the message that it is about; of the newest one for a rating.
        handoff_id: that was open then, or is rated.
        rating: of the contact, 1 to 5; None unless they RATED.
    """

    tenant: str
    conversation_id: str
    seq: int
    kind: ReportKind
    handoff_id: str
    happened_at: datetime
    rating: int | None = None


class Reports(Protocol):
    """Hears what happens in conversations with a handoff."""

    async def report_activity(self, tenant: str, reports: Sequence[Report]) -> None:
        """Tells who wrote, each conversation's messages by `seq`; at most 500. What was told before changes nothing.

        Raises:
            ServiceDown: the handoff service does not answer, or cannot do this yet.
            InternalMistake: it refuses what is told, and would again.
        """

    async def record_rating(self, tenant: str, report: Report) -> None:
        """Tells a contact's rating. A conversation's first counts, so telling one again changes nothing.

        Raises:
            ServiceDown: the handoff service does not answer, or cannot do this yet.
            InternalMistake: it refuses what is told, and would again.
        """


class Handoffs(Protocol):
    """Tells how handoffs move on, and hears who owns their conversations."""

    def watch(self, tenant: str, cursor: str) -> AsyncGenerator[tuple[HandoffNow, str], None]:
        """Yields each change of the tenant's handoffs and the cursor after it, from a cursor on and then live.

        Raises:
            CursorGone: what follows the cursor is no longer kept.
            ServiceDown: the handoff service does not answer, or not any more.
            InternalMistake: it refuses.
        """

    async def snapshot(self, tenant: str) -> tuple[Sequence[HandoffNow], str]:
        """Returns all handoffs as they are, oldest first, and the cursor from which to watch.

        Raises:
            ServiceDown: the handoff service does not answer.
            InternalMistake: it refuses.
        """

    async def confirm_owner(self, tenant: str, handoff_id: str, owner: Owner, owner_epoch: int) -> None:
        """Tells that an owner who follows from a handoff is the conversation's since an epoch.

        Returns as well when the handoff service no longer waits for it.

        Raises:
            ServiceDown: the handoff service does not answer.
            InternalMistake: it refuses.
        """

    async def withdraw(self, tenant: str, handoff_id: str) -> None:
        """Ends a handoff whose conversation was closed; returns as well when it has ended.

        Raises:
            ServiceDown: the handoff service does not answer.
            InternalMistake: it refuses.
        """

    async def agent_name(self, tenant: str, owner: Owner) -> str:
        """Returns the name that contacts see of the agent, empty when it cannot be had now."""
