"""Rounds weights to fewer bits with NumPy alone; the same weights give the same bytes on every machine."""

from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.errors import EncoderModelUnsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 127
_ZERO = 128  # what MatMulNBits takes off an 8-bit number when it is given no other zero
_LARGEST_HALF = 65_504.0


def blocks_of_bytes(
    matrix: "NDArray[np.float32]", block: int
) -> "tuple[NDArray[np.uint8], NDArray[np.float32]]":
    """Returns a matrix in 8 bits, in the layout of ONNX Runtime's `MatMulNBits`.

    Each run of `block` inputs of one output has its own step, the 127th part of its largest weight by size. Zero stays
    zero, and no weight is off by more than half a step.

    Args:
        matrix: shape (outputs, inputs).
        block: 16, 32, 64 or 128.

    Returns:
        Numbers of shape (outputs, blocks, block), filled up with zeros at the end of a row, and steps of shape
        (outputs, blocks): a weight is about (number - 128) * step.

    Raises:
        EncoderModelUnsupported: a weight is not a finite number.

    Source: ONNX Runtime's `ContribOperators.md`, MatMulNBits with bits = 8.
    """
    _require_within(matrix, float(np.finfo(np.float32).max))
    outputs, inputs = matrix.shape
    blocks = -(-inputs // block)
    filled = np.zeros((outputs, blocks * block), np.float32)
    filled[:, :inputs] = matrix
    parts = filled.reshape(outputs, blocks, block)
    steps = (np.abs(parts).max(axis=2) / np.float32(_STEPS)).astype(np.float32)
    # A block so small that its step is nothing is a block of zeros.
    divisors = np.where(steps > 0, steps, np.float32(1))
    numbers = np.clip(np.rint(parts / divisors[:, :, None]), -_STEPS, _STEPS) + _ZERO
    return numbers.astype(np.uint8), steps


def halves(values: "NDArray[np.float32]") -> "NDArray[np.float16]":
    """Returns weights as 16-bit floating point numbers: 11 significant bits each.

    Raises:
        EncoderModelUnsupported: a weight is larger than such a number can be.
    """
    _require_within(values, _LARGEST_HALF)
    return values.astype("<f2")


def _require_within(values: "NDArray[np.float32]", largest: float) -> None:
    found = float(np.abs(values).max(initial=0.0))
    if not found <= largest:  # written so that it holds for "not a number" as well
        raise EncoderModelUnsupported("largest weight", found=found, wanted=f"at most {largest:g}")
