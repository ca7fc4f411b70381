"""What callers are told of rankings: the scores as they see them, and the verdicts that thresholds make of them."""

from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.evaluation.port import Judgement
from balie.nlu.measuring import scores_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.engines.port import Ranking
    from balie.nlu.verdicts import Thresholds

_DIGITS = 6
_NOTHING = 1e-5
"""An engine that learned from no example out of scope may be this sure of it by rounding alone."""


def judgement_of(ranking: "Ranking", thresholds: "Thresholds") -> Judgement:
    """Returns what is said of ranked messages, in their order."""
    scores = scores_of(ranking).astype(np.float64)
    padded = scores if scores.shape[1] > 1 else np.hstack([scores, np.zeros((len(scores), 1))])
    ordered = np.sort(padded, axis=1)
    first, second = ordered[:, -1], ordered[:, -2]
    is_ahead = np.round(first, _DIGITS) - np.round(second, _DIGITS) >= thresholds.margin
    return Judgement(
        scores=scores,
        out_of_scope=_outside(ranking, first),
        accepted=is_ahead & (np.round(first, _DIGITS) >= thresholds.match),
        choice=~is_ahead & (np.round(second, _DIGITS) >= thresholds.floor),
    )


def _outside(ranking: "Ranking", best: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Returns the engine's own view of what is out of scope; where it has none, how little its best intent scores."""
    told = ranking.out_of_scope
    if told is None or told.max() < _NOTHING:
        return 1.0 - best
    return told.astype(np.float64)
