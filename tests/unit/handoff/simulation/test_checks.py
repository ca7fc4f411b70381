"""The simulation beside the formulas of queueing theory."""

from dataclasses import replace

import pytest

from balie.handoff.simulation.checks import CASES, Case, Comparison, compared
from balie.handoff.simulation.estimates import Estimate
from balie.handoff.simulation.scale import matching_seconds

SHORT = [replace(case, contacts=250, runs=6) for case in CASES if case.load.agents <= 10]


@pytest.mark.parametrize("case", SHORT, ids=[case.name for case in SHORT])
def test_a_short_simulation_says_roughly_what_the_formulas_say(case: Case) -> None:
    found = list(compared(case, seed=1))
    assert [one.figure for one in found][:2] == ["waited", "mean wait"]
    for one in found:
        assert one.simulated.mean == pytest.approx(one.theory, rel=0.4)
        assert abs(one.simulated.mean - one.theory) < 2 * one.simulated.margin


def test_an_interval_must_cover_the_formula_and_be_narrow() -> None:
    assert Comparison("waited", 0.5, Estimate(0.51, 0.02)).holds
    assert not Comparison("waited", 0.5, Estimate(0.54, 0.02)).holds
    assert not Comparison("waited", 0.5, Estimate(0.51, 0.04)).holds


def test_the_agent_is_found_about_as_fast_among_two_thousand() -> None:
    few, many = matching_seconds(100, 1000), matching_seconds(2000, 1000)
    assert many < 10 * few  # trying each of them would take twenty times as long
