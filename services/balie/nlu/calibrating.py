"""Learns from scores of held-out examples how sure a model must be, for a share of wrong that the operator accepts.

Scores are made probabilities first (`balie.nlu.score_map`). Then three numbers, one after the other, each from all scores:

1. The margin: the lead over the next intent from which that next one is the right one in at most `max_wrong` of the
   examples.
2. The threshold: of the examples with this lead, the least score at which at most `max_wrong` of the accepted are wrong
   or out of scope, with confidence 1 - `delta`, in traffic of which the expected share is out of scope
   (`balie.calibration.least_threshold`).
3. The floor: of the examples without the lead, the least score of the second intent at which one of the two is right in
   all but `max_wrong_choice`, with the same confidence: a question "do you mean A or B" should hold the answer.

What cannot be promised is not done: the threshold is then 1, which only known words reach.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import structlog

from balie.calibration import ThresholdUnknown, least_threshold
from balie.nlu.score_map import ScoreMap, fit_score_map
from balie.nlu.verdicts import NEVER, Thresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGINS = tuple(step / 20 for step in range(1, 13))
_DIGITS = 6

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Promise:
    """What the operator accepts.

    Attributes:
        max_wrong: greatest share of wrong among matches, (0, 1).
        max_wrong_choice: greatest share of choices between intents none of which is right, (0, 1).
        delta: chance that a promise is broken, (0, 1).
        expected_out_of_scope: share of the messages that no intent is meant by, [0, 1); None for that of the examples.
    """

    max_wrong: float = 0.05
    max_wrong_choice: float = 0.25
    delta: float = 0.1
    expected_out_of_scope: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Scores of examples by models that were not trained on them.

    Attributes:
        scores: shape (examples, intents).
        truth: shape (examples,), the place of the right intent, or -1 when the example is out of scope.
        strangers: shape (strangers, intents), scores of what stands in for messages out of scope; None when the examples
            hold enough of those, or nothing can stand in.
    """

    scores: "NDArray[np.float64]"
    truth: "NDArray[np.int64]"
    strangers: "NDArray[np.float64] | None" = None

    def mapped(self, scores: ScoreMap) -> "HeldOut":
        """Returns the same with an engine's scores turned into probabilities."""
        strangers = None if self.strangers is None else scores.apply(self.strangers)
        return HeldOut(scores.apply(self.scores), self.truth, strangers)

    def with_strangers(self) -> "HeldOut":
        """Returns the same with strangers among the examples, as what they stand in for."""
        if self.strangers is None:
            return self
        outside = np.full(len(self.strangers), -1, np.int64)
        return HeldOut(np.concatenate([self.scores, self.strangers]), np.concatenate([self.truth, outside]))

    def best(self) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """Returns the places of the best two intents and their scores, shape (examples, 2) each."""
        order = np.argsort(-self.scores, axis=1, kind="stable")[:, :2]
        return order, np.take_along_axis(self.scores, order, axis=1)


def calibrate(held_out: HeldOut, promise: Promise) -> Thresholds:
    """Returns how an engine's scores become probabilities, and the thresholds that keep the promise, on held-out examples.

    Strangers count where the promise states a share of messages out of scope; else that of the examples holds.
    """
    if promise.expected_out_of_scope:
        held_out = held_out.with_strangers()
    score_map = fit_score_map(held_out.scores, held_out.truth, promise.expected_out_of_scope)
    held_out = held_out.mapped(score_map)
    if held_out.scores.shape[1] < 2:
        padding = np.zeros((held_out.scores.shape[0], 1))
        held_out = HeldOut(np.hstack([held_out.scores, padding]), held_out.truth)
    places, scores = held_out.best()
    scores = np.round(scores, _DIGITS)
    first, second = scores[:, 0], scores[:, 1]
    is_first, is_second = places[:, 0] == held_out.truth, places[:, 1] == held_out.truth
    lead = first - second
    margin = _margin(lead, is_second, promise.max_wrong)
    is_ahead = lead >= margin
    try:
        found = least_threshold(
            np.where(is_ahead, first, -np.inf),
            is_first,
            promise.max_wrong,
            delta=promise.delta,
            in_scope=held_out.truth >= 0,
            expected_out_of_scope=promise.expected_out_of_scope,
        )
        match, version = found.value, found.version
    except ThresholdUnknown as unknown:
        log.warning("no threshold keeps the promise, only known words will match", reason=str(unknown))
        match, version = NEVER, "unproven.v1"
    floor = _floor(second[~is_ahead], (is_first | is_second)[~is_ahead], promise)
    return Thresholds(match, margin, floor, version, score_map)


def _margin(lead: "NDArray[np.float64]", is_second: "NDArray[np.bool_]", max_wrong: float) -> float:
    for margin in _MARGINS:
        ahead = lead >= margin
        if not ahead.any() or is_second[ahead].mean() <= max_wrong:
            return margin
    return _MARGINS[-1]


def _floor(second: "NDArray[np.float64]", is_either: "NDArray[np.bool_]", promise: Promise) -> float:
    try:
        return least_threshold(second, is_either, promise.max_wrong_choice, delta=promise.delta).value
    except ThresholdUnknown:
        return NEVER
