"""Adds up what several models think, each as much as it is worth in the message's language.

The weights are those under which held-out examples are likeliest, one for each model and language. A language keeps near
the weights of all together, the nearer the fewer examples it has: where the encoder is weak, letters count more.

Source: Wolpert 1992 (stacked generalisation); Breiman 1996 (weights that are not negative).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MOST_ROWS = 6000
"""Held-out examples that weights are learned from: a handful of numbers needs no more."""
_FEWEST_ROWS = 50
"""A language with fewer examples has the weights of all together."""
_PULL = 20.0
"""How many examples the weights that a search starts from count for."""
_START = 2.0
"""Weight of each model, in standard deviations of its opinions, with no example to tell otherwise: all alike."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """The weights of models.

    Attributes:
        overall: shape (models,), for languages without weights of their own.
        by_language: shape (models,) for each language with enough examples.
    """

    overall: "Floats"
    by_language: "Mapping[str, Floats]"

    @staticmethod
    def fit(logits: "Sequence[Floats]", classes: "NDArray[np.int64]", languages: Sequence[str]) -> "Mixture":
        """Returns the weights that held-out opinions teach.

        Args:
            logits: for each model shape (examples, classes).
            classes: shape (examples,), the right ones.
            languages: of each example.
        """
        scales = np.array([1.0 / max(float(one.std()), 1e-6) for one in logits], np.float32)
        scaled = [
            (one - one.max(axis=1, keepdims=True)) * scale for one, scale in zip(logits, scales, strict=True)
        ]
        places = np.arange(len(classes))
        start = np.full(len(logits), _START)
        overall = _likeliest(scaled, classes, _spread(places), start, pull=_PULL / len(classes))
        spoken = np.array(languages)
        by_language = {}
        for language in sorted(set(languages)):
            own = np.flatnonzero(spoken == language)
            if _FEWEST_ROWS <= own.size < len(classes):
                found = _likeliest(scaled, classes, _spread(own), overall, pull=_PULL / own.size)
                by_language[language] = (found * scales).astype(np.float32)
        return Mixture((overall * scales).astype(np.float32), by_language)

    def mixed(self, logits: "Sequence[Floats]", languages: Sequence[str]) -> "Floats":
        """Returns the sum of opinions, shape (texts, classes): logits of the classes."""
        weights = np.stack([self.by_language.get(language, self.overall) for language in languages])
        found = weights[:, :1] * logits[0]
        for place, one in enumerate(logits[1:], 1):
            found = found + weights[:, place : place + 1] * one
        return found


def _spread(places: "NDArray[np.intp]") -> "NDArray[np.intp]":
    """Returns places evenly out of all, so many that learning is quick."""
    step = max(1, -(-places.size // _MOST_ROWS))
    return places[::step]


def _likeliest(
    scaled: "Sequence[Floats]",
    classes: "NDArray[np.int64]",
    places: "NDArray[np.intp]",
    start: "NDArray[np.float64]",
    *,
    pull: float,
) -> "NDArray[np.float64]":
    """Returns the weights under which the rows are likeliest; convex, so there is one answer."""
    from scipy.optimize import minimize

    rows = [one[places] for one in scaled]
    right = classes[places]
    nth = np.arange(len(places))

    def loss(weights: "NDArray[np.float64]") -> "tuple[float, NDArray[np.float64]]":
        total = np.zeros_like(rows[0])
        for weight, row in zip(weights, rows, strict=True):
            total += np.float32(weight) * row
        total -= total.max(axis=1, keepdims=True)
        shares = np.exp(total)
        sums = shares.sum(axis=1)
        likelihood = total[nth, right] - np.log(sums)
        shares /= sums[:, None]
        slopes = [float(((shares * row).sum(axis=1) - row[nth, right]).mean()) for row in rows]
        away = weights - start
        return (
            float(-likelihood.mean()) + 0.5 * pull * float(away @ away),
            np.array(slopes) + pull * away,
        )

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 50.0)] * len(rows))
    return np.asarray(found.x, np.float64)
