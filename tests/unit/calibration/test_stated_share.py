"""Thresholds for traffic whose share of out-of-scope messages is stated, and differs from that of the examples."""

import math

import numpy as np
import pytest

from balie.calibration import NoOutOfScope, NoThreshold, ThresholdUnknown, TooFewExamples, least_threshold
from balie.calibration.binomial import Binomial
from balie.calibration.mixture import Accepted, SameShare, StatedShare

MAX_WRONG, DELTA = 0.05, 0.1

SIZES = [(1000, 60, 0.2), (300, 700, 0.1), (400, 400, 0.4), (3000, 100, 0.3)]
"""Examples in scope, examples out of scope, and the share of the traffic that is out of scope."""


class Traffic:
    """Messages whose true share of wrong is known at every threshold.

    Args:
        expected: share out of scope.
        errors: how often the best answer to a message in scope is wrong, at any score.
        reach: how often a message out of scope scores like one in scope; others score far below.
    """

    def __init__(self, expected: float, errors: float, reach: float) -> None:
        self.expected, self.errors, self.reach = expected, errors, reach

    @classmethod
    def with_wrong(cls, wrong: float, expected: float, errors: float) -> "Traffic":
        """Returns traffic of which that share is wrong among the accepted, whatever the threshold above 0 is."""
        return cls(expected, errors, (1 - expected) * (wrong - errors) / (expected * (1 - wrong)))

    def wrong_rate(self, threshold: float, expected: float) -> float:
        in_scope = (1 - expected) * min(1.0, 1.0 - threshold)
        outside = expected * (
            self.reach * min(1.0, 1.0 - threshold) + (1 - self.reach) * max(0.0, -threshold)
        )
        return (in_scope * self.errors + outside) / (in_scope + outside)

    def draw(self, random: np.random.Generator, in_scope: int, out_of_scope: int) -> tuple[np.ndarray, ...]:
        scores = random.random(in_scope + out_of_scope)
        inside = np.arange(in_scope + out_of_scope) < in_scope
        far = ~inside & (random.random(scores.size) >= self.reach)
        right = inside & (random.random(scores.size) >= self.errors)
        return np.where(far, scores - 1.0, scores), right, inside


def limit(draws: int) -> float:
    """Returns the number of broken promises that a chance of `DELTA` exceeds once in a thousand times."""
    return draws * DELTA + 3 * math.sqrt(draws * DELTA * (1 - DELTA))


@pytest.mark.parametrize("errors", [0.0, 0.025, 0.0505], ids=["oos alone", "both", "in scope alone"])
@pytest.mark.parametrize(("in_scope", "out_of_scope", "expected"), SIZES)
def test_breaks_its_promise_no_more_often_than_it_says(
    in_scope: int, out_of_scope: int, expected: float, errors: float
):
    random, draws = np.random.default_rng(7), 120
    traffic = Traffic.with_wrong(0.051, expected, errors)  # so that every threshold breaks the promise
    found = 0
    for _ in range(draws):
        scores, right, inside = traffic.draw(random, in_scope, out_of_scope)
        try:
            threshold = least_threshold(
                scores, right, MAX_WRONG, delta=DELTA, in_scope=inside, expected_out_of_scope=expected
            )
        except ThresholdUnknown:
            continue
        assert traffic.wrong_rate(threshold.value, expected) > MAX_WRONG
        found += 1

    assert found <= limit(draws)


def thresholds(traffic: Traffic, stated: float | None, draws: int) -> list[float]:
    random, found = np.random.default_rng(3), []
    for _ in range(draws):
        scores, right, inside = traffic.draw(random, 1500, 150)
        try:
            threshold = least_threshold(
                scores, right, MAX_WRONG, delta=DELTA, in_scope=inside, expected_out_of_scope=stated
            )
        except ThresholdUnknown:
            continue
        found.append(threshold.value)
    return found


