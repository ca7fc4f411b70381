"""The promise, tried on messages whose scores are made up."""

from pathlib import Path

import numpy as np
import pytest

from balie.nlu.calibrating import Promise
from balie.nlu.engines.port import Progress
from balie.nlu.evaluation.benchmark.promise import Scored, limit_of, try_promise
from balie.nlu.evaluation.judging import accept
from balie.nlu.evaluation.port import Judgement

PROMISE = Promise(max_wrong=0.05, delta=0.1)
SILENT: Progress = lambda _step, _share: None  # noqa: E731


def scored(count: int = 1200, *, out_of_scope: float = 0.2, seed: int = 1) -> Scored:
    """Scores of three intents, of which the best is mostly right; out of scope they are lower."""
    dice = np.random.default_rng(seed)
    outside = dice.random(count) < out_of_scope
    best = np.where(outside, dice.beta(3, 3, count), dice.beta(9, 1, count))
    rest = (1.0 - best) / 2
    right = dice.random(count) < 1 - 0.4 * (1 - best)
    truth = np.where(outside, -1, np.where(right, 0, 1))
    flags = np.zeros(count, np.bool_)
    return Scored(Judgement(np.column_stack([best, rest, rest]), 1 - best, flags, flags), truth)


def test_what_thresholds_promise_is_kept():
    (kept,) = try_promise(scored(), PROMISE, accept, splits=15, progress=SILENT)

    assert (kept.splits, kept.unproven) == (15, 0)
    assert kept.broken <= kept.limit
    assert kept.coverage > 0.5
    assert kept.wrong_rate < 0.05


def test_thresholds_that_promise_nothing_are_found_out():
    def careless(_seen: Judgement, _truth: np.ndarray, fresh: Judgement, _promise: Promise) -> np.ndarray:
        return np.ones(len(fresh.scores), np.bool_)

    (kept,) = try_promise(scored(), PROMISE, careless, splits=20, progress=SILENT)

    assert kept.broken == kept.broken_in_half == 20
    assert kept.coverage == 1.0


def test_thresholds_are_learned_from_one_half_alone():
    whole = scored(400)
    seen_sizes = set()

    def noting(seen: Judgement, truth: np.ndarray, fresh: Judgement, _promise: Promise) -> np.ndarray:
        seen_sizes.add((len(seen.scores), truth.size, len(fresh.scores)))
        return np.zeros(len(fresh.scores), np.bool_)

    (kept,) = try_promise(whole, PROMISE, noting, splits=5, progress=SILENT)

    assert seen_sizes == {(200, 200, 400)}
    assert (kept.unproven, kept.broken, kept.wrong_rate) == (5, 0, 0.0)


def test_a_share_that_is_stated_too_low_breaks_the_promise_and_one_too_high_costs_coverage():
    found = try_promise(
        scored(1600),
        PROMISE,
        accept,
        splits=6,
        stated=(0.05, 0.5),
        real=(0.05, 0.5),
        progress=SILENT,
    )

    by_share = {(one.stated, one.real): one for one in found}
    assert by_share[0.05, 0.5].broken == 6
    assert by_share[0.05, 0.05].broken <= by_share[0.05, 0.05].limit
    assert by_share[0.5, 0.5].broken <= by_share[0.5, 0.5].limit
    assert by_share[0.5, 0.05].broken == 0
    assert by_share[0.5, 0.05].coverage < by_share[0.05, 0.05].coverage


def test_the_limit_is_that_of_the_binomial_distribution():
    # scipy.stats.binom.ppf(0.95, 100, 0.1)
    assert limit_of(100, 0.1) == 15
    assert limit_of(20, 0.1) == 4


def test_what_was_judged_is_read_as_it_was_written(tmp_path: Path):
    before = scored(50)
    before.save(tmp_path / "judged.npz")

    after = Scored.load(tmp_path / "judged.npz")

    assert after.judgement.scores == pytest.approx(before.judgement.scores, abs=1e-6)
    assert (after.truth == before.truth).all()
    assert (after.right == before.right).all()


def test_tells_how_far_it_is():
    shares: list[float] = []

    try_promise(
        scored(200),
        PROMISE,
        accept,
        splits=3,
        stated=(0.1, 0.2),
        progress=lambda _step, share: shares.append(share),
    )

    assert shares == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
