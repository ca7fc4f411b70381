"""How far figures may be from the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.calibration import Interval, bootstrap, wilson


def test_wilsons_interval_is_that_of_the_books():
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263 and 15 of 148
    assert wilson(81, 263) == Interval(pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(15, 148) == Interval(pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))
    assert wilson(0, 20) == Interval(0.0, pytest.approx(0.1611, abs=5e-5))


def test_nothing_is_known_without_trials():
    assert wilson(0, 0) == Interval(0.0, 1.0)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_holds_the_share_and_stays_within_it(successes: int, failures: int):
    trials = successes + failures
    found = wilson(successes, trials)

    assert 0.0 <= found.low <= found.high <= 1.0
    if trials:
        assert found.low - 1e-12 <= successes / trials <= found.high + 1e-12


@pytest.mark.parametrize(("successes", "trials"), [(2, 1), (-1, 5)])
def test_refuses_what_is_no_share(successes: int, trials: int):
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, trials)


def test_holds_the_true_share_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    draws = random.binomial(80, 0.9, size=2000)

    held = [wilson(int(hits), 80) for hits in draws]

    assert np.mean([one.low <= 0.9 <= one.high for one in held]) == pytest.approx(0.95, abs=0.02)


def test_the_bootstrap_of_a_mean_is_near_what_is_known_of_it():
    values = np.random.default_rng(2).normal(size=400)

    found = bootstrap(lambda rows: {"mean": float(values[rows].mean())}, np.zeros(400, np.int64))["mean"]

    reach = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - reach, abs=0.02)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.02)


def test_each_group_keeps_its_size_and_the_same_draws_come_again():
    groups = np.array([0] * 5 + [1] * 3)
    seen: list[tuple[int, int]] = []

    def figures(rows: np.ndarray) -> dict[str, float]:
        seen.append((int((groups[rows] == 0).sum()), int((groups[rows] == 1).sum())))
        return {"sum": float(rows.sum())}

    first = bootstrap(figures, groups, resamples=50)

    assert set(seen) == {(5, 3)}
    assert first == bootstrap(figures, groups, resamples=50)
    assert first != bootstrap(figures, groups, resamples=50, seed=1)
