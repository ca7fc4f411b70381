"""What earlier layers say of a text, beside its vector."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from balie.encoders.folder.graph import earlier_states
from balie.encoders.layers import LayeredEncoder
from balie.encoders.onnx import OnnxEncoder

TEXTS = [
    "Where is my card?",
    "waar blijft mijn pas",
    "x",
    "a longer sentence than all of the others are " * 9,
]


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> OnnxEncoder:
    return OnnxEncoder(encoder_folder, verify="size")


def test_the_vector_comes_first_and_is_the_same_to_the_bit(encoder: OnnxEncoder):
    layers = encoder.encode_layers(TEXTS)
    assert np.array_equal(layers[:, 0], encoder.encode(TEXTS))


def test_each_state_has_length_one_and_says_something_of_its_own(encoder: OnnxEncoder):
    layers = encoder.encode_layers(TEXTS)
    assert layers.shape == (len(TEXTS), 4, encoder.dimensions)
    assert np.allclose(np.linalg.norm(layers, axis=-1), 1.0, atol=1e-5)
    alike = np.einsum("tsd,tud->tsu", layers, layers)
    assert (alike[:, ~np.eye(4, dtype=bool)] < 0.999).all()


def test_a_text_does_not_depend_on_its_batch_mates(encoder: OnnxEncoder):
    together = encoder.encode_layers(TEXTS)
    alone = np.concatenate([encoder.encode_layers([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


def test_the_words_own_state_is_the_mean_of_its_tokens(encoder: OnnxEncoder):
    """A text of a word said twice differs from the word said once by position alone, before any layer has read it."""
    once, twice, other = encoder.encode_layers(["boat", "boat boat", "refund"])[:, 1]
    assert once @ twice > once @ other


@pytest.mark.parametrize(("layers", "states"), [(1, [0]), (2, [0, 1]), (6, [0, 2, 4]), (12, [0, 4, 8])])
def test_states_are_spread_over_the_layers_and_leave_out_the_last(layers: int, states: list[int]):
    assert earlier_states(layers) == states


def test_rows_hold_the_vector_and_then_the_earlier_states(encoder: OnnxEncoder):
    layered = LayeredEncoder(encoder)
    rows = layered.encode(TEXTS)
    assert rows.shape == (len(TEXTS), layered.dimensions) == (len(TEXTS), 4 * encoder.dimensions)
    assert np.array_equal(rows[:, : layered.vector_dimensions], encoder.encode(TEXTS))
    assert layered.fingerprint == encoder.fingerprint


def test_an_encoder_without_layers_gives_its_vectors_alone(encoder: OnnxEncoder):
    @dataclasses.dataclass
    class Plain:
        name: str = "plain"
        fingerprint: str = "plain.1"
        dimensions: int = encoder.dimensions
        max_tokens: int = 256

        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return encoder.encode(texts)

    layered = LayeredEncoder(Plain())
    assert layered.dimensions == encoder.dimensions
    assert np.array_equal(layered.encode(TEXTS), encoder.encode(TEXTS))
