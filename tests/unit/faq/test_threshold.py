"""Thresholds learned from a collection itself."""

from typing import Any

import numpy as np
import pytest

from balie.faq.index.port import Snapshot
from balie.faq.retrieval.threshold import Policy, learn, leave_one_out

D = 64


def policy(**changes: Any) -> Policy:
    values: dict[str, Any] = {
        "max_wrong": 0.05,
        "delta": 0.1,
        "expected_unanswerable": 0.3,
        "default_threshold": 0.85,
    }
    return Policy(**(values | changes))


def collection(entries: int, phrasings: int, noise: float, *, seed: int = 1) -> Snapshot:
    """Returns entries in random directions, whose phrasings are spread around them."""
    dice = np.random.default_rng(seed)
    centres = np.repeat(dice.normal(size=(entries, D)), phrasings, axis=0)
    rows = centres + noise * dice.normal(size=centres.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Snapshot(np.repeat(np.arange(1, entries + 1), phrasings), rows.astype(np.float32))


def test_a_question_is_never_answered_by_itself() -> None:
    asked = leave_one_out(collection(50, 4, 0.5), policy())
    assert asked.scores.max() < 0.99


def test_nor_by_a_copy_of_itself() -> None:
    once = collection(50, 2, 0.5)
    rows = np.repeat(once.vectors, 2, axis=0)
    asked = leave_one_out(Snapshot(np.repeat(once.numbers, 2), rows), policy())
    assert asked.scores.max() < 0.99


def test_the_expected_share_has_no_answer_and_none_of_that_is_right() -> None:
    asked = leave_one_out(collection(100, 4, 0.3), policy(expected_unanswerable=0.3))
    assert np.mean(~asked.answerable) == pytest.approx(0.3, abs=0.01)
    assert not asked.right[~asked.answerable].any()
    assert asked.right[asked.answerable].mean() > 0.95


def test_asks_every_question_once_and_no_more_than_it_may() -> None:
    assert leave_one_out(collection(100, 4, 0.3), policy()).scores.size == 400
    assert leave_one_out(collection(100, 4, 0.3), policy(max_questions=150)).scores.size == 150


def test_asks_those_without_another_phrasing_only_as_unanswerable() -> None:
    several, single = collection(70, 2, 0.3), collection(60, 1, 0.3, seed=2)
    both = Snapshot(
        np.concatenate([several.numbers, single.numbers + 1000]),
        np.concatenate([several.vectors, single.vectors]),
    )
    asked = leave_one_out(both, policy())
    assert (asked.answerable.sum(), (~asked.answerable).sum()) == (140, 60)
    assert asked.right[asked.answerable].mean() > 0.95


def test_learns_how_near_wrong_entries_come_where_no_question_has_another_phrasing() -> None:
    single = collection(200, 1, 0.3)
    asked = leave_one_out(single, policy())
    assert (asked.scores.size, asked.answerable.any(), asked.right.any()) == (200, False, False)
    found = learn(single, policy(default_threshold=0.1))
    assert found.version.startswith("strict.v1.")
    assert 0.3 < found.threshold < 0.7
    assert leave_one_out(single, policy(max_questions=150)).scores.size == 150


def test_every_replica_learns_the_same() -> None:
    snapshot = collection(100, 4, 0.6)
    assert learn(snapshot, policy()) == learn(
        Snapshot(snapshot.numbers.copy(), snapshot.vectors.copy()), policy()
    )


def test_keeps_the_promise_where_the_phrasings_are_close() -> None:
    snapshot = collection(200, 4, 0.5)
    found = learn(snapshot, policy())
    assert found.version.startswith("leave-one-out.ltt.")
    asked = leave_one_out(snapshot, policy())
    given = (asked.scores >= found.threshold) & (asked.leads >= found.margin)
    assert np.mean(~asked.right[given]) <= 0.05
    assert np.mean(given & asked.right) > 0.5


def test_a_severer_operator_gets_a_higher_threshold() -> None:
    snapshot = collection(300, 4, 0.8)
    lax, severe = (learn(snapshot, policy(max_wrong=share)) for share in (0.3, 0.03))
    assert lax.version.startswith("leave-one-out.")
    assert severe.threshold > lax.threshold


def test_lets_through_one_wrong_in_a_hundred_where_nothing_better_can_be_promised() -> None:
    snapshot = collection(150, 4, 6.0)  # phrasings of an entry no more alike than any others
    found = learn(snapshot, policy(default_threshold=0.2))
    assert found.version.startswith("strict.v1.")
    asked = leave_one_out(snapshot, policy())
    wrong = ~asked.right & (asked.leads >= found.margin)
    assert 0.001 < np.mean(asked.scores[wrong] >= found.threshold) <= 0.01


def test_lets_nothing_wrong_through_where_there_are_too_few_to_tell_a_hundredth() -> None:
    snapshot = collection(10, 4, 6.0)
    found = learn(snapshot, policy(default_threshold=0.2))
    asked = leave_one_out(snapshot, policy())
    wrong = ~asked.right & (asked.leads >= found.margin)
    assert wrong.any()
    assert asked.scores[wrong].max() == pytest.approx(found.threshold, abs=1e-5)
    assert asked.scores[wrong].max() < found.threshold


def test_strictness_has_an_end() -> None:
    twins = collection(20, 1, 0.0)
    rows = np.concatenate([twins.vectors, twins.vectors + 0.002 * np.float32(1)])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = learn(Snapshot(np.arange(1, 41), rows.astype(np.float32)), policy(default_threshold=0.2))
    assert found.threshold <= 0.98


@pytest.mark.parametrize("entries", [0, 1])
def test_learns_nothing_from_less_than_two_entries(entries: int) -> None:
    found = learn(collection(entries, 4, 0.5), policy())
    assert (found.threshold, found.version) == (0.85, "default.v1")


def test_never_goes_below_the_default_without_a_promise() -> None:
    found = learn(collection(3, 2, 0.1), policy())
    assert (found.threshold, found.version[:9]) == (0.85, "strict.v1")


def test_tells_apart_what_different_policies_learned() -> None:
    assert policy().basis() == policy().basis()
    assert policy().basis() != policy(max_wrong=0.1).basis()
