"""Examples by score, as thresholds are tested on them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration.errors import NoOutOfScope
from balie.calibration.mixture import Accepted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RankedExamples:
    """Examples by score, highest first, of which only those that can be accepted are ranked.

    Attributes:
        ranked: shape (eligible,), their scores.
        wrong: shape (eligible,), how many in scope are wrong up to and with each.
        outside: shape (eligible,), how many are out of scope up to and with each.
        in_scope: how many are in scope, eligible or not. All, without a stated share.
        out_of_scope: how many are out of scope; none, without a stated share.
        expected: the stated share out of scope; None when each example stands for itself.
    """

    ranked: "Floats"
    wrong: "Counts"
    outside: "Counts"
    in_scope: int
    out_of_scope: int
    expected: float | None

    @classmethod
    def of(
        cls,
        scores: "ArrayLike",
        correct: "ArrayLike",
        in_scope: "ArrayLike | None",
        expected: float | None,
    ) -> "RankedExamples":
        """Returns the examples of `balie.calibration.least_threshold`, whose arguments these are.

        Raises:
            NoOutOfScope: a share above 0 is expected, and no example is out of scope.
            ValueError: they contradict themselves or each other.
        """
        values, right = np.asarray(scores, dtype=np.float64), np.asarray(correct, dtype=np.bool_)
        inside = np.ones(values.shape, np.bool_) if in_scope is None else np.asarray(in_scope, np.bool_)
        _check(values, right, inside)
        if expected is None:
            inside = np.ones(values.shape, np.bool_)
        elif not 0.0 <= expected < 1.0:
            raise ValueError(f"expected_out_of_scope is {expected}, must be 0 or more and below 1")
        elif in_scope is None:
            raise ValueError("a stated share out of scope needs to know which examples are in scope")
        elif expected == 0.0:
            values, right, inside = values[inside], right[inside], inside[inside]
        elif inside.all():
            raise NoOutOfScope(expected)
        eligible = np.flatnonzero(values > -np.inf)
        order = eligible[np.lexsort((right[eligible], inside[eligible], -values[eligible]))]
        return cls(
            ranked=values[order],
            wrong=np.cumsum(~right[order] & inside[order]),
            outside=np.cumsum(~inside[order]),
            in_scope=int(inside.sum()),
            out_of_scope=int((~inside).sum()),
            expected=expected if expected else None,
        )

    @property
    def size(self) -> int:
        """Returns how many there are."""
        return self.in_scope + self.out_of_scope

    @property
    def rho(self) -> float:
        """Returns how much more often an example out of scope stands for the traffic than one in scope.

        1 when the stated share is that of the examples to within one example.
        """
        if self.expected is None or abs(self.expected * self.size - self.out_of_scope) <= 1.0:
            return 1.0
        return self.expected / (1.0 - self.expected) * self.in_scope / self.out_of_scope

    def accepted(self, count: int) -> Accepted:
        """Returns what so many examples with the highest scores are."""
        return Accepted(count, int(self.wrong[count - 1]), int(self.outside[count - 1]))

    def rates(self, accepted: Accepted) -> tuple[float, float]:
        """Returns coverage and wrong rate in the traffic that is expected."""
        share = self.expected or 0.0
        inside = (1.0 - share) / max(1, self.in_scope)
        outside = share / max(1, self.out_of_scope) * accepted.out_of_scope
        covered = inside * (accepted.examples - accepted.out_of_scope) + outside
        return covered, (inside * accepted.wrong + outside) / covered


def _check(values: "Floats", right: "Flags", inside: "Flags") -> None:
    if values.ndim != 1 or values.shape != right.shape:
        raise ValueError(
            f"scores of shape {values.shape} and answers of shape {right.shape} do not belong together"
        )
    if values.shape != inside.shape:
        raise ValueError(f"{values.size} and {inside.size} examples do not belong together")
    if np.isnan(values).any() or (values == np.inf).any():
        raise ValueError("a score is not a finite number")
    if (right & ~inside).any():
        raise ValueError("an example is right although it is out of scope")
