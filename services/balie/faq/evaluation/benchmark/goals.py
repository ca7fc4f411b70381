"""What is wanted of the hybrid retriever, and whether it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from balie.calibration.binomial import Binomial
from balie.faq.evaluation.benchmark.rows import Result
from balie.faq.evaluation.benchmark.sets import HALVES, RETRIEVERS, SetRow

HYBRID = RETRIEVERS[0]
BEHIND = 0.005
"""The hybrid retriever may be so much behind the better of its halves on a set: about a question in two hundred."""

_CONFIDENCE = 0.9
_ROUNDING = 1e-9

_SHORT = {"p_at_1": "P@1", "hit_at_5": "hit@5", "mrr": "MRR", "map": "MAP", "coverage": "coverage"}

SetResults = Mapping[str, Result]
"""Of one set, by the retriever's name."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that is wanted.

    Attributes:
        where: the set, and the language if it is of one.
        what: the figure.
        value: that was reached; None where it cannot be told, which is a miss.
        wanted: the least that is wanted, or the most.
        is_most: whether less is better.
    """

    where: str
    what: str
    value: float | None
    wanted: float
    is_most: bool = False

    @property
    def is_met(self) -> bool:
        """Returns whether it is reached."""
        if self.value is None:
            return False
        ahead = self.wanted - self.value if self.is_most else self.value - self.wanted
        return ahead >= -_ROUNDING

    def __str__(self) -> str:
        value = "none" if self.value is None else f"{self.value:.4g}"
        return (
            f"{self.where} {self.what} {value}, {'at most' if self.is_most else 'at least'} {self.wanted:.4g}"
        )


def goals_of(row: SetRow, results: SetResults, max_wrong: float) -> list[Goal]:
    """Returns the goals of one set that can be told from the retrievers that were worked out."""
    found = results.get(HYBRID)
    if found is None:
        return []
    goals = [Goal(row.name, _SHORT[name], found[name], wanted) for name, wanted in row.goals.items()]
    for language, figures in found["by_language"].items() if row.goals_by_language else ():
        where = f"{row.name} {language}"
        goals += [
            Goal(where, _SHORT[name], figures[name], wanted) for name, wanted in row.goals_by_language.items()
        ]
        answered = figures["answered"]
        wrong = round(figures["wrong_rate"] * answered)
        what = f"wrong of {answered} answered"
        goals.append(Goal(where, what, wrong, allowed_wrong(answered, max_wrong), is_most=True))
    halves = [results[half]["p_at_1"] for half in HALVES if half in results]
    if len(halves) == len(HALVES):
        better = max(halves)
        goals.append(Goal(row.name, "P@1 beside the better half", found["p_at_1"], better - BEHIND))
    return goals


def goals_over(rows: Sequence[SetRow], results: Mapping[str, SetResults]) -> list[Goal]:
    """Returns the goals over all sets: ahead of either half on average; none until all of them are worked out."""
    if any(name not in results.get(row.name, {}) for row in rows for name in RETRIEVERS):
        return []
    means = {name: fmean(results[row.name][name]["p_at_1"] for row in rows) for name in RETRIEVERS}
    return [Goal("all sets", f"mean P@1 beside {half}", means[HYBRID], means[half]) for half in HALVES]


def allowed_wrong(answered: int, max_wrong: float) -> int:
    """Returns the most wrong answers that nine of ten desks would see, of so many, whose share of wrong is `max_wrong`."""
    binomial = Binomial(answered)
    return next(
        most for most in range(answered + 1) if binomial.tail(most, answered, max_wrong) >= _CONFIDENCE
    )
