"""Scores become probabilities that mean what they say, for the share of messages out of scope that is expected."""

import numpy as np
import pytest

from balie.calibration import expected_calibration_error
from balie.nlu.score_map import ScoreMap, fit_score_map


def rows(count: int, seed: int, *, sharpened: float, oos: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Scores of an engine that is too sure by a known factor, and sees what is out of scope too often."""
    source = np.random.default_rng(seed)
    logits = source.normal(size=(count, 5)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([source.choice(5, p=row) for row in shares])
    outside = source.uniform(size=count) < oos
    truth[outside] = -1
    told = np.exp(logits * sharpened)
    told /= told.sum(axis=1, keepdims=True)
    odds = source.normal(np.where(outside, 2.0, -1.0), 1.0)
    return told * (1 / (1 + np.exp(odds)))[:, None], truth


def right(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return scores.argmax(axis=1) == truth


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 2.5])
def test_probabilities_mean_what_they_say_on_messages_that_were_not_learned_from(sharpened: float):
    scores, truth = rows(6000, 1, sharpened=sharpened)
    new, new_truth = rows(6000, 2, sharpened=sharpened)
    found = fit_score_map(scores, truth, None)
    mapped = found.apply(new)
    assert found.sharpness == pytest.approx(1 / sharpened, rel=0.2)
    assert expected_calibration_error(mapped.max(axis=1), right(mapped, new_truth)) < 0.03
    assert (mapped.sum(axis=1) <= 1.0 + 1e-9).all()


def test_the_share_that_is_stated_counts_and_not_that_of_the_examples():
    scores, truth = rows(6000, 1, sharpened=1.0, oos=0.5)
    rare, rare_truth = rows(20_000, 2, sharpened=1.0, oos=0.05)
    mapped = fit_score_map(scores, truth, 0.05).apply(rare)
    as_learned = fit_score_map(scores, truth, None).apply(rare)
    error = expected_calibration_error(mapped.max(axis=1), right(mapped, rare_truth))
    assert error < 0.03
    assert error < expected_calibration_error(as_learned.max(axis=1), right(as_learned, rare_truth))


def test_where_nothing_is_expected_out_of_scope_nothing_is_taken_off():
    scores, truth = rows(500, 1, sharpened=1.0)
    mapped = fit_score_map(scores, truth, 0.0).apply(scores)
    assert mapped.sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_an_engine_without_a_view_of_what_is_out_of_scope_is_judged_by_its_best_intent():
    scores, truth = rows(4000, 1, sharpened=1.0)
    within = scores / scores.sum(axis=1, keepdims=True)
    flat = np.where((truth < 0)[:, None], (within + 0.8) / 5.0, within)
    found = fit_score_map(flat, truth, None)
    mapped = found.apply(flat)
    assert found.by_best
    assert mapped.max(axis=1)[truth >= 0].mean() > mapped.max(axis=1)[truth < 0].mean() + 0.2


@pytest.mark.parametrize("expected", [0.05, 0.2, None])
def test_what_is_out_of_scope_is_told_as_scikit_learn_would(expected: float | None):
    from sklearn.linear_model import LogisticRegression

    scores, truth = rows(600, 4, sharpened=1.0)
    evidence = np.log1p(-scores.sum(axis=1)) - np.log(scores.sum(axis=1))
    share = (truth < 0).mean() if expected is None else expected
    weights = np.where(truth < 0, share / (truth < 0).mean(), (1 - share) / (truth >= 0).mean())
    regression = LogisticRegression(C=1e3, max_iter=1000)
    regression.fit(evidence[:, None], truth < 0, sample_weight=weights)
    found = fit_score_map(scores, truth, expected)
    wanted = (regression.coef_[0, 0], regression.intercept_[0])
    assert (found.slope, found.offset) == pytest.approx(wanted, rel=1e-5)


def test_a_guess_is_never_certain_and_odd_scores_do_no_harm():
    odd = np.array([[1.0, 0.0], [0.0, 0.0], [0.5, 0.5], [1e-30, 0.0]])
    for found in (ScoreMap(), fit_score_map(odd, np.array([0, -1, 1, 0]), 0.4)):
        mapped = found.apply(odd)
        assert np.isfinite(mapped).all()
        assert mapped.max() < 1.0


def test_the_order_of_the_intents_of_a_message_stays():
    scores, truth = rows(300, 3, sharpened=2.0)
    mapped = fit_score_map(scores, truth, 0.2).apply(scores)
    assert np.array_equal(np.argsort(mapped, axis=1), np.argsort(scores, axis=1))
