"""What became of questions, and the threshold that this proves."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.calibration import ThresholdUnknown, least_threshold
from balie.faq.domain import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator accepts.

    Attributes:
        max_wrong: greatest share of wrong among the answers given.
        delta: chance that this promise is broken.
        expected_unanswerable: share of the questions that no entry answers.
        max_questions: most questions asked of one collection.
    """

    max_wrong: float
    delta: float
    expected_unanswerable: float
    max_questions: int = 2000

    def basis(self, retriever: str) -> str:
        """Returns what tells calibrations of this policy, for a retriever's version, from others'."""
        return hashlib.sha256(repr((retriever, self)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of questions; equal to nothing but itself.

    Attributes:
        confidences: shape (questions,), of the best entry.
        right: shape (questions,), whether the best entry answers.
        answerable: shape (questions,), whether any does.
        asked: what `digest` gives of each question; empty when that is not kept.
    """

    confidences: "Floats"
    right: "Flags"
    answerable: "Flags"
    asked: tuple[str, ...] = ()

    def threshold(self, policy: Policy, method: str) -> Calibration | None:
        """Returns the least threshold that keeps the policy's promise; None when none can be proven."""
        try:
            found = least_threshold(
                self.confidences,
                self.right,
                policy.max_wrong,
                delta=policy.delta,
                in_scope=self.answerable,
                expected_out_of_scope=policy.expected_unanswerable,
            )
        except ThresholdUnknown:
            return None
        return Calibration(found.value, f"{method}.{found.version}")

    @staticmethod
    def of(plain: Mapping[str, Sequence[Any]]) -> "Judged":
        """Returns what became of questions from its plain form, with columns of equal length."""
        return Judged(
            np.asarray(plain["confidences"], np.float64),
            np.asarray(plain["right"], np.bool_),
            np.asarray(plain["answerable"], np.bool_),
            tuple(plain.get("asked", ())),
        )

    @staticmethod
    def joined(parts: "Iterable[Judged]") -> "Judged":
        """Returns what became of the questions of several together, one part at least."""
        found = list(parts)
        return Judged(
            np.concatenate([one.confidences for one in found]),
            np.concatenate([one.right for one in found]),
            np.concatenate([one.answerable for one in found]),
            # All of it or none: it stands beside the confidences.
            tuple(asked for one in found for asked in one.asked)
            if all(len(one.asked) == one.right.size for one in found)
            else (),
        )

    def plain(self) -> dict[str, list[Any]]:
        """Returns its plain form."""
        return {
            "confidences": self.confidences.tolist(),
            "right": self.right.astype(int).tolist(),
            "answerable": self.answerable.astype(int).tolist(),
            "asked": list(self.asked),
        }

    def unlearned(self, asked: Sequence[str]) -> "dict[int, float]":
        """Returns, by place, the confidences in those questions that are among these, by one who did not learn from them.

        Args:
            asked: what `digest` gives of each question.
        """
        known = dict(zip(self.asked, self.confidences.tolist(), strict=True)) if self.asked else {}
        return {place: known[one] for place, one in enumerate(asked) if one in known}


def digest(text: str, entry_ids: Iterable[str], best: str) -> str:
    """Returns what tells questions with their answers apart.

    Args:
        text: of the question.
        entry_ids: of the entries that answer.
        best: id of the best one found.
    """
    return hashlib.sha256(repr((text, sorted(entry_ids), best)).encode("utf-8", "replace")).hexdigest()[:12]


NOTHING = Judged(np.empty(0, np.float64), np.empty(0, np.bool_), np.empty(0, np.bool_))
"""What is known of a retriever that was never judged."""
