"""What is evaluated: something that learns from examples and then judges messages, whatever is inside it.

It is judged by what a caller of NLU would get, thresholds and all, and not by what an engine thinks of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.engines.port import Progress
    from balie.nlu.examples import Example


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is said of some messages.

    Attributes:
        scores: shape (messages, intents), float64, [0, 1]: the probability of each intent as callers see it; what a row
            lacks to 1 is out of scope.
        out_of_scope: shape (messages,), float64: how much speaks for it that no intent is meant; only its order counts.
        accepted: shape (messages,), whether the verdict is a match.
        choice: shape (messages,), whether the verdict is a choice between intents; never where it is a match.
    """

    scores: "NDArray[np.float64]"
    out_of_scope: "NDArray[np.float64]"
    accepted: "NDArray[np.bool_]"
    choice: "NDArray[np.bool_]"

    @classmethod
    def joined(cls, parts: "Sequence[Judgement]") -> "Judgement":
        """Returns the judgements of several lots of messages as one."""
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.out_of_scope for part in parts]),
            np.concatenate([part.accepted for part in parts]),
            np.concatenate([part.choice for part in parts]),
        )

    def rows(self, places: "NDArray[np.int64]") -> "Judgement":
        """Returns what is said of some of the messages."""
        return Judgement(
            self.scores[places], self.out_of_scope[places], self.accepted[places], self.choice[places]
        )


class Judge(Protocol):
    """A trained model with its thresholds."""

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Returns what a score must reach, by name; `match` is the least score of a match."""

    @property
    def calibration_version(self) -> str:
        """Returns the name of the calibration that set the thresholds."""

    def judge(self, messages: "Sequence[Example]") -> Judgement:
        """Returns what is said of each message, in the order given; of `messages` the intents are not looked at."""

    def close(self) -> None:
        """Frees what it holds."""


class Teacher(Protocol):
    """Makes judges."""

    @property
    def encoder_fingerprint(self) -> str:
        """Returns which encoder was used, empty when none was."""

    def teach(
        self,
        examples: "Sequence[Example]",
        intents: Sequence[str],
        valid: "Sequence[Example]",
        progress: "Progress",
    ) -> Judge:
        """Returns a judge that has learned.

        Args:
            examples: what is learned from; there may be none of some intent.
            intents: the names that judgements are about, without `oos`.
            valid: what thresholds are learned from; without any, examples that models without them have ranked.
            progress: is told what is being done.

        Raises:
            TrainingFailed: nothing can be learned from the examples.
        """

    def prepare(self, messages: "Sequence[Example]", progress: "Progress") -> None:
        """Does ahead, in one go, what teaching and judging need of messages whatever is learned."""

    def preparing_seconds(self, messages: "Sequence[Example]") -> float:
        """Returns how long that takes for one message, in seconds, measured on some of these."""
