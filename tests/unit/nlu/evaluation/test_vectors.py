"""Vectors of texts, each encoded once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from balie.nlu.evaluation.vectors import Vectors


class CountingEncoder:
    """Encodes a text as its length and its number of vowels, and notes what it was asked."""

    name, fingerprint, dimensions, max_tokens = "counting", "counting.v1", 2, 128

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        rows = np.array(
            [[len(text), sum(sign in "aeiou" for sign in text) + 1] for text in texts], np.float32
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def silent(_step: str, _share: float) -> None:
    pass


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


def test_gives_the_vector_of_each_text_in_the_order_asked(encoder: CountingEncoder):
    found = Vectors(lambda: encoder, 2).of(["bb", "aaa", "bb"])

    assert found.shape == (3, 1, 2)
    assert found[:, 0] == pytest.approx(CountingEncoder().encode(["bb", "aaa", "bb"]))


def test_encodes_no_text_twice(encoder: CountingEncoder):
    vectors = Vectors(lambda: encoder, 1)
    vectors.add(["one", "two", "one"], silent)
    vectors.of(["two", "three", "two"])

    assert sorted(encoder.asked) == ["one", "three", "two"]


def test_another_run_reads_what_was_kept(encoder: CountingEncoder, tmp_path: Path):
    first = Vectors(lambda: encoder, 1, tmp_path / "cache").of(["one", "two"])
    asked = list(encoder.asked)

    again = Vectors(lambda: encoder, 1, tmp_path / "cache").of(["two", "one"])

    assert encoder.asked == asked
    assert again[::-1] == pytest.approx(first)


def test_vectors_of_another_encoder_are_not_mistaken_for_its_own(encoder: CountingEncoder, tmp_path: Path):
    Vectors(lambda: encoder, 1, tmp_path).of(["one"])
    other = CountingEncoder()
    other.fingerprint = "counting.v2"

    Vectors(lambda: other, 1, tmp_path).of(["one"])

    assert other.asked == ["one"]


def test_opens_the_encoder_when_a_text_needs_it_and_once(encoder: CountingEncoder):
    opened: list[int] = []

    def opening() -> CountingEncoder:
        opened.append(1)
        return encoder

    vectors = Vectors(opening, 1)
    assert not opened
    vectors.of(["one"])
    vectors.of(["two"])
    assert len(opened) == 1


def test_tells_how_long_a_text_takes_without_keeping_it(encoder: CountingEncoder):
    vectors = Vectors(lambda: encoder, 1)

    assert vectors.seconds_for_each(["one", "two"] * 500) > 0
    assert len(encoder.asked) <= 256
