"""Whether scores are probabilities: of what scored 0.8, eight in ten should be right.

Bins hold equally many examples, not equally wide ranges of scores: a good model's scores crowd near 1, and bins of equal
width would leave most of them nearly empty.

Sources: Guo, Pleiss, Sun and Weinberger 2017, arXiv:1706.04599, section 2 (the expected calibration error); Kumar, Liang
and Ma 2019, arXiv:1909.10155, sections 3 and 4 (bins of equal mass, and the estimate without the bias that the noise of
each bin adds); Brier 1950, Monthly Weather Review 78(1).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BINS = 15
"""As many as Guo et al. use."""


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Examples in bins by their score, lowest first.

    Attributes:
        counts: shape (bins,), examples in each; one at least.
        scores: shape (bins,), the mean score in each, [0, 1].
        right: shape (bins,), the share that is right in each, [0, 1].
    """

    counts: "NDArray[np.int64]"
    scores: "Floats"
    right: "Floats"


def reliability(scores: "ArrayLike", right: "ArrayLike", *, bins: int = BINS) -> Reliability:
    """Returns examples in bins that hold equally many, as nearly as equal scores allow: these stay together.

    Args:
        scores: shape (examples,), [0, 1], the probability that each best answer claims to be right with.
        right: shape (examples,), whether it is.
        bins: how many are wanted; fewer come out where there are fewer different scores.

    Raises:
        ValueError: no examples, shapes differ, or a score is outside [0, 1].
    """
    claimed, correct = _checked(scores, right)
    order = np.argsort(claimed, kind="stable")
    ranked = claimed[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)) + 1, ranked.size)
    wanted = np.ceil(np.linspace(0, ranked.size, min(bins, ranked.size) + 1)[1:]).astype(np.int64)
    edges = np.append(0, np.unique(ends[np.searchsorted(ends, wanted)]))
    counts = np.diff(edges)
    return Reliability(
        counts=counts,
        scores=np.add.reduceat(ranked, edges[:-1]) / counts,
        right=np.add.reduceat(correct[order].astype(np.float64), edges[:-1]) / counts,
    )


def expected_calibration_error(scores: "ArrayLike", right: "ArrayLike", *, bins: int = BINS) -> float:
    """Returns by how much scores miss the share that is right, averaged over the examples, in [0, 1].

    The noise of each bin adds to it, the more the fewer examples there are; `debiased_calibration_error` has that taken
    out. Args and errors are those of `reliability`.
    """
    found = reliability(scores, right, bins=bins)
    return float(np.average(np.abs(found.scores - found.right), weights=found.counts))


def debiased_calibration_error(scores: "ArrayLike", right: "ArrayLike", *, bins: int = BINS) -> float:
    """Returns the root of the mean squared miss, less what the noise of each bin adds to it, in [0, 1].

    0 when the noise alone explains what was found. Args and errors are those of `reliability`.
    """
    found = reliability(scores, right, bins=bins)
    noise = found.right * (1.0 - found.right) / np.maximum(found.counts - 1, 1)
    squares = (found.scores - found.right) ** 2 - noise
    return float(np.sqrt(max(0.0, float(np.average(squares, weights=found.counts)))))


def brier_score(scores: "ArrayLike", right: "ArrayLike") -> float:
    """Returns the mean squared distance between the score and what came true, in [0, 1]; less is better.

    Args and errors are those of `reliability`.
    """
    claimed, correct = _checked(scores, right)
    return float(np.mean((claimed - correct) ** 2))


def _checked(scores: "ArrayLike", right: "ArrayLike") -> "tuple[Floats, NDArray[np.bool_]]":
    claimed, correct = np.asarray(scores, np.float64), np.asarray(right, np.bool_)
    if claimed.ndim != 1 or not claimed.size:
        raise ValueError(f"a row of at least one score is needed, not shape {claimed.shape}")
    if claimed.shape != correct.shape:
        raise ValueError(f"{claimed.size} and {correct.size} examples do not belong together")
    if not ((claimed >= 0.0) & (claimed <= 1.0)).all():
        raise ValueError("a score is outside [0, 1]")
    return claimed, correct
