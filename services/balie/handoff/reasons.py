"""Why a decision was made, or a person asked for. The numbers of the codes are those of the contract."""

from dataclasses import dataclass
from enum import IntEnum


class ReasonCode(IntEnum):
    """The rule behind a decision or a handoff."""

    KEYWORD = 1
    PERSON_REQUESTED = 2
    FAQ_ANSWER = 3
    INTENT = 4
    INTENT_QUEUE = 5
    AMBIGUOUS = 6
    AMBIGUOUS_AGAIN = 7
    NO_MATCH = 8
    OWNED_BY_PERSON = 9
    NLU_UNAVAILABLE = 10
    FAQ_UNAVAILABLE = 11
    HANDOFF_OPEN = 12
    NOTHING_FOLLOWS = 13
    REQUESTED_BY_STAFF = 14
    RULE = 15
    BOT_REPLIES_CAPPED = 16
    MESSAGE_REPEATED = 17
    ANSWER_REPEATED = 18
    RELEASED_RECENTLY = 19


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision.

    Attributes:
        code: the rule that spoke.
        subject: what it spoke about: an intent, a keyword, an entry, a caller; empty when there is none.
        score: what the rule looked at, None when it looked at no score.
        threshold: what the score was compared with, None when there was nothing.
    """

    code: ReasonCode
    subject: str = ""
    score: float | None = None
    threshold: float | None = None
