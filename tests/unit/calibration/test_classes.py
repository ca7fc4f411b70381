"""Figures of each class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import Confusion, by_class, confusions, macro_f1

TRUTH = [0, 0, 0, 1, 1, 2]
SAID = [0, 0, 1, 1, 0, 0]


def test_counts_each_class():
    found = by_class(TRUTH, SAID, 4)

    assert found.support.tolist() == [3, 2, 1, 0]
    assert found.predicted.tolist() == [4, 2, 0, 0]
    assert found.precision.tolist() == pytest.approx([2 / 4, 1 / 2, 0, 0])
    assert found.recall.tolist() == pytest.approx([2 / 3, 1 / 2, 0, 0])
    assert found.f1.tolist() == pytest.approx([4 / 7, 1 / 2, 0, 0])


def test_the_macro_average_is_of_the_classes_that_occur():
    assert macro_f1(TRUTH, SAID, 4) == pytest.approx((4 / 7 + 1 / 2 + 0) / 3)
    assert macro_f1([0, 0], [0, 0], 9) == 1.0
    assert macro_f1([], [], 3) == 0.0


def test_names_the_commonest_mistakes_first():
    assert confusions([0, 0, 0, 1, 2, 2], [1, 1, 0, 0, 0, 2], 3) == [
        Confusion(0, 1, 2),
        Confusion(1, 0, 1),
        Confusion(2, 0, 1),
    ]
    assert len(confusions([0, 0, 1, 2], [1, 2, 0, 0], 3, most=2)) == 2
    assert confusions([0, 1], [0, 1], 2) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=80))
def test_all_mistakes_are_among_the_confusions(rows: list[tuple[int, int]]):
    truth, said = zip(*rows, strict=True)

    found = confusions(truth, said, 5, most=25)

    assert sum(one.count for one in found) == sum(a != b for a, b in rows)
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)


@pytest.mark.parametrize(
    ("truth", "said", "message"),
    [
        ([0, 1], [0], "do not belong together"),
        ([0, 3], [0, 1], "not one of 0 to 2"),
        ([0, 1], [0, -1], "not one of 0 to 2"),
    ],
)
def test_refuses_what_are_no_classes(truth: list[int], said: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        by_class(truth, said, 3)


def test_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(4)
    truth, said = random.integers(0, 9, 300), random.integers(0, 10, 300)

    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, said, labels=np.arange(10), zero_division=0
    )

    found = by_class(truth, said, 10)
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
    assert found.f1 == pytest.approx(f1)
    assert found.support.tolist() == support.tolist()
    assert macro_f1(truth, said, 12) == pytest.approx(metrics.f1_score(truth, said, average="macro"))
