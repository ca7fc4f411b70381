"""How far figures may be from the truth for want of examples.

Sources: Wilson 1927, JASA 22(158), and Brown, Cai and DasGupta 2001, Statistical Science 16(2) (which recommend it for
shares); Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13 (percentile intervals).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure lies, with some confidence.

    Attributes:
        low: the least it may be.
        high: the most it may be.
    """

    low: float
    high: float


def wilson(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Returns the interval of a share, within [0, 1]; all of that without trials.

    Args:
        successes: 0 to `trials`.
        trials: how many there were.
        confidence: in (0, 1).

    Raises:
        ValueError: there are more successes than trials, or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    if not trials:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1.0 + confidence) / 2)
    share, weight = successes / trials, z * z / trials
    middle = (share + weight / 2) / (1.0 + weight)
    reach = z / (1.0 + weight) * math.sqrt(share * (1.0 - share) / trials + weight / (4 * trials))
    return Interval(max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def bootstrap(
    figures: "Callable[[NDArray[np.int64]], Mapping[str, float]]",
    groups: "NDArray[np.int64]",
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """Returns the intervals of figures that are no plain shares, by drawing examples with replacement.

    Drawing adds noise, which raises such figures as calibration errors; so intervals are moved until the mean of the
    draws is the figure of the examples themselves.

    Args:
        figures: returns figures by name from the places of examples, some of which come more than once.
        groups: shape (examples,), a number for each; of each group as many are drawn as there are, so that none is
            missing.
        confidence: in (0, 1).
        resamples: how often is drawn.
        seed: the same draws the same.
    """
    dice = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    found: dict[str, list[float]] = {}
    for _ in range(resamples):
        rows = np.concatenate([places[dice.integers(places.size, size=places.size)] for places in members])
        for name, value in figures(rows).items():
            found.setdefault(name, []).append(value)
    edges = ((1.0 - confidence) / 2, (1.0 + confidence) / 2)
    measured = figures(np.arange(groups.size))
    return {
        name: Interval(
            *(float(edge) for edge in np.quantile(values, edges) + measured[name] - np.mean(values))
        )
        for name, values in found.items()
    }
