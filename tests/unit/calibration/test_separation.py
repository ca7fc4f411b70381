"""How well a score finds what is out of scope."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import auroc, out_of_scope_recall_at, out_of_scope_recall_at_accuracy, roc

#           out, in, out, in, in
SCORES = [0.9, 0.8, 0.7, 0.3, 0.1]
IN_SCOPE = [False, True, False, True, True]

examples = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({inside for _, inside in rows}) == 2
)


def test_area_is_the_share_of_pairs_that_are_ranked_rightly():
    assert auroc(SCORES, IN_SCOPE) == pytest.approx(5 / 6)


def test_ties_count_half():
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert auroc([0.5, 0.5, 0.2], [True, False, True]) == 0.75


def test_the_curve_goes_from_refusing_nothing_to_refusing_all():
    found = roc(SCORES, IN_SCOPE)

    assert found.out_of_scope_refused.tolist() == [0, 0.5, 0.5, 1, 1, 1]
    assert found.in_scope_refused.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert found.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.3, 0.1]


def test_recall_is_that_of_the_laxest_threshold_that_refuses_few_enough():
    assert out_of_scope_recall_at(SCORES, IN_SCOPE, 0.05) == 0.5
    assert out_of_scope_recall_at(SCORES, IN_SCOPE, 1 / 3) == 1.0


def test_equal_scores_are_refused_together():
    assert out_of_scope_recall_at([0.9, 0.9, 0.1], [False, True, True], 0.4) == 0.0
    assert out_of_scope_recall_at([0.9, 0.9, 0.1], [False, True, True], 0.5) == 1.0


def test_recall_at_an_accuracy_refuses_all_it_may():
    confidence = [0.1, 0.2, 0.3, 0.7, 0.9]
    right = [False, True, False, True, True]

    assert out_of_scope_recall_at_accuracy(confidence, right, IN_SCOPE, 2 / 3) == 1.0
    assert out_of_scope_recall_at_accuracy(confidence, right, IN_SCOPE, 1.0) == 0.5
    assert out_of_scope_recall_at_accuracy(confidence, [False] * 5, IN_SCOPE, 0.1) is None


@settings(deadline=None)
@given(examples)
def test_is_the_count_of_pairs(rows: list[tuple[int, bool]]):
    inside = [score for score, is_in in rows if is_in]
    outside = [score for score, is_in in rows if not is_in]
    pairs = [(out > within) + (out == within) / 2 for out in outside for within in inside]

    assert auroc(*zip(*rows, strict=True)) == pytest.approx(sum(pairs) / len(pairs))


@settings(deadline=None)
@given(examples)
def test_scores_turned_round_turn_the_area_round(rows: list[tuple[int, bool]]):
    scores, inside = np.array([score for score, _ in rows]), [is_in for _, is_in in rows]

    assert auroc(scores, inside) + auroc(-scores, inside) == pytest.approx(1.0)


@settings(deadline=None)
@given(examples, st.floats(0, 1))
def test_never_refuses_more_of_what_is_in_scope_than_it_may(rows: list[tuple[int, bool]], most: float):
    scores, inside = np.array([score for score, _ in rows]), np.array([is_in for _, is_in in rows])

    recall = out_of_scope_recall_at(scores, inside, most)

    possible = [
        float((scores[~inside] >= threshold).mean())
        for threshold in [*scores, np.inf]
        if (scores[inside] >= threshold).mean() <= most + 1e-12
    ]
    assert recall == pytest.approx(max(possible))


@pytest.mark.parametrize(
    ("scores", "inside", "message"),
    [
        ([0.5, 0.6], [True, True], "must both be there"),
        ([0.5, 0.6], [False, False], "must both be there"),
        ([0.5], [True, False], "do not belong together"),
        ([float("nan"), 0.5], [True, False], "not a number"),
    ],
)
def test_refuses_what_has_no_curve(scores: list[float], inside: list[bool], message: str):
    with pytest.raises(ValueError, match=message):
        auroc(scores, inside)


def test_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(2)
    scores, inside = random.integers(0, 40, 500), random.random(500) < 0.8

    assert auroc(scores, inside) == pytest.approx(metrics.roc_auc_score(~inside, scores))
