"""Thresholds keep their promise on simulated traffic, where the true share of wrong is known."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import (
    NoThreshold,
    ThresholdUnknown,
    TooFewExamples,
    least_examples,
    least_threshold,
    wrong_rate,
    wrong_rate_bound,
)

Risk = Callable[[np.ndarray], np.ndarray]

RISKS: dict[str, Risk] = {
    "falling": lambda score: 0.9 * (1 - score) ** 2,
    "barely too high everywhere": lambda score: 0 * score + 0.051,
    "low above a step": lambda score: 0.01 + 0.6 * (score < 0.2),
    "surest are not the best": lambda score: np.where(score > 0.95, 0.1, 0.02) + 0.3 * (score < 0.3),
}


def draw(random: np.random.Generator, examples: int, risk: Risk) -> tuple[np.ndarray, np.ndarray]:
    scores = random.random(examples)
    return scores, random.random(examples) >= risk(scores)


@pytest.mark.parametrize("examples", [60, 200, 800])
@pytest.mark.parametrize("name", RISKS)
def test_breaks_its_promise_no_more_often_than_it_says(name: str, examples: int):
    random, draws, delta = np.random.default_rng(7), 250, 0.1
    broken = 0
    for _ in range(draws):
        try:
            threshold = least_threshold(*draw(random, examples, RISKS[name]), 0.05, delta=delta)
        except ThresholdUnknown:
            continue
        broken += RISKS[name](np.linspace(threshold.value, 1, 1001)).mean() > 0.05

    assert broken <= draws * delta + 3 * math.sqrt(draws * delta * (1 - delta))


@pytest.mark.parametrize(
    ("name", "least_coverage", "possible"),
    [("falling", 0.3, 0.41), ("low above a step", 0.78, 0.86), ("surest are not the best", 0.65, 0.76)],
)
def test_accepts_nearly_all_that_can_be_accepted(name: str, least_coverage: float, possible: float):
    threshold = least_threshold(*draw(np.random.default_rng(11), 4000, RISKS[name]), 0.05)

    assert least_coverage <= threshold.coverage <= possible
    assert threshold.wrong_rate < 0.05


def test_is_what_the_examples_show_at_that_threshold():
    scores, correct = draw(np.random.default_rng(3), 1000, RISKS["falling"])

    threshold = least_threshold(scores, correct, 0.1)

    accepted = scores >= threshold.value
    assert threshold.coverage == pytest.approx(accepted.mean())
    assert threshold.wrong_rate == pytest.approx(wrong_rate(accepted, correct))
    assert threshold.examples == 1000


def test_a_laxer_bound_accepts_more():
    examples = draw(np.random.default_rng(5), 2000, RISKS["falling"])

    coverages = [least_threshold(*examples, max_wrong).coverage for max_wrong in (0.05, 0.1, 0.2)]

    assert coverages == sorted(set(coverages))


def test_accepts_all_when_nothing_is_wrong():
    scores = np.linspace(0, 1, 45)

    threshold = least_threshold(scores, np.ones(45), 0.05)

    assert (threshold.value, threshold.coverage, threshold.wrong_rate) == (0.0, 1.0, 0.0)


def test_says_how_many_examples_are_needed():
    with pytest.raises(
        TooFewExamples, match=r"44 examples are too few .* at most 0\.05 .* 0\.9: at least 45"
    ) as few:
        least_threshold(np.ones(44), np.ones(44), 0.05)

    assert (few.value.examples, few.value.needed) == (44, 45)
    assert least_threshold(np.ones(45), np.ones(45), 0.05).coverage == 1.0


def test_has_no_threshold_when_the_surest_are_wrong():
    with pytest.raises(NoThreshold, match=r"no threshold promises at most 0\.05") as none:
        least_threshold(np.linspace(0, 1, 500), np.zeros(500), 0.05)

    assert none.value.mistakes == none.value.accepted > 0


def test_never_parts_examples_of_equal_score():
    scores = np.repeat([0.9, 0.5, 0.1], 100)
    correct = np.concatenate([np.ones(100), np.ones(100), np.zeros(100)])

    threshold = least_threshold(scores, correct, 0.05)

    assert (threshold.value, threshold.coverage) == (0.5, pytest.approx(2 / 3))


def test_does_not_depend_on_the_order_of_the_examples():
    scores, correct = draw(np.random.default_rng(9), 500, RISKS["low above a step"])
    order = np.random.default_rng(1).permutation(500)

    first, second = (
        least_threshold(scores, correct, 0.05),
        least_threshold(scores[order], correct[order], 0.05),
    )

    assert first.value == second.value


def test_names_another_version_for_other_examples_or_another_bound():
    scores, correct = draw(np.random.default_rng(13), 2000, RISKS["low above a step"])
    base = least_threshold(scores, correct, 0.05).version

    assert base.startswith("ltt.v2.")
    assert base == least_threshold(scores, correct, 0.05).version
    assert base != least_threshold(scores, correct, 0.06).version
    assert base != least_threshold(scores, correct, 0.05, delta=0.2).version
    assert base != least_threshold(scores + 1e-9, correct, 0.05).version


@pytest.mark.parametrize(
    ("scores", "correct", "max_wrong", "delta", "message"),
    [
        ([0.5], [True], 0.0, 0.1, "max_wrong is 0.0"),
        ([0.5], [True], 1.0, 0.1, "max_wrong is 1.0"),
        ([0.5], [True], 0.05, 0.0, "delta is 0.0"),
        ([0.5, 0.6], [True], 0.05, 0.1, "do not belong together"),
        ([[0.5]], [[True]], 0.05, 0.1, "do not belong together"),
        ([float("nan")], [True], 0.05, 0.1, "not a finite number"),
        ([float("inf")], [True], 0.05, 0.1, "not a finite number"),
    ],
)
def test_refuses_what_is_no_calibration(scores, correct, max_wrong: float, delta: float, message: str):
    with pytest.raises(ValueError, match=message):
        least_threshold(scores, correct, max_wrong, delta=delta)


def test_bound_is_clopper_and_pearsons():
    # scipy.stats.beta.ppf(0.9, mistakes + 1, accepted - mistakes)
    assert wrong_rate_bound(3, 100) == pytest.approx(0.06558575150289181, abs=1e-12)
    assert wrong_rate_bound(0, 45) == pytest.approx(1 - 0.1 ** (1 / 45), abs=1e-12)
    assert wrong_rate_bound(5, 5) == 1.0


@settings(deadline=None)  # a bound, not a time, is what is tested
@given(st.integers(0, 20), st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_the_fewest_examples_are_the_fewest(mistakes: int, max_wrong: float, delta: float):
    fewest = least_examples(max_wrong, mistakes=mistakes, delta=delta)

    assert wrong_rate_bound(mistakes, fewest, delta=delta) <= max_wrong + 1e-9
    assert fewest == 1 or wrong_rate_bound(mistakes, fewest - 1, delta=delta) > max_wrong - 1e-9
