"""What an answer costs in mistakes: the share of wrong among the surest examples, for every number of them.

Sources: El-Yaniv and Wiener 2010, JMLR 11; Geifman and El-Yaniv 2017, arXiv:1705.08500, section 2 (the curve of risk and
coverage); Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206, section 3 (the area under it).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """What each threshold gives, from the strictest to the one that accepts all.

    Attributes:
        coverage: shape (thresholds,), rising, (0, 1]: the share that is accepted.
        risk: shape (thresholds,), [0, 1]: the share of wrong or out of scope among the accepted.
        thresholds: shape (thresholds,), falling: what scores at least this is accepted.
    """

    coverage: "Floats"
    risk: "Floats"
    thresholds: "Floats"


def risk_coverage(confidence: "ArrayLike", right: "ArrayLike") -> RiskCoverage:
    """Returns the curve, a point for each different confidence, in O(n log n).

    Args:
        confidence: shape (examples,), higher is surer.
        right: shape (examples,), whether the best answer is the right one; never so for what is out of scope.

    Raises:
        ValueError: no examples, shapes differ, or a confidence is not a number.
    """
    values, correct = np.asarray(confidence, np.float64), np.asarray(right, np.bool_)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"a row of at least one confidence is needed, not shape {values.shape}")
    if values.shape != correct.shape:
        raise ValueError(f"{values.size} and {correct.size} examples do not belong together")
    if np.isnan(values).any():
        raise ValueError("a confidence is not a number")
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)
    accepted = ends + 1
    return RiskCoverage(
        coverage=accepted / values.size,
        risk=np.cumsum(~correct[order])[ends] / accepted,
        thresholds=values[order][ends],
    )


def area_under_risk_coverage(confidence: "ArrayLike", right: "ArrayLike") -> float:
    """Returns the mean share of wrong over all coverages, in [0, 1]; less is better.

    Examples of equal confidence are accepted together, and each counts with the share of wrong up to the last of them.
    Args and errors are those of `risk_coverage`.
    """
    found = risk_coverage(confidence, right)
    return float((np.diff(found.coverage, prepend=0.0) * found.risk).sum())
