"""Tells classes apart by sentence vectors and what earlier layers say: logistic regression.

Source: Cox 1958; Liu and Nocedal 1989 (L-BFGS).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.engines.vector_rows import no_chance, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_REGULARISATION = 5.0
"""C, the inverse of the penalty; 2 to 10 differ by less than a point on HWU64, MASSIVE and CLINC150, 10-shot included."""

_NO_CHANCE = -12.0
"""Logit of the others where one class alone has examples."""


class VectorModel:
    """A fitted regression; safe to call from several threads.

    Args:
        middles: shape (states, dimensions): the middle of each part of a row, taken away before it counts.
        weights: shape (states * dimensions, classes), float32.
        bias: shape (classes,), float32.
    """

    def __init__(self, middles: "Floats", weights: "Floats", bias: "Floats") -> None:
        self._middles, self._weights, self._bias = middles, weights, bias

    @staticmethod
    def fit(states: "Floats", classes: "NDArray[np.int64]", class_count: int) -> "VectorModel":
        """Returns the regression that the vectors teach.

        Args:
            states: shape (texts, states, dimensions), each part of length 1.
            classes: shape (texts,), below `class_count`; a class without texts gets no chance.
            class_count: how many there are.
        """
        from sklearn.linear_model import LogisticRegression

        middles = states.mean(axis=0)
        rows = rows_of(states, middles)
        weights = np.zeros((rows.shape[1], class_count), np.float32)
        bias = np.full(class_count, _NO_CHANCE, np.float32)
        present = np.unique(classes)
        if present.size < 2:
            bias[present] = 0.0
            return VectorModel(middles, weights, bias)
        regression: Any = LogisticRegression(C=_REGULARISATION, max_iter=100, tol=1e-3)
        regression.fit(rows, classes)
        coefficients, offsets = regression.coef_, regression.intercept_
        if len(coefficients) == 1:  # one row of coefficients stands for both classes
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            offsets = np.concatenate([-offsets, offsets]) / 2
        weights[:, regression.classes_] = coefficients.T
        bias[:] = no_chance(rows @ coefficients.T + offsets)
        bias[regression.classes_] = offsets
        return VectorModel(middles, weights, bias)

    def logits(self, states: "Floats") -> "Floats":
        """Returns the logits of rows of shape (texts, states, dimensions), shape (texts, classes)."""
        found: Floats = rows_of(states, self._middles) @ self._weights + self._bias
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {"middles": self._middles, "weights": self._weights, "bias": self._bias}

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "VectorModel":
        """Returns what was stored."""
        return VectorModel(arrays["middles"], arrays["weights"], arrays["bias"])
