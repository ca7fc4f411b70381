"""What the router is told of a turn, and what it decides.

None of it is text that a customer wrote: ids, names from the operator's own files, scores and counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from balie.handoff.domain import ANY_LANGUAGE, HandoffState
from balie.handoff.reasons import Reason
from balie.handoff.routing.history import History
from balie.handoff.staffing.skills import Wanted


class DecisionKind(IntEnum):
    """What is done on a turn."""

    ANSWER = 1
    """The bot answers."""
    CLARIFY = 2
    """The bot offers options, or asks to put it in other words."""
    ESCALATE = 3
    """A person is asked."""
    ASSIST = 4
    """A person owns the conversation: the bot suggests to them and stays silent to the contact."""


class Verdict(IntEnum):
    """What NLU's understanding is worth."""

    MATCH = 1
    AMBIGUOUS = 2
    NO_MATCH = 3


class KeywordRule(IntEnum):
    """How a keyword was found."""

    EXACT = 1
    """Letter by letter."""
    NORMALISED = 2
    """After case, accents, hyphens and spaces inside codes were folded."""
    FORM = 3
    """In another form, as a part of a compound, or written apart or together."""
    PATTERN = 4
    """By a pattern, with the right check digits."""
    FUZZY = 5
    """Misspelt: a guess."""


class Frustration(IntEnum):
    """How frustrated the message sounds; a higher level includes the lower ones."""

    UNKNOWN = 0
    """NLU could not tell."""
    NONE = 1
    MILD = 2
    STRONG = 3


class FollowUpSource(IntEnum):
    """Where a follow-up comes from."""

    KEYWORD = 1
    INTENT = 2


class Target(StrEnum):
    """What kind of thing a follow-up leads to."""

    FAQ_ENTRY = "faq_entry"
    REPLY = "reply"
    QUEUE = "queue"
    NOTHING = "nothing"
    """Nothing follows by itself: the FAQ search decides."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An intent and its score, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword that was found.

    Attributes:
        id: names it.
        rule: how it was found.
        whole_message: whether the message holds nothing else.
    """

    id: str
    rule: KeywordRule
    whole_message: bool


@dataclass(frozen=True, slots=True)
class Understanding:
    """What NLU said of the message.

    Attributes:
        verdict: what it is worth.
        intents: best first.
        keywords: those found.
        asks_for_person: whether the contact asks for a person.
        question_count: questions in the message.
        character_count: its length in Unicode code points.
        threshold: what stands behind the verdict, 0 to 1.
        frustration: how frustrated the contact sounds.
    """

    verdict: Verdict
    intents: tuple[Intent, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    asks_for_person: bool = False
    question_count: int = 0
    character_count: int = 0
    threshold: float = 0.0
    frustration: Frustration = Frustration.UNKNOWN


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that could be given.

    Attributes:
        answer_id: names it.
        entry_id: names the question behind it.
        score: -1 to 1.
        above_threshold: whether it may be given.
        pinned: it is here because a keyword or an intent points at its entry, not because it was found.
    """

    answer_id: str
    entry_id: str
    score: float
    above_threshold: bool
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What the FAQ said.

    Attributes:
        candidates: pinned ones first, then best first.
        ambiguous: several were about as close.
        threshold: what stands behind `above_threshold`, -1 to 1.
    """

    candidates: tuple[Candidate, ...] = ()
    ambiguous: bool = False
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a keyword or an intent leads to.

    Attributes:
        source: which of the two it is.
        name: the keyword's id or the intent's name.
        kind: what kind of thing follows.
        target: its id or name; empty for NOTHING.
    """

    source: FollowUpSource
    name: str
    kind: Target
    target: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that the policy looks at; stored with each decision, so that it can be decided again later.

    Attributes:
        default_queue_id: queue for handoffs that nothing more exact was said about.
        owner_agent_id: agent who owns the conversation; empty when the bot does.
        understanding: what NLU said, None when it did not answer.
        answers: what the FAQ said, None when it did not answer.
        follow_ups: what keywords and intents lead to, strongest first.
        history: what went before.
        handoff_state: state of the conversation's open handoff, None when it has none.
        channel: where the contact wrote.
        language: the contact's BCP-47 language, or `und`.
        contact: what is known of the contact, for example `tier: gold`.
        attachments: files that came with the message.
        at: when it was decided, with its zone; None in decisions older than this field.
    """

    default_queue_id: str
    owner_agent_id: str = ""
    understanding: Understanding | None = None
    answers: Answers | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    history: History = field(default_factory=History)
    handoff_state: HandoffState | None = None
    channel: str = ""
    language: str = ANY_LANGUAGE
    contact: Mapping[str, str] = field(default_factory=dict)
    attachments: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    """What an answer is made of; exactly one is set.

    Attributes:
        answer_id: an answer of the FAQ.
        reply: a canned reply of the gateway.
    """

    answer_id: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says to do.

    Attributes:
        kind: what is done.
        reasons: why, most important first, at least one.
        answer: what to answer with or suggest, if anything.
        options: answers to offer, best first, at most 3.
        queue_id: queue that an escalation goes to; empty otherwise.
        priority: of the handoff that an escalation opens, -100 to 100.
        skills: what that handoff wants of its agent.
        is_silent: nothing is said to the contact, so that two machines do not talk for ever.
    """

    kind: DecisionKind
    reasons: tuple[Reason, ...]
    answer: AnswerChoice | None = None
    options: tuple[AnswerChoice, ...] = ()
    queue_id: str = ""
    priority: int = 0
    skills: tuple[Wanted, ...] = ()
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to be decided.

    Attributes:
        id: names it; decided once.
        conversation_id: where it belongs.
        contact_id: who wrote.
        channel: where they wrote.
        language: their BCP-47 language, or `und`.
        inputs: what the policy looks at, but for the state of the handoff, which the service knows itself.
    """

    id: str
    conversation_id: str
    contact_id: str
    channel: str
    language: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Decision:
    """Who does what next on a turn, and why.

    Attributes:
        id: names the decision.
        turn_id: the turn that was decided.
        ruling: what the policy said; its queue is the one the handoff is in.
        handoff_id: handoff that was opened or was open already; empty when there is none.
        policy_version: the policy that decided.
        decided_at: when.
    """

    id: str
    turn_id: str
    ruling: Ruling
    handoff_id: str
    policy_version: str
    decided_at: datetime