def test_a_share_that_is_stated_too_low_breaks_the_promise_and_the_true_one_keeps_it():
    traffic, draws = (
        Traffic(0.4, errors=0.01, reach=0.08),
        60,
    )  # at most 0.062 wrong, 0.035 when half is out of scope

    broken = {
        stated: sum(
            traffic.wrong_rate(value, 0.4) > MAX_WRONG for value in thresholds(traffic, stated, draws)
        )
        for stated in (None, 0.2, 0.4)
    }

    assert broken[0.4] <= limit(draws)
    assert broken[0.2] > 0.5 * draws
    assert broken[None] > 0.9 * draws  # the examples have one in eleven out of scope


def test_a_share_that_is_stated_too_high_costs_coverage_and_keeps_the_promise():
    random = np.random.default_rng(5)
    scores = np.concatenate([random.beta(8, 1, 2000), random.beta(2, 4, 400)])
    inside = np.arange(2400) < 2000
    right = inside & (random.random(2400) >= 0.02)

    found = [
        least_threshold(scores, right, MAX_WRONG, in_scope=inside, expected_out_of_scope=share)
        for share in (0.02, 0.1, 0.3, 0.5)
    ]

    values = [threshold.value for threshold in found]
    assert values == sorted(set(values))
    in_scope = [float(np.mean(scores[inside] >= value)) for value in values]
    assert in_scope[0] == pytest.approx(1.0, abs=0.01)
    assert in_scope[-1] > 0.6


def test_uses_all_examples_in_scope_where_few_are_out_of_scope():
    random = np.random.default_rng(11)
    scores = np.concatenate([random.beta(12, 1, 3000), random.beta(1.5, 5, 100)])
    inside = np.arange(3100) < 3000
    right = inside & (random.random(3100) >= 0.02)
    kept = np.concatenate([np.arange(233), np.arange(3000, 3100)])  # as many as make 0.3 out of scope

    whole = least_threshold(scores, right, MAX_WRONG, in_scope=inside, expected_out_of_scope=0.3)

    assert whole.coverage > 0.6
    with pytest.raises(NoThreshold):
        least_threshold(
            scores[kept], right[kept], MAX_WRONG, in_scope=inside[kept], expected_out_of_scope=0.3
        )


def test_the_figures_are_those_of_the_stated_traffic():
    scores = np.concatenate([np.linspace(1.0, 0.5, 200), np.linspace(0.6, 0.1, 50)])
    inside = np.arange(250) < 200
    right = inside.copy()

    threshold = least_threshold(scores, right, 0.2, in_scope=inside, expected_out_of_scope=0.4)

    accepted = scores >= threshold.value
    covered = 0.6 * accepted[inside].mean() + 0.4 * accepted[~inside].mean()
    assert threshold.coverage == pytest.approx(covered)
    assert threshold.wrong_rate == pytest.approx(0.4 * accepted[~inside].mean() / covered)
    assert threshold.examples == 250


def test_the_share_of_the_examples_stated_changes_nothing():
    random = np.random.default_rng(2)
    scores = np.concatenate([random.beta(8, 1, 900), random.beta(2, 4, 100)])
    inside = np.arange(1000) < 900
    right = inside & (random.random(1000) >= 0.02)

    stated = least_threshold(scores, right, MAX_WRONG, in_scope=inside, expected_out_of_scope=0.1)

    plain = least_threshold(scores, right, MAX_WRONG)
    assert (stated.value, stated.coverage) == (plain.value, pytest.approx(plain.coverage))
    assert stated.wrong_rate == pytest.approx(plain.wrong_rate)


def test_a_share_of_none_leaves_the_examples_out_of_scope_aside():
    scores, inside = np.linspace(0, 1, 200), np.arange(200) < 100  # the surest hundred are out of scope

    threshold = least_threshold(scores, inside, MAX_WRONG, in_scope=inside, expected_out_of_scope=0.0)

    assert (threshold.value, threshold.coverage, threshold.examples) == (0.0, 1.0, 100)


def test_an_example_that_another_rule_refuses_counts_and_is_never_accepted():
    scores = np.concatenate([np.full(300, -np.inf), np.linspace(0, 1, 100)])
    right = np.concatenate([np.zeros(300), np.ones(100)])

    threshold = least_threshold(scores, right, MAX_WRONG)

    assert (threshold.value, threshold.coverage, threshold.examples) == (0.0, 0.25, 400)
    with pytest.raises(TooFewExamples, match="30 examples are too few"):
        least_threshold(scores[:330], right[:330], MAX_WRONG)


