"""Tells classes apart by vectors and earlier states with a small network: one layer of rectified units.

It learns what a linear model cannot where there are thousands of examples, and is not worth its time with few.

Sources: Nair and Hinton 2010 (rectified units); Kingma and Ba 2014, arXiv:1412.6980 (Adam).
"""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.engines.vector_rows import no_chance, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_UNITS = 384
_SCALE = 10.0
"""Rows have parts of length 1, whose numbers are about 0.05: units learn faster from larger ones."""
_PENALTY = 0.01
_EPOCHS = 10
_RATE = 0.0005
_BATCH = 128
_FEWEST_EXAMPLES = 2000
"""From so many on the network is worth its time."""


class NetworkModel:
    """A fitted network; safe to call from several threads.

    Args:
        middles: shape (states, dimensions), taken away from each part of a row.
        hidden: shape (states * dimensions, units); `hidden_bias`: shape (units,).
        weights: shape (units, classes); `bias`: shape (classes,).
    """

    def __init__(
        self, middles: "Floats", hidden: "Floats", hidden_bias: "Floats", weights: "Floats", bias: "Floats"
    ) -> None:
        self._middles, self._hidden, self._hidden_bias = middles, hidden, hidden_bias
        self._weights, self._bias = weights, bias

    @staticmethod
    def fit(states: "Floats", classes: "NDArray[np.int64]", class_count: int) -> "NetworkModel":
        """Returns the network that rows of shape (texts, states, dimensions) teach; two classes at least have texts."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        middles = states.mean(axis=0)
        rows = rows_of(states, middles) * np.float32(_SCALE)
        network: Any = MLPClassifier(
            (_UNITS,),
            alpha=_PENALTY,
            batch_size=min(_BATCH, len(rows)),
            max_iter=_EPOCHS,
            learning_rate_init=_RATE,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ConvergenceWarning
            )  # stopping early is what keeps it from learning by heart
            network.fit(rows, classes)
        (hidden, last), (hidden_bias, offsets) = network.coefs_, network.intercepts_
        if last.shape[1] == 1:  # one output stands for both classes
            last, offsets = np.hstack([-last, last]) / 2, np.concatenate([-offsets, offsets]) / 2
        weights = np.zeros((_UNITS, class_count), np.float32)
        weights[:, network.classes_] = last
        active = np.maximum(rows @ hidden + hidden_bias, 0.0)
        bias = np.full(class_count, no_chance(active @ last + offsets), np.float32)
        bias[network.classes_] = offsets
        hidden = (hidden * _SCALE).astype(np.float32)
        return NetworkModel(middles, hidden, hidden_bias.astype(np.float32), weights, bias)

    def logits(self, states: "Floats") -> "Floats":
        """Returns the logits of rows of shape (texts, states, dimensions), shape (texts, classes)."""
        active = np.maximum(rows_of(states, self._middles) @ self._hidden + self._hidden_bias, 0.0)
        found: Floats = active @ self._weights + self._bias
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {
            "middles": self._middles,
            "hidden": self._hidden,
            "hidden_bias": self._hidden_bias,
            "weights": self._weights,
            "bias": self._bias,
        }

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "NetworkModel":
        """Returns what was stored."""
        names = ("middles", "hidden", "hidden_bias", "weights", "bias")
        return NetworkModel(*(arrays[name] for name in names))


def network_pays(examples: int) -> bool:
    """Tells whether there are enough examples for the network."""
    return examples >= _FEWEST_EXAMPLES
