"""Which group a question joins: the nearest one it is near enough to, whatever comes after it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from balie.faq.feedback.clustering import place

Rows = NDArray[np.float32]

NONE: Rows = np.empty((0, 4), np.float32)


def unit(*numbers: float) -> Rows:
    vector = np.asarray(numbers, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@st.composite
def unit_rows(draw: st.DrawFn, most: int = 25) -> Rows:
    """Vectors of which many are alike and some are the same."""
    count = draw(st.integers(0, most))
    numbers = st.integers(-3, 3)
    rows = [draw(st.tuples(numbers, numbers, numbers, st.integers(1, 3))) for _ in range(count)]
    return np.stack([unit(*row) for row in rows]) if rows else NONE


LIKENESS = st.sampled_from([0.0, 0.5, 0.7, 0.9, 1.0])


def founders(places: list[int]) -> list[int]:
    """Returns where each group was founded."""
    return [places.index(number) for number in sorted(set(places))]


def test_what_is_alike_is_together() -> None:
    vectors = np.stack([unit(1, 0, 0, 0), unit(0, 1, 0, 0), unit(1, 0.1, 0, 0), unit(0, 1, 0.1, 0)])
    assert place(NONE, vectors, 0.9) == [0, 1, 0, 1]


def test_the_nearest_of_several_is_joined_and_of_ties_the_first() -> None:
    leaders = np.stack([unit(1, 1, 0, 0), unit(1, 0, 0, 0), unit(1, 0, 0, 0)])
    assert place(leaders, unit(1, 0.1, 0, 0)[None], 0.5) == [1]


def test_a_group_does_not_drift() -> None:
    angles = [unit(np.cos(angle), np.sin(angle), 0, 0) for angle in (0.0, 0.4, 0.8, 1.2)]
    assert place(NONE, np.stack(angles), 0.9) == [0, 0, 1, 1]


def test_nothing_to_place_is_no_trouble() -> None:
    assert place(NONE, NONE, 0.5) == []
    assert place(unit(1, 0, 0, 0)[None], NONE, 0.5) == []


@given(unit_rows(), LIKENESS)
def test_is_the_same_each_time(vectors: Rows, likeness: float) -> None:
    assert place(NONE, vectors, likeness) == place(NONE, vectors.copy(), likeness)


@given(unit_rows(), LIKENESS)
def test_everybody_is_near_enough_to_the_leader_and_leaders_are_not_to_each_other(
    vectors: Rows, likeness: float
) -> None:
    places = place(NONE, vectors, likeness)
    first = founders(places)
    assert sorted(set(places)) == list(range(len(first)))
    for vector, number in zip(vectors, places, strict=True):
        assert vectors[first[number]] @ vector >= likeness - 1e-4
    for later, number in enumerate(first):
        for earlier in first[:later]:
            assert vectors[earlier] @ vectors[number] < likeness + 1e-4


@given(unit_rows(), LIKENESS, st.integers(0, 25))
def test_it_does_not_matter_in_how_many_goes_they_come(vectors: Rows, likeness: float, cut: int) -> None:
    whole = place(NONE, vectors, likeness)
    before = place(NONE, vectors[:cut], likeness)
    leaders = vectors[founders(before)] if before else NONE
    assert before + place(leaders, vectors[cut:], likeness) == whole


@pytest.mark.parametrize("likeness", [0.0, 0.7, 1.0])
@given(unit_rows(most=10))
def test_the_same_text_is_in_the_same_group(likeness: float, vectors: Rows) -> None:
    twice = place(NONE, np.concatenate([vectors, vectors]), likeness)
    assert twice[: len(vectors)] == twice[len(vectors) :] or likeness < 1.0
    if likeness == 1.0:
        assert len(set(twice)) <= len(vectors)
