"""What tells a message out of scope."""

import numpy as np
import pytest

from balie.nlu.engines.opinions import Opinions
from balie.nlu.engines.scope import Scope, signs_of


def test_two_signs_tell_more_than_either_of_them() -> None:
    chance = np.random.default_rng(0)

    def signs(place: float, rows: int) -> np.ndarray:
        return chance.normal(loc=(place, place, 0.0), size=(rows, 3)).astype(np.float32)

    scope = Scope.fit(signs(1.0, 900), signs(-1.0, 100))
    inside, outside = signs(1.0, 1000), signs(-1.0, 1000)

    def right(inside_scores: np.ndarray, outside_scores: np.ndarray) -> float:
        return float((outside_scores[:, None] > inside_scores).mean())

    together = right(scope.out_of_scope(inside), scope.out_of_scope(outside))
    assert together > max(right(-inside[:, sign], -outside[:, sign]) for sign in (0, 1)) + 0.02
    assert (scope.out_of_scope(outside) > 0.5).mean() == pytest.approx(
        (scope.out_of_scope(inside) < 0.5).mean(), abs=0.05
    ), "however few of the examples are out of scope, both kinds count alike"


def test_a_sign_that_tells_nothing_or_never_changes_does_no_harm() -> None:
    chance = np.random.default_rng(0)
    inside = np.stack([chance.normal(2.0, size=500), chance.normal(size=500), np.full(500, 7.0)], axis=1)
    outside = inside - np.array([4.0, 0.0, 0.0])
    scope = Scope.fit(inside.astype(np.float32), outside.astype(np.float32))
    weights = np.abs(scope.arrays()["scope_weights"])
    assert weights[0] > 5 * weights[1:].max()


def test_scores_lie_in_range_whatever_the_signs() -> None:
    spread = np.linspace(-1.0, 1.0, 9, dtype=np.float32)[:, None] * np.ones(2, np.float32)
    scope = Scope.fit(spread + 1, spread)
    found = scope.out_of_scope(np.array([[1e30, 1e30], [-1e30, -1e30], [0.5, 0.5]], np.float32))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert found[1] > found[2] > found[0]


def test_what_was_stored_tells_the_same() -> None:
    chance = np.random.default_rng(0)
    signs = chance.normal(size=(40, 3)).astype(np.float32)
    scope = Scope.fit(signs[:20], signs[20:] + 1)
    assert np.array_equal(Scope.of_arrays(scope.arrays()).out_of_scope(signs), scope.out_of_scope(signs))


def test_signs_are_energy_leads_shares_and_nearness() -> None:
    logits = np.array([[2.0, 1.0, 0.5]], np.float32)
    opinions = Opinions([logits * 10], np.array([[0.25]], np.float32))
    energy = np.log(np.exp([2.0, 1.0]).sum())
    share = 2.0 - np.log(np.exp([2.0, 1.0, 0.5]).sum())
    expected = [energy, 1.0, share, 0.25, 0.5 - 2.0]
    assert signs_of(opinions, logits, 2)[0] == pytest.approx(expected, abs=1e-5)


def test_a_single_intent_has_signs_too() -> None:
    logits = np.array([[2.0]], np.float32)
    signs = signs_of(Opinions([logits], np.empty((1, 0), np.float32)), logits, 1)
    assert np.isfinite(signs).all()
