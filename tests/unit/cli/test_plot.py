"""Plots as SVG."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.cli.eval_report.plot import Plot, number, ticks


def plot() -> Plot:
    return Plot("x", "y", "a plot", width=164, height=156)  # a hundred of its units each way


def test_puts_points_where_they_belong():
    drawn = plot()
    drawn.line([(0.0, 0.0), (1.0, 1.0), (0.5, 0.25)], "accent")

    assert 'points="52.0,112.0 152.0,12.0 102.0,87.0"' in drawn.svg()


def test_a_step_keeps_its_height_until_the_next():
    drawn = plot()
    drawn.steps([(0.0, 0.0), (0.5, 1.0)], "accent")

    assert 'points="52.0,112.0 102.0,112.0 102.0,12.0"' in drawn.svg()


def test_a_bar_stands_on_its_base():
    drawn = plot()
    drawn.bar((0.2, 0.4), (0.0, 0.5), "right", "told")

    assert 'x="72.0" y="62.0" width="20.0" height="50.0"><title>told</title>' in drawn.svg()


def test_words_are_escaped_wherever_they_stand():
    drawn = Plot("<x>", "<y>", "<title>")
    drawn.words((0, 0), "<b>", "<kind>")
    drawn.dot((0, 0), "accent", "<told>")

    assert re.findall(r"<(?:x|y|b|kind|told)>", drawn.svg()) == []
    assert drawn.svg().count("<title>") == 2


def test_drawing_twice_draws_the_same():
    drawn = plot()
    drawn.dot((0.5, 0.5), "accent")

    assert drawn.svg() == drawn.svg()


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (0.2, "0.2"), (1.0, "1"), (0.025, "0.025")])
def test_numbers_are_as_short_as_they_can_be(value: float, shown: str):
    assert number(value) == shown


@settings(deadline=None, max_examples=40)
@given(st.floats(1e-4, 50))
def test_ticks_are_round_few_and_reach_far_enough(most: float):
    found = ticks(most)

    assert found[0] == 0.0
    assert found[-1] >= most - 1e-6
    assert 3 <= len(found) <= 8
