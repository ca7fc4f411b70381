"""The figures, on examples small enough to count by hand."""

import pytest

from balie.calibration import Figures, coverage, figures, in_scope_accuracy, wrong_rate

#          accepted and right, accepted and wrong, accepted and out of scope, refused and right, refused, refused
ACCEPTED = [True, True, True, False, False, False]
RIGHT = [True, False, False, True, False, False]
IN_SCOPE = [True, True, False, True, True, False]


def test_counts_every_example_once():
    assert figures(ACCEPTED, RIGHT, IN_SCOPE) == Figures(
        examples=6, accepted=3, coverage=3 / 6, wrong_rate=pytest.approx(2 / 3), in_scope_accuracy=2 / 4
    )


def test_coverage_is_of_all_examples_out_of_scope_ones_included():
    assert coverage([True, False, False, False]) == 0.25


def test_wrong_rate_is_of_the_accepted_alone():
    assert wrong_rate([True, True, False, False], [True, True, False, False]) == 0.0
    assert wrong_rate([True, True, False, False], [False, False, True, True]) == 1.0


def test_nothing_accepted_is_nothing_wrong():
    assert wrong_rate([False, False], [False, True]) == 0.0


def test_in_scope_accuracy_does_not_depend_on_acceptance():
    assert in_scope_accuracy([True, False, False], [True, True, False]) == 0.5


def test_in_scope_accuracy_of_no_examples_in_scope_is_unknown():
    assert in_scope_accuracy([False, False], [False, False]) is None


def test_refuses_an_example_that_is_right_and_out_of_scope():
    with pytest.raises(ValueError, match="right although it is out of scope"):
        in_scope_accuracy([True], [False])


def test_refuses_figures_of_nothing():
    with pytest.raises(ValueError, match="at least one example"):
        coverage([])


def test_refuses_rows_of_different_length():
    with pytest.raises(ValueError, match="3 and 2 examples do not belong together"):
        wrong_rate([True, True, True], [True, True])
