"""How sure a figure is that was found by chance: the mean of independent runs, with its 95 % confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of several runs.

    Attributes:
        mean: over the runs.
        margin: half of the 95 % confidence interval's width; nan for a single run.
    """

    mean: float
    margin: float

    @property
    def relative(self) -> float:
        """Returns the margin as a share of the mean; infinite when there is no mean to compare with."""
        return self.margin / abs(self.mean) if self.mean else math.inf

    def covers(self, value: float) -> bool:
        """Tells whether a value is within the interval."""
        return abs(value - self.mean) <= self.margin


def estimate(values: Sequence[float]) -> Estimate:
    """Returns the mean of independent runs and how far off it may be; runs without a figure do not count.

    Source: the interval of Student's t, as for independent replications in Law, Simulation modeling and analysis, 5th
    edition (2015), section 9.4.1.
    """
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return Estimate(known[0] if known else math.nan, math.nan)
    return Estimate(fmean(known), student(len(known) - 1) * stdev(known) / math.sqrt(len(known)))


def student(freedom: int) -> float:
    """Returns what Student's t stays within with a probability of 95 %.

    Source: Abramowitz and Stegun, Handbook of mathematical functions (1964), 26.7.5 for three degrees of freedom and more,
    where it is off by 0.1 % for three and by less than that for more; exact for one and two.
    """
    share = (1 + CONFIDENCE) / 2
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        middle = 2 * share - 1
        return middle * math.sqrt(2 / (1 - middle**2))
    x = NormalDist().inv_cdf(share)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))
