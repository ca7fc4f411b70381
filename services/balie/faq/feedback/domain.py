"""The words of learning from use: ratings and events, questions for review and their groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Verdict(IntEnum):
    """Whether an answer helped; the numbers are the contract's."""

    HELPFUL = 1
    NOT_HELPFUL = 2


class Fault(IntEnum):
    """What is wrong with an answer; the numbers are the contract's, and 0 says that nobody said."""

    UNSAID = 0
    WRONG_ANSWER = 1
    OUT_OF_DATE = 2
    UNCLEAR = 3
    INCOMPLETE = 4
    OTHER = 5


class Kind(IntEnum):
    """What is said of an answer: a rating, or one of the contract's events under its number."""

    RATING = 0
    SHOWN = 1
    CLICKED = 2


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of an answer.

    Attributes:
        verdict: of a rating; None of an event.
    """

    answer_id: str
    kind: Kind
    verdict: Verdict | None = None
    fault: Fault = Fault.UNSAID
    comment: str = ""


@dataclass(frozen=True)
class Spoken:
    """Names the entry whose answer something was said of."""

    collection_id: str
    entry_id: str


@dataclass(frozen=True, slots=True)
class EntryFeedback:
    """Counts of what was said of an entry's answers."""

    entry_id: str
    helpful: int
    not_helpful: int
    faults: dict[Fault, int]
    shown: int
    clicked: int


class Reason(IntEnum):
    """Why a question is open; the numbers are the contract's, and 0 says that it is not."""

    ANSWERED = 0
    UNANSWERED = 1
    AMBIGUOUS = 2
    NOT_HELPFUL = 3


class State(IntEnum):
    """What is being done about a group; the numbers are the contract's."""

    NEW = 1
    PENDING = 2
    DONE = 3
    IGNORED = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A search that is to be remembered.

    Attributes:
        call_id: request id of the call it came with.
        nonce: of the ids of its answers.
    """

    tenant: str
    collection_id: str
    call_id: str
    text: str
    language: str
    nonce: int
    reason: Reason
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """A question as it is kept.

    Attributes:
        group_id: empty while it has none.
        rated_entry_id: whose answer was rated not helpful last; empty when none was.
    """

    id: str
    call_id: str
    text: str
    language: str
    nonce: int
    reason: Reason
    group_id: str
    asked_at: datetime
    rated_entry_id: str = ""
    fault: Fault = Fault.UNSAID
    comment: str = ""


@dataclass(frozen=True)
class QuestionGroup:
    """A group as it is kept; holds no customer's text.

    Attributes:
        leader_id: its oldest question, which others are compared with.
        revision: counts changes of the state, from 1.
        updated_at: when the state last changed.
    """

    collection_id: str
    id: str
    leader_id: str
    state: State
    revision: int
    size: int
    first_at: datetime
    last_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        """Returns what changes with every change of the state."""
        return str(self.revision)


@dataclass(frozen=True, slots=True)
class Nearest:
    """An entry near to a group's oldest question."""

    entry_id: str
    question: str
    score: float
    above_threshold: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as it is shown to whoever reviews it."""

    group: QuestionGroup
    languages: Sequence[str]
    reasons: Sequence[Reason]
    examples: Sequence[ReviewQuestion]
    nearest: Sequence[Nearest]


@dataclass(frozen=True, slots=True)
class GroupPage:
    """A page of groups; the index that the nearest entries were found in holds at least `generation`."""

    groups: Sequence[GroupView]
    token: str
    generation: int


@dataclass(frozen=True, slots=True)
class NewPhrasing:
    """A question that shall become a phrasing.

    Attributes:
        language: empty for the question's own.
        text: empty for the question's own.
        etag: of the entry that the caller read; empty when it does not matter.
    """

    collection_id: str
    question_id: str
    entry_id: str
    language: str = ""
    text: str = ""
    etag: str = ""
