"""Exact chances of binomial counts, and the bounds and numbers of examples that follow from them."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_LEAST_CHANCE, _GREATEST_CHANCE = 1e-300, 1.0 - 2.0**-53
"""Stand for 0 and 1, which have no logarithm on one side."""

_PRECISION = 1e-15
"""Of a bound, unless less will do."""


class Binomial:
    """Chances of counts of up to a number of trials, from one table of logarithms.

    Args:
        most: the greatest number of trials that will be asked for.
    """

    def __init__(self, most: int) -> None:
        self._factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])

    def chances(self, most: int, trials: int, shares: "ArrayLike") -> "Floats":
        """Returns the chance of each count from 0 on.

        Args:
            most: the greatest count, at most `trials`.
            trials: how many there are.
            shares: shape (shares,), the chance of success in each trial, [0, 1].

        Returns:
            Shape (most + 1, shares).
        """
        counts = np.arange(most + 1)
        ways = self._factorials[trials] - self._factorials[counts] - self._factorials[trials - counts]
        share = np.clip(np.atleast_1d(np.asarray(shares, np.float64)), _LEAST_CHANCE, _GREATEST_CHANCE)
        logs = ways[:, None] + counts[:, None] * np.log(share) + (trials - counts)[:, None] * np.log1p(-share)
        found: Floats = np.exp(logs)
        return found

    def tail(self, most: int, trials: int, share: float) -> float:
        """Returns the chance of at most `most` successes, in O(most)."""
        return min(1.0, float(self.chances(min(most, trials), trials, share).sum()))

    def upper(
        self, successes: int, trials: int, delta: float, *, most: float = 1.0, precision: float = _PRECISION
    ) -> float:
        """Returns the share that is exceeded with a chance of at most `delta` (Clopper and Pearson 1934).

        Args:
            successes: how many there were.
            trials: of so many.
            delta: the chance.
            most: the greatest share of interest; returned in place of a greater one.
            precision: by how much the bound may be too high.
        """
        low, high = successes / max(1, trials), most
        if successes >= trials or low >= most or self.tail(successes, trials, most) > delta:
            return most
        while high - low > precision:
            middle = (low + high) / 2
            if middle in (low, high):
                break
            if self.tail(successes, trials, middle) > delta:
                low = middle
            else:
                high = middle
        return high

    def lower(self, successes: int, trials: int, delta: float, *, precision: float = _PRECISION) -> float:
        """Returns the share that is missed from below with a chance of at most `delta` (Clopper and Pearson 1934).

        Args:
            successes: how many there were.
            trials: of so many.
            delta: the chance.
            precision: by how much the bound may be too low.
        """
        low, high = 0.0, successes / max(1, trials)
        while high - low > precision:
            middle = (low + high) / 2
            if middle in (low, high):
                break
            if 1.0 - self.tail(successes - 1, trials, middle) > delta:
                high = middle
            else:
                low = middle
        return low


def least_examples(max_wrong: float, *, mistakes: int = 0, delta: float = 0.1) -> int:
    """Returns how many accepted examples prove the bound when so many of them are wrong."""
    check_share("max_wrong", max_wrong)
    check_share("delta", delta)
    low = (
        mistakes + math.ceil(math.log(delta) / math.log1p(-max_wrong)) - 1
    )  # too few, whatever rounding does
    high = 2 * low + 2
    binomial = Binomial(high)
    while binomial.tail(mistakes, high, max_wrong) > delta:
        low, high = high, 2 * high
        binomial = Binomial(high)
    while high - low > 1:
        middle = (low + high) // 2
        if binomial.tail(mistakes, middle, max_wrong) > delta:
            low = middle
        else:
            high = middle
    return high


def wrong_rate_bound(mistakes: int, accepted: int, *, delta: float = 0.1) -> float:
    """Returns the share of wrong that is exceeded with a chance of at most `delta` (Clopper and Pearson)."""
    return Binomial(accepted).upper(mistakes, accepted, delta)


def check_share(name: str, share: float) -> None:
    """Raises ValueError unless a share is above 0 and below 1."""
    if not 0.0 < share < 1.0:
        raise ValueError(f"{name} is {share}, must be above 0 and below 1")
