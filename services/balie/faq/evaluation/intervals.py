"""How far the figures of questions may be from the truth for want of questions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import RESAMPLES, Interval, auroc, bootstrap, wilson
from balie.faq.evaluation.outcome import Asked, average_precision, is_hit, reciprocal_rank

if TYPE_CHECKING:
    from numpy.typing import NDArray


def intervals(asked: Sequence[Asked], threshold: float, *, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """Returns the 95 % interval of each figure that the questions can tell.

    Shares have Wilson's, the others come of a bootstrap that keeps the numbers of questions with and without an answer.

    Args:
        asked: what became of questions, at least one.
        threshold: confidence from which answers are given.
        resamples: draws of the bootstrap.
    """
    answerable = [one for one in asked if one.is_answerable]
    answered = [one for one in asked if one.confidence >= threshold]
    found = {}
    if answered:
        found["wrong_rate"] = wilson(sum(not one.is_right for one in answered), len(answered))
    if answerable:
        given = [one for one in answerable if one.confidence >= threshold]
        found |= {
            "p_at_1": wilson(sum(one.is_right for one in answerable), len(answerable)),
            "hit_at_5": wilson(sum(is_hit(one) for one in answerable), len(answerable)),
            "coverage": wilson(len(given), len(answerable)),
            "right_rate": wilson(sum(one.is_right for one in given), len(answerable)),
        }
        found |= _drawn(asked, resamples)
    return found


def _drawn(asked: Sequence[Asked], resamples: int) -> dict[str, Interval]:
    has_answer = np.asarray([one.is_answerable for one in asked], np.bool_)
    confidence = np.asarray([one.confidence for one in asked])
    reciprocal = np.asarray([reciprocal_rank(one) for one in asked])
    precision = np.asarray([average_precision(one) if one.is_answerable else 0.0 for one in asked])
    is_mixed = not has_answer.all()

    def figures(rows: "NDArray[np.int64]") -> dict[str, float]:
        inside = rows[has_answer[rows]]
        found = {"mrr": float(reciprocal[inside].mean()), "map": float(precision[inside].mean())}
        if is_mixed:
            found["answerable_auroc"] = auroc(-confidence[rows], has_answer[rows])
        return found

    return bootstrap(figures, has_answer.astype(np.int64), resamples=resamples)