def test_says_that_examples_out_of_scope_are_needed_to_promise_anything_about_them():
    with pytest.raises(
        NoOutOfScope, match=r"no out-of-scope examples at all.*a share of 0\.1 .*add some under `oos`"
    ):
        least_threshold(
            np.ones(500), np.ones(500), MAX_WRONG, in_scope=np.ones(500), expected_out_of_scope=0.1
        )


def test_says_which_examples_are_too_few():
    def ask(in_scope: int, out_of_scope: int, share: float) -> None:
        inside = np.arange(in_scope + out_of_scope) < in_scope
        least_threshold(
            np.where(inside, 1.0, 0.0), inside, MAX_WRONG, in_scope=inside, expected_out_of_scope=share
        )

    with pytest.raises(TooFewExamples, match=r"^45 examples in scope are too few.* at least 46") as few:
        ask(45, 90, 0.1)
    assert few.value.needed == 46
    ask(46, 90, 0.1)

    with pytest.raises(TooFewExamples, match=r"^10 out-of-scope examples are too few") as few:
        ask(1000, 10, 0.3)
    with pytest.raises(TooFewExamples):
        ask(1000, few.value.needed - 1, 0.3)
    ask(1000, few.value.needed, 0.3)


def test_says_of_which_traffic_no_threshold_can_be_promised():
    inside = np.arange(1000) < 500
    with pytest.raises(
        NoThreshold, match=r"in traffic of which a share of 0\.3 is out of scope: of the"
    ) as none:
        least_threshold(
            np.linspace(0, 1, 1000), inside, MAX_WRONG, in_scope=inside, expected_out_of_scope=0.3
        )
    assert none.value.mistakes > 0


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_refuses_a_share_that_is_none(share: float):
    with pytest.raises(ValueError, match="expected_out_of_scope is"):
        least_threshold([0.5], [True], MAX_WRONG, in_scope=[True], expected_out_of_scope=share)


def test_refuses_examples_that_contradict_themselves():
    with pytest.raises(ValueError, match="right although it is out of scope"):
        least_threshold([0.5], [True], MAX_WRONG, in_scope=[False], expected_out_of_scope=0.1)
    with pytest.raises(ValueError, match="needs to know which examples are in scope"):
        least_threshold([0.5], [True], MAX_WRONG, expected_out_of_scope=0.1)
    with pytest.raises(ValueError, match="1 and 2 examples do not belong together"):
        least_threshold([0.5], [True], MAX_WRONG, in_scope=[True, True])


def test_the_order_of_the_examples_changes_nothing_even_among_equal_scores():
    random = np.random.default_rng(2)
    scores = np.concatenate([random.beta(8, 1, 900), random.beta(2, 4, 200)]).round(2)
    inside = np.arange(1100) < 900
    right = inside & (random.random(1100) >= 0.02)
    order = random.permutation(1100)

    found = [
        least_threshold(scores[rows], right[rows], 0.1, in_scope=inside[rows], expected_out_of_scope=0.3)
        for rows in (np.arange(1100), order)
    ]

    assert found[0] == found[1]


def test_the_same_share_makes_both_tests_nearly_one():
    binomial = Binomial(2000)
    same, stated = SameShare(MAX_WRONG, binomial), StatedShare(MAX_WRONG, binomial, rho=1.0, gamma=1e-6)
    for accepted in (Accepted(400, 8, 4), Accepted(1000, 30, 5), Accepted(2000, 60, 20)):
        exact, bound = same.chance(accepted), stated.chance(accepted)
        assert exact <= bound <= 1.6 * exact + 1e-5


def test_no_more_mistakes_than_allowed_are_no_proof():
    stated = StatedShare(MAX_WRONG, Binomial(1000), rho=5.0, gamma=1e-4)
    assert stated.chance(Accepted(1000, 50, 0)) == 1.0
    assert stated.chance(Accepted(1000, 0, 11)) == 1.0
    assert stated.chance(Accepted(1000, 0, 1)) < 0.01
