"""Calibration errors, on examples small enough to work out by hand and on scores that are calibrated by making."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import (
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    reliability,
)

SCORES = [0.2, 0.2, 0.6, 0.6, 0.9, 0.9]
RIGHT = [False, False, True, False, True, True]


def test_bins_hold_equally_many():
    found = reliability(SCORES, RIGHT, bins=3)

    assert found.counts.tolist() == [2, 2, 2]
    assert found.scores.tolist() == pytest.approx([0.2, 0.6, 0.9])
    assert found.right.tolist() == [0.0, 0.5, 1.0]


def test_equal_scores_are_never_parted():
    found = reliability([0.3, 0.5, 0.5, 0.5, 0.5, 0.8], [0, 0, 1, 1, 1, 1], bins=3)

    assert found.counts.tolist() == [5, 1]
    assert found.scores.tolist() == pytest.approx([0.46, 0.8])


def test_the_order_of_the_examples_makes_no_difference():
    order = [5, 0, 3, 1, 4, 2]

    shuffled = expected_calibration_error([SCORES[at] for at in order], [RIGHT[at] for at in order], bins=3)

    assert shuffled == pytest.approx(expected_calibration_error(SCORES, RIGHT, bins=3))


def test_expected_calibration_error_is_the_mean_miss():
    assert expected_calibration_error(SCORES, RIGHT, bins=3) == pytest.approx((0.2 + 0.1 + 0.1) / 3)


def test_scores_that_are_always_certain_and_half_right_miss_by_a_half():
    assert expected_calibration_error([1.0] * 4, [1, 1, 0, 0]) == 0.5
    # of two kinds of bins only one has noise: 0.25 - 0.5 * 0.5 / 3
    assert debiased_calibration_error([1.0] * 4, [1, 1, 0, 0]) == pytest.approx((0.25 - 0.25 / 3) ** 0.5)


def test_noise_is_taken_out_where_scores_are_calibrated():
    random = np.random.default_rng(3)
    plain, debiased = [], []
    for _ in range(60):
        scores = random.beta(5, 2, 300)
        right = random.random(300) < scores
        plain.append(expected_calibration_error(scores, right))
        debiased.append(debiased_calibration_error(scores, right))

    assert np.mean(plain) > 0.06
    assert np.median(debiased) < 0.02


def test_a_shift_is_found_with_and_without_the_noise():
    random = np.random.default_rng(3)
    scores = random.uniform(0.3, 1.0, 20_000)
    right = random.random(20_000) < scores - 0.2

    assert expected_calibration_error(scores, right) == pytest.approx(0.2, abs=0.01)
    assert debiased_calibration_error(scores, right) == pytest.approx(0.2, abs=0.01)


def test_brier_score_is_the_mean_squared_distance():
    assert brier_score([0.8, 0.4], [True, False]) == pytest.approx((0.04 + 0.16) / 2)
    assert brier_score([1.0, 0.0], [True, False]) == 0.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200), st.integers(1, 30))
def test_every_example_is_in_one_bin(examples: list[tuple[float, bool]], bins: int):
    scores, right = zip(*examples, strict=True)

    found = reliability(scores, right, bins=bins)

    assert found.counts.min() > 0
    assert found.counts.sum() == len(examples)
    assert found.counts.size <= bins
    assert float((found.counts * found.right).sum()) == pytest.approx(sum(right))
    assert (np.diff(found.scores) > -1e-12).all()
    assert 0.0 <= expected_calibration_error(scores, right, bins=bins) <= 1.0


@pytest.mark.parametrize(
    ("scores", "right", "message"),
    [
        ([], [], "at least one score"),
        ([0.5], [True, False], "1 and 2 examples do not belong together"),
        ([1.5], [True], "outside"),
        ([float("nan")], [True], "outside"),
    ],
)
def test_refuses_what_are_no_probabilities(scores: list[float], right: list[bool], message: str):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(scores, right)


def test_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    calibration = pytest.importorskip("sklearn.calibration")
    random = np.random.default_rng(1)
    scores = random.random(600)
    right = random.random(600) < scores**2

    share, mean = calibration.calibration_curve(right, scores, n_bins=10, strategy="quantile")

    found = reliability(scores, right, bins=10)
    assert found.counts.tolist() == [60] * 10
    assert found.scores == pytest.approx(mean)
    assert found.right == pytest.approx(share)
    assert brier_score(scores, right) == pytest.approx(metrics.brier_score_loss(right, scores))
