"""Vectors in 8 bits a number: the range that the 256 steps span."""

from typing import TYPE_CHECKING, Any

import numpy as np

from balie.faq.index.library import faiss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_ROOM = 1.25
"""The range is so much wider than the largest number seen: vectors that come later may be larger, and are cut off."""


def set_range(quantizer: Any, rows: "Vector") -> None:
    """Gives a quantizer one range for all dimensions, round zero.

    FAISS would take the least and the largest number seen for its ends, and cut off every number beyond them.
    """
    largest = min(1.0, _ROOM * float(np.abs(rows).max(initial=0.0))) or 1.0
    faiss.copy_array_to_vector(np.asarray([-largest, 2 * largest], np.float32), quantizer.trained)


def beyond_range(quantizer: Any, rows: "Vector") -> int:
    """Returns how many vectors have a number that is cut off."""
    largest = -float(quantizer.trained.at(0))
    return int((np.abs(rows).max(axis=1, initial=0.0) > largest).sum())


def to_unit_length(rows: "Vector") -> "Vector":
    """Returns vectors with what rounding did to their length undone, so that equal ones have a similarity of 1."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vector = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit
