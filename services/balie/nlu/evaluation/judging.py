"""What callers are told of rankings: the scores as they see them, and the verdicts that thresholds make of them."""

from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.calibrating import HeldOut, Promise, calibrate
from balie.nlu.evaluation.port import Judgement
from balie.nlu.measuring import scores_of
from balie.nlu.phrases import known_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from balie.nlu.engines.port import Ranking
    from balie.nlu.verdicts import Thresholds

_DIGITS = 6
_NOTHING = 1e-5
"""An engine that learned from no example out of scope may be this sure of it by rounding alone."""


def judgement_of(ranking: "Ranking", thresholds: "Thresholds", known: "Sequence[int | None]") -> Judgement:
    """Returns what is said of ranked messages, in their order.

    Args:
        ranking: the engine's.
        thresholds: of its model.
        known: what `Phrases.places_of` says of each message.
    """
    scores = thresholds.scores.apply(scores_of(ranking))
    known_scores(scores, known)
    accepted, choice = _verdicts(scores, thresholds)
    return Judgement(scores, _outside(ranking, scores.max(axis=1)), accepted, choice)


def accept(
    seen: Judgement, truth: "NDArray[np.int64]", fresh: Judgement, promise: Promise
) -> "NDArray[np.bool_]":
    """Returns which messages are accepted by thresholds that are learned from others, shape (messages,).

    Args:
        seen: what was said of those others.
        truth: shape (others,), the place of the right intent; -1 when it is out of scope.
        fresh: what was said of the messages.
        promise: what the thresholds have to keep.
    """
    thresholds = calibrate(HeldOut(seen.scores, truth), promise)
    return _verdicts(thresholds.scores.apply(fresh.scores), thresholds)[0]


def _verdicts(
    scores: "NDArray[np.float64]", thresholds: "Thresholds"
) -> "tuple[NDArray[np.bool_], NDArray[np.bool_]]":
    """Returns which messages are matches, and which are a choice."""
    padded = scores if scores.shape[1] > 1 else np.hstack([scores, np.zeros((len(scores), 1))])
    ordered = np.round(np.sort(padded, axis=1)[:, -2:], _DIGITS)
    first, second = ordered[:, 1], ordered[:, 0]
    is_ahead = first - second >= thresholds.margin
    return is_ahead & (first >= thresholds.match), ~is_ahead & (second >= thresholds.floor)


def _outside(ranking: "Ranking", best: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Returns the engine's own view of what is out of scope; where it has none, how little its best intent scores."""
    told = ranking.out_of_scope
    if told is None or told.max() < _NOTHING:
        return 1.0 - best
    return told.astype(np.float64)
