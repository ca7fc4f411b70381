"""How sure a figure is."""

import math
from random import Random

import pytest

from balie.handoff.simulation.estimates import Estimate, estimate, student


@pytest.mark.parametrize(
    ("freedom", "published"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_students_t_is_that_of_the_tables(freedom: int, published: float) -> None:
    assert student(freedom) == pytest.approx(published, rel=2e-3)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    chance = Random(1)
    covered = sum(estimate([chance.gauss(7, 2) for _ in range(5)]).covers(7) for _ in range(4000))
    assert covered / 4000 == pytest.approx(0.95, abs=0.01)


def test_one_run_says_nothing_of_how_sure_it_is() -> None:
    assert math.isnan(estimate([3.0]).margin)
    assert estimate([3.0]).mean == 3
    assert not estimate([3.0]).covers(3)


def test_runs_without_a_figure_do_not_count() -> None:
    assert estimate([1.0, math.nan, 3.0]).mean == 2
    assert math.isnan(estimate([math.nan]).mean)


def test_a_margin_beside_nothing_is_infinite() -> None:
    assert Estimate(0.0, 0.1).relative == math.inf
    assert Estimate(-2.0, 0.1).relative == 0.05
