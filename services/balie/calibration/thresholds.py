"""The least score at which an answer may be given, so that at most a chosen share of what is given is wrong.

The share of wrong among the accepted is not monotone in the threshold, so a threshold may not simply be read off a
curve. Thresholds are tested from a strict one on downwards, each with an exact test, until the first fails; the last
that passed is taken. Testing in a fixed sequence keeps the chance that any threshold that passed breaks the bound at
`delta`. A mistake or two among the first examples must not end it, so with enough examples the sequence has three
stretches, each with a third of `delta` of its own, and what a stretch that passed whole had is passed on to the next.

Sources: Angelopoulos, Bates, Candès, Jordan and Lei 2021, "Learn then Test", arXiv:2110.01052, sections 2 and 3 (fixed
sequence testing, with several starts); Bretz, Maurer, Brannath and Posch 2009, Statistics in Medicine 28(4), and Wiens
2003, Pharmaceutical Statistics 2(3) (what was spent on a hypothesis that is rejected may be spent on the next); Clopper
and Pearson 1934, Biometrika 26(4) (the exact bound). For a stated share out of scope see `balie.calibration.mixture`.
"""

import hashlib
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration.binomial import Binomial, check_share, least_examples
from balie.calibration.errors import NoThreshold, TooFewExamples
from balie.calibration.mixture import Accepted, SameShare, StatedShare
from balie.calibration.ranking import RankedExamples

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

_METHOD = "ltt.v2"

_STEPS = 100
"""Thresholds that are tested at most. Many more would stop earlier, at a passing run of bad luck; fewer are coarser."""

_STARTS = (0.1, 0.3, 0.6)
"""Where the stretches start, as shares of the examples accepted. They and their number depend on the number of
examples alone, as a fixed sequence must."""

_STARTS_FROM = 4
"""Several starts are taken from so many times the fewest examples on; below, a third of `delta` asks too many. Over
simulated examples of six kinds this lost the least coverage."""

_FIRST = 1.5
"""How many times the fewest examples the first threshold accepts: with the fewest, one mistake ends the sequence. Where
examples are scarce and each mistake counts once, the fewest are the better start all the same."""

_CONFINING = 0.02
"""Part of a stretch's chance that is spent on confining the share of wrong in scope, with a stated share."""


@dataclass(frozen=True)
class Threshold:
    """A score from which on answers are given, and what it did on the examples it was learned from."""

    value: float
    """Answers whose score is at least this are accepted."""
    coverage: float
    """Accepted as a share of all, in [0, 1]; with a stated share out of scope, in traffic of that mixture."""
    wrong_rate: float
    """Wrong or out of scope among the accepted, in [0, 1], in the same traffic; below `max_wrong`, as the bound needs a
    margin."""
    examples: int
    """Examples it was learned from."""
    version: str
    """Changes whenever the examples, their scores, the bound, the stated share or the method do."""


def least_threshold(
    scores: "ArrayLike",
    correct: "ArrayLike",
    max_wrong: float,
    *,
    delta: float = 0.1,
    in_scope: "ArrayLike | None" = None,
    expected_out_of_scope: float | None = None,
) -> Threshold:
    """Returns the least threshold whose share of wrong among the accepted is at most `max_wrong`.

    The promise: over draws of examples, at most a share `delta` of the thresholds returned lets through more than
    `max_wrong` wrong. It holds for examples that the scores were not trained on, and for traffic of which the stated
    share is out of scope; without a stated share, for traffic with the same share as the examples. A share that is
    stated too low breaks it: state the highest that is expected.

    Args:
        scores: shape (examples,), the score of each example's best answer; higher is surer. -inf for an example that
            another rule refuses already: it counts, and is never accepted.
        correct: shape (examples,), whether that answer is right; never for an example out of scope.
        max_wrong: the greatest share of wrong among the accepted, in (0, 1).
        delta: the chance that the promise is broken, in (0, 1).
        in_scope: shape (examples,), whether there is a right answer at all; needed with `expected_out_of_scope`.
        expected_out_of_scope: the share of the traffic that is out of scope, in [0, 1), or None for that of the
            examples. 0 leaves the examples out of scope aside.

    Raises:
        TooFewExamples: not even examples without a mistake would prove the bound; says how many would.
        NoOutOfScope: a share above 0 is expected, and no example is out of scope.
        NoThreshold: there are enough, and the surest of them hold too many mistakes.
        ValueError: shapes differ, a score is not finite, a share is out of range, or an example is right and out of
            scope.
    """
    check_share("max_wrong", max_wrong)
    check_share("delta", delta)
    examples = RankedExamples.of(scores, correct, in_scope, expected_out_of_scope)
    rule = _rule(examples, max_wrong, delta)
    passed = _last_passed(examples, rule)
    if not passed:
        first = examples.accepted(int(rule.counts[0]))
        raise NoThreshold(
            first.examples,
            first.wrong + first.out_of_scope,
            max_wrong=max_wrong,
            delta=delta,
            expected=examples.expected,
        )
    coverage, wrong_rate = examples.rates(examples.accepted(passed))
    return Threshold(
        value=float(examples.ranked[passed - 1]),
        coverage=coverage,
        wrong_rate=wrong_rate,
        examples=examples.size,
        version=_version(examples, max_wrong, delta),
    )


