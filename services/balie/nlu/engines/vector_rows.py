"""The rows that models of vectors learn from: each part with the middle of the examples taken away, and of length 1."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def centred(vectors: "NDArray[np.float32]", middle: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Returns vectors less their middle, each of length 1; the shape stays, the last axis is the vector's.

    Sentence vectors of one desk lie in a narrow cone: what they share tells nothing apart.
    """
    moved = vectors - middle
    moved /= np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-12)
    return moved


def rows_of(states: "NDArray[np.float32]", middles: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Returns shape (texts, states * dimensions) of `states`, shape (texts, states, dimensions)."""
    found: NDArray[np.float32] = centred(states, middles).reshape(len(states), -1)
    return found


def no_chance(logits: "NDArray[np.floating]") -> float:
    """Returns the logit of a class without examples: the least that any example has of any other class.

    Were it lower, it alone would make the spread of a model's logits, by which the mixture makes models comparable.

    Args:
        logits: of all examples for the classes that have some, shape (texts, classes).
    """
    return float(logits.min())
