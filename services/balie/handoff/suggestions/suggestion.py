"""What an agent made of an answer that was suggested to them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Outcome(IntEnum):
    """What an agent made of an answer; the numbers are those of the contract."""

    USED = 1
    """Sent it as it was."""
    EDITED = 2
    """Changed it and sent that."""
    IGNORED = 3
    """Put it aside."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an agent made of one answer in one handoff.

    Attributes:
        handoff_id: the handoff.
        answer_id: the answer of the FAQ.
        outcome: what became of it; what was told last counts.
        agent_id: who had the handoff.
        told_at: when that was told.
    """

    handoff_id: str
    answer_id: str
    outcome: Outcome
    agent_id: str
    told_at: datetime