@dataclass(frozen=True, eq=False)
class _Rule:
    """What is tested, in which order, at which chance.

    Attributes:
        counts: shape (tests,), rising: how many examples each threshold accepts.
        stretches: where in `counts` each stretch starts.
        share: the chance that each stretch has of its own.
        chance: the chance of what a threshold accepts if it broke the bound.
    """

    counts: "Counts"
    stretches: tuple[int, ...]
    share: float
    chance: Callable[[Accepted], float]


def _rule(examples: RankedExamples, max_wrong: float, delta: float) -> _Rule:
    rho = examples.rho
    is_plain = rho == 1.0
    weight = max(1.0, rho * (1.0 - max_wrong) + max_wrong)
    confining = 0.0 if is_plain else _CONFINING
    eligible = examples.ranked.size
    inside = np.arange(eligible) if is_plain else np.flatnonzero(np.diff(examples.outside, prepend=0) == 0)

    needed = least_examples(max_wrong / weight, delta=delta * (1.0 - confining))
    if inside.size < needed:
        raise _too_few(examples, inside.size, needed, max_wrong, delta)
    are_many = inside.size >= _STARTS_FROM * needed
    starts = _STARTS if are_many else (0.0,)
    share = delta / len(starts)
    fewest = least_examples(max_wrong / weight, delta=share * (1.0 - confining))
    first = min(inside.size, fewest if is_plain and not are_many else math.ceil(_FIRST * fewest))
    wanted = inside[np.linspace(first, inside.size, _STEPS).astype(np.int64) - 1] + 1
    counts = _never_parted(examples.ranked, np.append(wanted, eligible))
    stretches = [np.searchsorted(counts, inside[int(start * inside.size)]) for start in starts]
    binomial = Binomial(eligible)
    rule = (
        SameShare(max_wrong, binomial)
        if is_plain
        else StatedShare(max_wrong, binomial, rho, confining * share)
    )
    return _Rule(counts, tuple(int(place) for place in stretches), share, rule.chance)


def _last_passed(examples: RankedExamples, rule: _Rule) -> int:
    """Returns how many examples the last threshold accepts that passed its test; 0 if none did."""
    passed, inherited = 0, 0.0
    for start, end in itertools.pairwise((*rule.stretches, rule.counts.size)):
        level, inherited = inherited + rule.share, 0.0
        for count in rule.counts[start:end].tolist():
            if rule.chance(examples.accepted(count)) > level:
                break
            passed = max(passed, count)
        else:
            inherited = level
    return passed


def _too_few(
    examples: RankedExamples, in_scope: int, needed: int, max_wrong: float, delta: float
) -> TooFewExamples:
    if examples.expected is None:
        return TooFewExamples(in_scope, needed, max_wrong=max_wrong, delta=delta)
    chance = delta * (1.0 - _CONFINING)
    least = least_examples(max_wrong, delta=chance)
    if in_scope < least:
        return TooFewExamples(in_scope, least, max_wrong=max_wrong, delta=delta, kind="examples in scope")
    heaviest = max_wrong / -math.expm1(math.log(chance) / in_scope)
    odds = examples.expected / (1.0 - examples.expected)
    outside = math.ceil(odds * examples.in_scope * (1.0 - max_wrong) / (heaviest - max_wrong))
    return TooFewExamples(
        examples.out_of_scope, outside, max_wrong=max_wrong, delta=delta, kind="out-of-scope examples"
    )


def _never_parted(ranked: "Floats", counts: "Counts") -> "Counts":
    """Returns numbers of accepted examples, rising, each up to the end of examples with equal scores."""
    ends = np.append(np.flatnonzero(np.diff(ranked)) + 1, ranked.size)
    found: Counts = np.unique(ends[np.searchsorted(ends, np.unique(counts))])
    return found


def _version(examples: RankedExamples, max_wrong: float, delta: float) -> str:
    parts = (max_wrong, delta, examples.expected, examples.in_scope, examples.out_of_scope)
    digest = hashlib.sha256(repr(parts).encode())
    for row in (examples.ranked, examples.wrong, examples.outside):
        digest.update(row.tobytes())
    return f"{_METHOD}.{digest.hexdigest()[:12]}"
