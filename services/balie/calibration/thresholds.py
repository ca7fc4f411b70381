"""The least score at which an answer may be given, so that at most a chosen share of what is given is wrong.

The share of wrong among the accepted is not monotone in the threshold, so a threshold may not simply be read off a
curve. Thresholds are tested from a strict one on downwards, each with an exact binomial test, until the first fails;
the last that passed is taken. Testing in a fixed sequence keeps the chance that any threshold that passed breaks the
bound at `delta`. A mistake or two among the first examples must not end it, so with enough examples there are three
sequences, each from its own start with a third of `delta`.

Source: Angelopoulos, Bates, Candès, Jordan and Lei 2021, "Learn then Test", arXiv:2110.01052, sections 2 and 3 (fixed
sequence testing, with several starts); Clopper and Pearson 1934, Biometrika 26(4) (the exact bound).
"""

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration.errors import NoThreshold, TooFewExamples

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_METHOD = "ltt.v1"

_STEPS = 100
"""Thresholds that are tested at most. Many more would stop earlier, at a passing run of bad luck; fewer are coarser."""

_STARTS = (0.1, 0.3, 0.6)
"""Where the sequences start, as shares of the examples accepted. They and their number depend on the number of
examples alone, as a fixed sequence must."""

_STARTS_FROM = 4
"""Several starts are taken from so many times the fewest examples on; below, a third of `delta` asks too many. Over
simulated examples of six kinds this lost the least coverage."""


@dataclass(frozen=True)
class Threshold:
    """A score from which on answers are given, and what it did on the examples it was learned from."""

    value: float
    """Answers whose score is at least this are accepted."""
    coverage: float
    """Accepted examples as a share of all, in [0, 1]."""
    wrong_rate: float
    """Wrong among the accepted examples, in [0, 1]; below `max_wrong`, as the bound needs a margin."""
    examples: int
    """Examples it was learned from."""
    version: str
    """Changes whenever the examples, their scores, the bound or the method do."""


def least_threshold(
    scores: "ArrayLike", correct: "ArrayLike", max_wrong: float, *, delta: float = 0.1
) -> Threshold:
    """Returns the least threshold whose share of wrong among the accepted is at most `max_wrong`.

    The promise: over draws of examples from the traffic that will come, at most a share `delta` of the thresholds
    returned lets through more than `max_wrong` wrong. It holds for examples that the scores were not trained on, and
    for traffic with the same share out of scope as the examples.

    Args:
        scores: shape (examples,), the score of each example's best answer; higher is surer.
        correct: shape (examples,), whether that answer is right; never for an example out of scope.
        max_wrong: the greatest share of wrong among the accepted, in (0, 1).
        delta: the chance that the promise is broken, in (0, 1).

    Raises:
        TooFewExamples: not even examples without a mistake would prove the bound; says how many would.
        NoThreshold: there are enough, and the surest of them hold too many mistakes.
        ValueError: shapes differ, a score is not finite, or a share is outside (0, 1).
    """
    _check_share("max_wrong", max_wrong)
    _check_share("delta", delta)
    values, right = np.asarray(scores, dtype=np.float64), np.asarray(correct, dtype=np.bool_)
    if values.ndim != 1 or values.shape != right.shape:
        raise ValueError(
            f"scores of shape {values.shape} and answers of shape {right.shape} do not belong together"
        )
    if not np.isfinite(values).all():
        raise ValueError("a score is not a finite number")
    needed = least_examples(max_wrong, delta=delta)
    if values.size < needed:
        raise TooFewExamples(values.size, needed, max_wrong=max_wrong, delta=delta)

    order = np.argsort(-values, kind="stable")
    ranked, mistakes = values[order], np.cumsum(~right[order])
    starts = _STARTS if values.size >= _STARTS_FROM * needed else (0.0,)
    share = delta / len(starts)
    counts = _counts(ranked, least_examples(max_wrong, delta=share))
    passed = 0
    for start in starts:
        for count in counts[np.searchsorted(counts, start * values.size) :]:
            if _binomial_tail(int(mistakes[count - 1]), int(count), max_wrong) > share:
                break
            passed = max(passed, int(count))
    if not passed:
        first = int(counts[0])
        raise NoThreshold(first, int(mistakes[first - 1]), max_wrong=max_wrong, delta=delta)
    return Threshold(
        value=float(ranked[passed - 1]),
        coverage=passed / values.size,
        wrong_rate=float(mistakes[passed - 1] / passed),
        examples=int(values.size),
        version=_version(values, right, max_wrong, delta),
    )


def least_examples(max_wrong: float, *, mistakes: int = 0, delta: float = 0.1) -> int:
    """Returns how many accepted examples prove the bound when so many of them are wrong."""
    _check_share("max_wrong", max_wrong)
    _check_share("delta", delta)
    count = mistakes + math.ceil(math.log(delta) / math.log1p(-max_wrong))
    while _binomial_tail(mistakes, count, max_wrong) > delta:
        count += 1
    return count


def wrong_rate_bound(mistakes: int, accepted: int, *, delta: float = 0.1) -> float:
    """Returns the share of wrong that is exceeded with a chance of at most `delta` (Clopper and Pearson)."""
    if mistakes >= accepted:
        return 1.0
    low, high = mistakes / accepted, 1.0
    for _ in range(60):  # halves the interval below what a float can tell
        middle = (low + high) / 2
        if _binomial_tail(mistakes, accepted, middle) > delta:
            low = middle
        else:
            high = middle
    return high


def _check_share(name: str, share: float) -> None:
    if not 0.0 < share < 1.0:
        raise ValueError(f"{name} is {share}, must be above 0 and below 1")


def _counts(ranked: "NDArray[np.float64]", fewest: int) -> "NDArray[np.int64]":
    """Returns the numbers of accepted examples to test, rising; examples with equal scores are never parted."""
    wanted = np.unique(np.linspace(fewest, ranked.size, _STEPS).astype(np.int64))
    ends = np.append(np.flatnonzero(np.diff(ranked)) + 1, ranked.size)
    found: NDArray[np.int64] = np.unique(ends[np.searchsorted(ends, wanted)])
    return found


def _binomial_tail(most: int, trials: int, share: float) -> float:
    """Returns the chance of at most `most` successes in `trials`, each with chance `share`, in O(trials)."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    successes = np.arange(min(most, trials) + 1)
    logs = factorials[trials] - factorials[successes] - factorials[trials - successes]
    logs = logs + successes * math.log(share) + (trials - successes) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def _version(
    values: "NDArray[np.float64]", right: "NDArray[np.bool_]", max_wrong: float, delta: float
) -> str:
    digest = hashlib.sha256(f"{max_wrong!r} {delta!r} ".encode() + values.tobytes() + right.tobytes())
    return f"{_METHOD}.{digest.hexdigest()[:12]}"
