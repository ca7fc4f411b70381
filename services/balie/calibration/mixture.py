"""Tests the share of wrong in traffic whose share of out-of-scope messages is not that of the examples.

How many out-of-scope messages customers send differs between desks from 3 to 70 in a hundred, and the examples that
people collect say nothing about it. So the operator states the share, and an accepted out-of-scope example counts for
`kappa` mistakes instead of one. With the stated share pi, n1 examples in scope and n0 out of scope,

    rho = pi / (1 - pi) * n1 / n0,    kappa = rho * (1 - max_wrong) + max_wrong,

and the share of wrong in the traffic is above `max_wrong` exactly when, among k accepted examples, the mean of
T = (wrong in scope) + kappa * (out of scope) is above k * max_wrong. That T is so small by chance has a probability
which depends on one thing more: how many of the mistakes are in scope. The greatest probability counts, over all values
of that which the examples leave possible.

The probability is worked out as if both counts were independent binomial ones. They are not quite: one accepted example
is not both, and the numbers of examples in and out of scope are given. Either makes T scatter less, so that the promise
is kept the better.

Sources: Berger and Boos 1994, JASA 89(427) (a nuisance parameter confined to what is likely, at a price of `gamma`);
Horvitz and Thompson 1952, JASA 47(260) (weights by how often a group was sampled).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from balie.calibration.binomial import Binomial

_POINTS = 17
"""Values of the share of wrong in scope that are tried. Over simulated examples 65 gave the same thresholds."""

_NEAR = 1e-5
"""How exactly that share is confined: the bounds err towards the wider."""

_ROUNDING = 1e-9
"""Sums of weights that differ by less are equal."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a threshold accepts.

    Attributes:
        examples: how many, out-of-scope ones included.
        wrong: how many of those in scope are wrong.
        out_of_scope: how many are out of scope.
    """

    examples: int
    wrong: int
    out_of_scope: int


@dataclass(frozen=True, slots=True)
class SameShare:
    """Tests a share of wrong in traffic like the examples: every mistake counts once."""

    max_wrong: float
    binomial: "Binomial"

    def chance(self, accepted: Accepted) -> float:
        """Returns the chance of so few mistakes if more than `max_wrong` of the traffic were wrong."""
        return self.binomial.tail(accepted.wrong + accepted.out_of_scope, accepted.examples, self.max_wrong)


@dataclass(frozen=True, slots=True)
class StatedShare:
    """Tests a share of wrong in traffic with a stated share out of scope.

    Attributes:
        rho: how much more often an example out of scope stands for the traffic than one in scope.
        gamma: part of the chance that is spent on confining the share of wrong in scope.
    """

    max_wrong: float
    binomial: "Binomial"
    rho: float
    gamma: float

    def chance(self, accepted: Accepted) -> float:
        """Returns the chance of mistakes of so little weight if more than `max_wrong` of the traffic were wrong."""
        kappa = self.rho * (1.0 - self.max_wrong) + self.max_wrong
        weight = accepted.wrong + kappa * accepted.out_of_scope
        in_scope = accepted.examples - accepted.out_of_scope
        if weight >= self.max_wrong * accepted.examples:
            return 1.0
        half, wrong = self.gamma / 2, accepted.wrong
        least = self.binomial.lower(wrong, in_scope, half, precision=_NEAR)
        most = self.binomial.upper(wrong, in_scope, half, most=self.max_wrong, precision=_NEAR)
        if least >= most:
            return 1.0
        errors = np.linspace(least, most, _POINTS)
        odds = (self.max_wrong - errors) / (self.rho * (1.0 - self.max_wrong))
        outside = odds / (1.0 + odds)
        counts = np.arange(min(accepted.examples, int(weight / kappa + _ROUNDING)) + 1)
        rest = np.floor(weight - kappa * counts + _ROUNDING).astype(np.int64)
        of_outside = self.binomial.chances(counts[-1], accepted.examples, outside)
        of_wrong = self.binomial.chances(int(rest[0]), accepted.examples, errors * (1.0 - outside))
        worst = (of_outside * np.cumsum(of_wrong, axis=0)[rest]).sum(axis=0).max()
        return min(1.0, float(worst) + self.gamma)
