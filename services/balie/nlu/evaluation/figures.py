"""The headline figures of an evaluation. What each means is in `FIGURES`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie import calibration
from balie.nlu.evaluation.outcome import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

FIGURES: Mapping[str, str] = {
    "accuracy": "Share of all messages whose verdict is right: a match with the right intent, or no match for what is out "
    "of scope. A refused message in scope counts as wrong.",
    "in_scope_accuracy": "Share of the messages in scope whose best intent is the right one, accepted or not.",
    "macro_f1": "Mean F1 of the intents, of the best intent of messages in scope, accepted or not.",
    "coverage": "Share of all messages that are accepted: the verdict is a match.",
    "in_scope_coverage": "Share of the messages in scope that are accepted.",
    "wrong_rate": "Share of the accepted messages that are wrong or out of scope.",
    "ambiguous": "Share of all messages whose verdict is a choice between intents.",
    "oos_recall": "Share of the messages out of scope that are not accepted.",
    "oos_auroc": "Chance that a message out of scope has a higher out-of-scope score than one in scope.",
    "oos_recall_at_5": "Share of out of scope that the out-of-scope score refuses when it may refuse 5 % of in scope.",
    "ece": "Mean distance between the best intent's score and the share that is right, over all messages, in 15 bins of "
    "equal mass; what is out of scope is never right.",
    "ece_debiased": "Root of the mean squared such distance, less what the noise of the bins adds to it.",
    "ece_in_scope": "The same distance as `ece` over the messages in scope, of the scores if one of the intents is meant.",
    "brier": "Mean squared distance between the best intent's score and whether it is right.",
    "aurc": "Mean share of wrong over all coverages, when messages are accepted by the best intent's score.",
}
"""What each figure is; all are shares in [0, 1]."""

_MOST_REFUSED = 0.05


def shares_of(outcome: Outcome) -> dict[str, tuple[int, int]]:
    """Returns the figures that count messages: how many of how many."""
    accepted, right, inside = outcome.judgement.accepted, outcome.right, outcome.in_scope
    verdicts = np.where(inside, accepted & right, ~accepted)

    def share(hits: "Flags", of: "Flags") -> tuple[int, int]:
        return int((hits & of).sum()), int(of.sum())

    everything = np.ones(len(outcome.messages), np.bool_)
    return {
        "accuracy": share(verdicts, everything),
        "in_scope_accuracy": share(right, inside),
        "coverage": share(accepted, everything),
        "in_scope_coverage": share(accepted, inside),
        "wrong_rate": share(~(right & inside), accepted),
        "ambiguous": share(outcome.judgement.choice, everything),
        "oos_recall": share(~accepted, ~inside),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What the figures that no count gives are made of, a row for each message.

    Attributes:
        inside: shape (messages,), whether it is in scope.
        right: shape (messages,), whether the best intent is the right one.
        confidence: shape (messages,), [0, 1], the score of the best intent.
        certainty: shape (messages,), [0, 1], that score if one of the intents is meant.
        outside: shape (messages,), how much speaks for out of scope.
        truth: shape (messages,), the place of the right intent; -1 when it is out of scope.
        best: shape (messages,), the place of the best intent.
        intents: how many there are.
    """

    inside: "Flags"
    right: "Flags"
    confidence: "NDArray[np.float64]"
    certainty: "NDArray[np.float64]"
    outside: "NDArray[np.float64]"
    truth: "NDArray[np.int64]"
    best: "NDArray[np.int64]"
    intents: int

    @classmethod
    def of(cls, outcome: Outcome) -> "Columns":
        """Returns the columns of an outcome."""
        return cls(
            outcome.in_scope,
            outcome.right,
            outcome.confidence,
            outcome.certainty,
            outcome.judgement.out_of_scope,
            outcome.truth,
            outcome.best,
            len(outcome.intents),
        )

    def rows(self, places: "NDArray[np.int64]") -> "Columns":
        """Returns some of the rows, any of them as often as it is named."""
        return Columns(
            self.inside[places],
            self.right[places],
            self.confidence[places],
            self.certainty[places],
            self.outside[places],
            self.truth[places],
            self.best[places],
            self.intents,
        )


def curves_of(columns: Columns) -> dict[str, float]:
    """Returns the other figures, which no count of messages gives."""
    inside, right, confidence = columns.inside, columns.right, columns.confidence
    found = {
        "ece": calibration.expected_calibration_error(confidence, right),
        "ece_debiased": calibration.debiased_calibration_error(confidence, right),
        "brier": calibration.brier_score(confidence, right),
        "aurc": calibration.area_under_risk_coverage(confidence, right),
    }
    if inside.any():
        found["macro_f1"] = calibration.macro_f1(columns.truth[inside], columns.best[inside], columns.intents)
        found["ece_in_scope"] = calibration.expected_calibration_error(
            columns.certainty[inside], right[inside]
        )
    if inside.any() and not inside.all():
        found["oos_auroc"] = calibration.auroc(columns.outside, inside)
        found["oos_recall_at_5"] = calibration.out_of_scope_recall_at(columns.outside, inside, _MOST_REFUSED)
    return found
