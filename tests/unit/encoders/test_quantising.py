"""Weights in fewer bits, and what each precision needs of the runtime."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.folder.precisions import (
    PRECISIONS,
    EncoderPrecisionUnknown,
    EncoderRuntimeTooOld,
    require_precision,
    require_runtime,
)
from balie.encoders.folder.quantising import blocks_of_bytes, halves


def _restored(numbers: np.ndarray, steps: np.ndarray, inputs: int) -> np.ndarray:
    values = (numbers.astype(np.float32) - 128) * steps[:, :, None]
    return values.reshape(len(numbers), -1)[:, :inputs]


@given(
    outputs=st.integers(1, 5),
    inputs=st.integers(1, 200),
    block=st.sampled_from([16, 32, 64, 128]),
    seed=st.integers(0, 99),
)
def test_no_weight_is_off_by_more_than_half_a_step(outputs: int, inputs: int, block: int, seed: int):
    matrix = np.random.default_rng(seed).normal(size=(outputs, inputs)).astype(np.float32)

    numbers, steps = blocks_of_bytes(matrix, block)

    off = np.abs(_restored(numbers, steps, inputs) - matrix)
    allowed = np.repeat(steps, block, axis=1)[:, :inputs] / 2
    assert (off <= allowed * 1.001).all()
    assert numbers.shape == (outputs, -(-inputs // block), block)
    assert (numbers.dtype, steps.dtype) == (np.uint8, np.float32)


def test_each_block_has_its_own_step():
    matrix = np.array([[0.001] * 16 + [1000.0] * 16], np.float32)

    numbers, steps = blocks_of_bytes(matrix, 16)

    assert np.allclose(_restored(numbers, steps, 32), matrix, rtol=1e-6)


def test_zero_stays_zero():
    matrix = np.zeros((2, 40), np.float32)
    matrix[0, 3] = -5.0

    numbers, steps = blocks_of_bytes(matrix, 16)

    assert np.array_equal(_restored(numbers, steps, 40), matrix)
    assert (numbers[:, -1, 8:] == 128).all()  # what fills up the last block
    assert np.array_equal(steps[1], np.zeros(3))


def test_the_layout_of_the_matrix_in_memory_does_not_matter():
    matrix = np.random.default_rng(1).normal(size=(6, 48)).astype(np.float32)

    for first, second in zip(
        blocks_of_bytes(matrix, 16), blocks_of_bytes(np.asfortranarray(matrix), 16), strict=True
    ):
        assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_refuses_weights_that_are_no_numbers(wrong: float):
    matrix = np.array([[1.0, wrong]], np.float32)

    with pytest.raises(EncoderModelUnsupported, match="largest weight"):
        blocks_of_bytes(matrix, 16)
    with pytest.raises(EncoderModelUnsupported, match="largest weight"):
        halves(matrix)


def test_halves_keep_eleven_bits_and_refuse_what_is_larger_than_they_can_be():
    values = np.array([1.0, -0.333251953125, 65_504.0], np.float32)

    assert np.array_equal(halves(values).astype(np.float32), values)
    with pytest.raises(EncoderModelUnsupported, match="65504"):
        halves(np.array([70_000.0], np.float32))


def test_names_the_precisions_there_are():
    assert next(iter(PRECISIONS)) == "fp32"
    assert all(PRECISIONS.values())
    for precision in PRECISIONS:
        require_precision(precision)
    with pytest.raises(EncoderPrecisionUnknown, match=r"'int3'.*fp32, w16, w8"):
        require_precision("int3")


@pytest.mark.parametrize("version", ["1.22.0", "1.31.1", "2.0", "1.22.0.dev20250401"])
def test_a_runtime_that_is_new_enough_will_do(version: str):
    for precision in PRECISIONS:
        require_runtime(precision, version)


@pytest.mark.parametrize("version", ["1.20.1", "1.21.1"])
def test_says_which_runtime_the_8_bit_encoder_needs(version: str):
    require_runtime("fp32", version)
    require_runtime("w16", version)
    with pytest.raises(EncoderRuntimeTooOld, match=rf"w8 needs onnxruntime 1\.22 or newer, and {version}"):
        require_runtime("w8", version)
