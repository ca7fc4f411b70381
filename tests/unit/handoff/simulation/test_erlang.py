"""The formulas, beside figures that were published and beside the equations they solve."""

import pytest

from balie.handoff.simulation.erlang import Expected, Load, answered_within, blocked, impatient, patient

LOADS = [
    Load(per_agent * agents / 360, 360, agents) for agents in (1, 2, 10, 60) for per_agent in (0.3, 0.8, 0.98)
]


def by_balance(load: Load, patience: float | None) -> Expected:
    """Solves what comes in and what goes out of each number of contacts, from none to far more than there can be."""
    shares = [1.0]
    for number in range(1, 6000):
        leaving = max(0, number - load.agents) / patience if patience else 0.0
        shares.append(shares[-1] * load.arrivals / (min(number, load.agents) / load.handle + leaving))
    total = sum(shares)
    line = sum(max(0, number - load.agents) * share for number, share in enumerate(shares)) / total
    waited = sum(shares[load.agents :]) / total
    left = line / patience / load.arrivals if patience else 0.0
    return Expected(waited, left, line / load.arrivals)  # Little's law


def close(one: Expected, other: Expected) -> bool:
    return (one.waited, one.left, one.mean_wait) == pytest.approx(
        (other.waited, other.left, other.mean_wait), rel=1e-6, abs=1e-9
    )


def test_blocks_as_the_published_tables_say() -> None:
    """Erlang B for 10 servers and 5 erlang is 1.84 %, and for 1 and 1 it is a half."""
    assert blocked(Load(5 / 60, 60, 10)) == pytest.approx(0.01838, abs=1e-5)
    assert blocked(Load(1 / 60, 60, 1)) == pytest.approx(0.5)


@pytest.mark.parametrize("load", LOADS)
def test_who_never_leaves_waits_as_the_balance_says(load: Load) -> None:
    assert close(patient(load), by_balance(load, None))


@pytest.mark.parametrize("patience", [20.0, 360.0, 2000.0])
@pytest.mark.parametrize("load", [*LOADS, Load(1.5 * 10 / 360, 360, 10)])
def test_who_leaves_waits_as_the_balance_says(load: Load, patience: float) -> None:
    assert close(impatient(load, patience), by_balance(load, patience))


def test_one_agent_answers_as_everybody_knows() -> None:
    load = Load(0.8 / 60, 60, 1)
    assert patient(load).waited == pytest.approx(0.8)
    assert patient(load).mean_wait == pytest.approx(0.8 * 60 / 0.2)
    assert answered_within(load, 0) == pytest.approx(0.2)
    assert answered_within(load, 1e6) == pytest.approx(1)


def test_endless_patience_is_as_if_nobody_left() -> None:
    load = Load(8 / 360, 360, 10)
    expected = patient(load)
    found = impatient(load, 1e8)
    assert (found.waited, found.mean_wait) == pytest.approx((expected.waited, expected.mean_wait), rel=1e-3)


def test_a_line_that_grows_for_ever_has_no_mean() -> None:
    with pytest.raises(ValueError, match="more comes"):
        patient(Load(1 / 60, 60, 1))
