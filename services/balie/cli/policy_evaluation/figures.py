"""What a policy is worth on messages: shares of what became of them, in scope and out of it, with their intervals."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from balie.calibration import Interval, wilson
from balie.cli.policy_evaluation.turns import Judged
from balie.gateway.said import DecisionKind

_Is = Callable[[Judged], bool]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of messages.

    Attributes:
        name: in JSON.
        words: for people.
        holds: which messages have it.
        among: of which it is a share.
    """

    name: str
    words: str
    holds: _Is
    among: _Is


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some messages.

    Attributes:
        count: those that have it.
        total: those it is a share of.
    """

    count: int
    total: int

    @property
    def value(self) -> float | None:
        """Returns the share, [0, 1]; None of no messages."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> Interval:
        """Returns where it lies at 95 % confidence."""
        return wilson(self.count, self.total)


def _any(_one: Judged) -> bool:
    return True


def _answered(one: Judged) -> bool:
    return one.kind is DecisionKind.ANSWER


def _right(one: Judged) -> bool:
    return _answered(one) and one.is_right


def _wrong(one: Judged) -> bool:
    return _answered(one) and not one.is_right


def _clarified(one: Judged) -> bool:
    return one.kind is DecisionKind.CLARIFY


def _right_offered(one: Judged) -> bool:
    return _clarified(one) and one.is_right


def _escalated(one: Judged) -> bool:
    return one.kind is DecisionKind.ESCALATE


def _could_be_offered(one: Judged) -> bool:
    return _escalated(one) and one.in_scope and one.message.intent in one.best


def _asks_for_person(one: Judged) -> bool:
    return one.asks_for_person


FIGURES = (
    Figure("answered", "answered", _answered, _any),
    Figure("right", "answered rightly", _right, _any),
    Figure("wrong", "answered wrongly", _wrong, _any),
    Figure("clarified", "clarified", _clarified, _any),
    Figure("escalated", "escalated", _escalated, _any),
    Figure("wrong_rate", "wrong of answered", _wrong, _answered),
    Figure("right_offered", "right offered of clarified", _right_offered, _clarified),
    Figure("right_in_three", "right in best 3 of escalated", _could_be_offered, _escalated),
    Figure("person_requests", "heard to ask for a person", _asks_for_person, _any),
)
"""All figures, in the order in which they are shown."""


def shares(turns: Sequence[Judged]) -> dict[str, Share]:
    """Returns every figure of some messages, by its name."""
    return {
        one.name: Share(sum(one.holds(turn) for turn in turns if one.among(turn)), sum(map(one.among, turns)))
        for one in FIGURES
    }


def in_traffic(
    in_scope: Sequence[Judged], out_of_scope: Sequence[Judged], share: float
) -> dict[str, float | None]:
    """Returns every figure for traffic of which a share is out of scope, by its name.

    Args:
        in_scope: messages, at least one.
        out_of_scope: messages, at least one.
        share: of the traffic that is out of scope, [0, 1).
    """
    parts = ((in_scope, (1.0 - share) / len(in_scope)), (out_of_scope, share / len(out_of_scope)))

    def weighed(figure: Figure) -> float | None:
        told = [(shares(turns)[figure.name], weight) for turns, weight in parts]
        total = sum(weight * one.total for one, weight in told)
        return sum(weight * one.count for one, weight in told) / total if total else None

    return {figure.name: weighed(figure) for figure in FIGURES}


@dataclass(frozen=True, slots=True)
class Why:
    """How often something was decided for a reason.

    Attributes:
        kind: what.
        reason: why, in words.
        in_scope: on so many messages in scope.
        out_of_scope: on so many out of scope.
    """

    kind: DecisionKind
    reason: str
    in_scope: int
    out_of_scope: int


def reasons(turns: Sequence[Judged]) -> list[Why]:
    """Returns what was decided why, by kind, the most frequent first."""
    found = Counter((one.kind, one.reason) for one in turns)
    inside = Counter((one.kind, one.reason) for one in turns if one.in_scope)
    ordered = sorted(found, key=lambda key: (key[0], -found[key], key[1]))
    return [Why(*key, inside[key], found[key] - inside[key]) for key in ordered]
