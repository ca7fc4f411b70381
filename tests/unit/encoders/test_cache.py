"""The vectors of recent texts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balie.encoders.cache import RecentVectors

VECTOR = np.ones(4, np.float32)


def test_forgets_the_text_that_was_used_longest_ago():
    recent = RecentVectors(2)
    recent.put("a", VECTOR)
    recent.put("b", VECTOR)
    recent.get("a")
    recent.put("c", VECTOR)

    assert recent.get("b") is None
    assert recent.get("a") is not None
    assert recent.get("c") is not None


def test_keeps_nothing_with_a_limit_of_none():
    recent = RecentVectors(0)
    recent.put("a", VECTOR)

    assert recent.get("a") is None


def test_does_not_keep_a_very_long_text():
    recent = RecentVectors(2)
    recent.put("a" * 1024, VECTOR)
    recent.put("a" * 1025, VECTOR)

    assert recent.get("a" * 1024) is not None
    assert recent.get("a" * 1025) is None


def test_keeps_a_copy_and_not_the_batch_it_came_from():
    batch = np.ones((2, 4), np.float32)
    recent = RecentVectors(2)
    recent.put("a", batch[0])
    batch[:] = 7

    kept = recent.get("a")
    assert np.array_equal(kept, VECTOR)
    assert kept.base is None


@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.integers(1, 5))
def test_never_keeps_more_than_its_limit(texts: list[str], limit: int):
    recent = RecentVectors(limit)
    for text in texts:
        recent.put(text, VECTOR)
        assert len(recent) <= limit
        assert recent.get(text) is not None
