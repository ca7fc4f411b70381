"""Logits as probabilities."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def softmax(logits: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Returns the rows of logits as probabilities, each with a sum of 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return shares
