"""How well a score tells what is out of scope from what is in scope, whatever the threshold.

Higher scores are taken to speak for out of scope; for a score of confidence, pass its negative.

Sources: Hanley and McNeil 1982, Radiology 143(1) (the area under the curve is the chance that a pair is ranked rightly);
Hendrycks and Gimpel 2017, arXiv:1610.02136, section 3 (it as a measure of finding what is out of scope).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """What is refused at each threshold, from refusing nothing to refusing all.

    Attributes:
        in_scope_refused: shape (thresholds + 1,), rising, [0, 1]; 0 first.
        out_of_scope_refused: shape (thresholds + 1,), rising, [0, 1]; 0 first.
        thresholds: shape (thresholds + 1,), falling; what scores at least this is refused. Infinite first.
    """

    in_scope_refused: "Floats"
    out_of_scope_refused: "Floats"
    thresholds: "Floats"


def roc(scores: "ArrayLike", in_scope: "ArrayLike") -> Roc:
    """Returns the receiver operating characteristic, a point for each different score, in O(n log n).

    Args:
        scores: shape (examples,), how much speaks for out of scope.
        in_scope: shape (examples,), whether each is in scope.

    Raises:
        ValueError: shapes differ, a score is not a number, or one of the two kinds is missing.
    """
    values, inside = _checked(scores, in_scope)
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)
    return Roc(
        in_scope_refused=np.append(0.0, np.cumsum(inside[order])[ends] / inside.sum()),
        out_of_scope_refused=np.append(0.0, np.cumsum(~inside[order])[ends] / (~inside).sum()),
        thresholds=np.append(np.inf, values[order][ends]),
    )


def auroc(scores: "ArrayLike", in_scope: "ArrayLike") -> float:
    """Returns the chance that what is out of scope scores higher than what is in scope, ties counting half, in [0, 1].

    Args and errors are those of `roc`.
    """
    found = roc(scores, in_scope)
    steps = np.diff(found.in_scope_refused)
    heights = (found.out_of_scope_refused[1:] + found.out_of_scope_refused[:-1]) / 2
    return float((steps * heights).sum())


def out_of_scope_recall_at(scores: "ArrayLike", in_scope: "ArrayLike", most_refused: float = 0.05) -> float:
    """Returns the share of out of scope that is refused when at most a share of in scope may be, in [0, 1].

    Examples of equal score are refused together, so that no more than `most_refused` ever is.

    Args:
        scores: shape (examples,), how much speaks for out of scope.
        in_scope: shape (examples,), whether each is in scope.
        most_refused: the share of in scope that may be refused, [0, 1].

    Raises:
        ValueError: as in `roc`.
    """
    found = roc(scores, in_scope)
    place = np.searchsorted(found.in_scope_refused, most_refused + 1e-12, side="right") - 1
    return float(found.out_of_scope_refused[place])


def out_of_scope_recall_at_accuracy(
    confidence: "ArrayLike", right: "ArrayLike", in_scope: "ArrayLike", least_accuracy: float
) -> float | None:
    """Returns the greatest share of out of scope that is refused while in-scope accuracy stays high enough, in [0, 1].

    In-scope accuracy is here that of a desk which refuses: the share of in-scope examples that are right and accepted.

    Args:
        confidence: shape (examples,), what is below some threshold is refused.
        right: shape (examples,), whether the best answer is the right one.
        in_scope: shape (examples,), whether each is in scope.
        least_accuracy: in [0, 1].

    Returns:
        None when not even accepting everything is so accurate.

    Raises:
        ValueError: as in `roc`.
    """
    values, inside = _checked(confidence, in_scope)
    correct = np.asarray(right, np.bool_) & inside
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)
    accuracy = np.append(0.0, np.cumsum(correct[order])[ends] / inside.sum())
    refused = np.append(1.0, 1.0 - np.cumsum(~inside[order])[ends] / (~inside).sum())
    enough = accuracy >= least_accuracy - 1e-12
    return float(refused[enough].max()) if enough.any() else None


def _checked(scores: "ArrayLike", in_scope: "ArrayLike") -> "tuple[Floats, NDArray[np.bool_]]":
    values, inside = np.asarray(scores, np.float64), np.asarray(in_scope, np.bool_)
    if values.ndim != 1 or values.shape != inside.shape:
        raise ValueError(
            f"scores of shape {values.shape} and flags of shape {inside.shape} do not belong together"
        )
    if np.isnan(values).any():
        raise ValueError("a score is not a number")
    if not inside.any() or inside.all():
        raise ValueError("what is in scope and what is out of scope must both be there")
    return values, inside
