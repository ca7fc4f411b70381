"""Rows of texts that are kept for another run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from balie.encoders.kept_vectors import KeptVectors
from balie.encoders.many import encode_many


class Lengths:
    """Encodes a text as its length, and notes what it was asked."""

    fingerprint, dimensions = "lengths.v1", 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text)] for text in texts], np.float32)


def test_tells_how_far_it_is_and_keeps_the_order():
    told: list[tuple[str, float]] = []
    texts = ["x" * number for number in range(1, 151)]

    rows = encode_many(Lengths(), texts, 2, lambda *one: told.append(one), step="counting")

    assert rows[:, 0].tolist() == list(range(1, 151))
    assert [step for step, _ in told] == ["counting"] * 3
    assert told[-1][1] == 1.0


def test_gives_the_encoder_texts_of_about_one_length():
    encoder = Lengths()

    KeptVectors(lambda: encoder, 1).rows(["ccc", "a", "bb", "a"])

    assert encoder.asked == ["a", "bb", "ccc"]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"nonsense"])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damage: bytes):
    encoder = Lengths()
    KeptVectors(lambda: encoder, 1, tmp_path).rows(["a", "bb"])
    [file] = tmp_path.iterdir()
    file.write_bytes(damage)

    rows = KeptVectors(lambda: encoder, 1, tmp_path).rows(["a", "bb"])

    assert rows[:, 0].tolist() == [1, 2]
    assert len(encoder.asked) == 4
    assert np.load(file).shape == (2, 1)
