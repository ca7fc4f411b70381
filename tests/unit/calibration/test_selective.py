"""What an answer costs in mistakes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import area_under_risk_coverage, coverage, risk_coverage, wrong_rate

CONFIDENCE = [0.9, 0.8, 0.8, 0.1]
RIGHT = [True, False, True, False]


def test_the_curve_has_a_point_for_each_threshold():
    found = risk_coverage(CONFIDENCE, RIGHT)

    assert found.thresholds.tolist() == [0.9, 0.8, 0.1]
    assert found.coverage.tolist() == [0.25, 0.75, 1.0]
    assert found.risk.tolist() == pytest.approx([0.0, 1 / 3, 0.5])


def test_the_area_counts_every_example_once():
    assert area_under_risk_coverage(CONFIDENCE, RIGHT) == pytest.approx((0 + 2 / 3 + 0.5) / 4)


def test_confidence_that_sorts_the_mistakes_last_has_the_least_area():
    right = np.arange(100) < 80

    best = area_under_risk_coverage(np.arange(100)[::-1], right)
    worst = area_under_risk_coverage(np.arange(100), right)

    assert best == pytest.approx(sum((k - 80) / k for k in range(81, 101)) / 100)
    assert best < area_under_risk_coverage(np.ones(100), right) < worst
    assert area_under_risk_coverage(np.ones(100), right) == pytest.approx(0.2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=50))
def test_each_point_is_what_its_threshold_gives(rows: list[tuple[int, bool]]):
    confidence, right = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])

    found = risk_coverage(confidence, right)

    for place, threshold in enumerate(found.thresholds):
        accepted = confidence >= threshold
        assert found.coverage[place] == pytest.approx(coverage(accepted))
        assert found.risk[place] == pytest.approx(wrong_rate(accepted, right))
    assert found.coverage[-1] == 1.0


@pytest.mark.parametrize(
    ("confidence", "right", "message"),
    [
        ([], [], "at least one confidence"),
        ([0.5], [True, False], "1 and 2 examples do not belong together"),
        ([float("nan")], [True], "not a number"),
    ],
)
def test_refuses_what_has_no_curve(confidence: list[float], right: list[bool], message: str):
    with pytest.raises(ValueError, match=message):
        risk_coverage(confidence, right)
