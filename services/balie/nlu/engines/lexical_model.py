"""Tells classes apart by n-grams: a linear support vector machine, one class against the rest.

Source: Fan et al. 2008, "LIBLINEAR", JMLR 9; Joachims 1998 (support vector machines for text).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.engines.ngram_counts import Features, NgramCounts
from balie.nlu.engines.ngrams import Ngrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

REGULARISATION = 0.5
"""C of the machine; 0.25, 0.5 and 1 differ by less than a point on MASSIVE, and 0.5 is best in all three languages."""

_NO_CHANCE = -2.0
"""Margin of a class without examples; those of a fitted one are rarely below -1."""


class LexicalModel:
    """A fitted machine; safe to call from several threads.

    Args:
        ngrams: the features.
        weights: shape (features, classes), float16: how they are stored; they are added up in float32.
        bias: shape (classes,), float32.
        features: how texts were counted that it was fitted to; None for a model that was stored.
    """

    def __init__(
        self,
        ngrams: Ngrams,
        weights: "NDArray[np.float16]",
        bias: "Floats",
        features: Features | None = None,
    ) -> None:
        self._ngrams, self._stored, self._bias = ngrams, weights, bias
        # Those of a message alone would take longer to make so than to add up.
        self._weights = weights.astype(np.float32)
        self._features = features

    @staticmethod
    def fit(counts: NgramCounts, classes: "NDArray[np.int64]", class_count: int) -> "LexicalModel":
        """Returns the machine that texts teach; the same for any order of them.

        Args:
            counts: what is learned from.
            classes: shape (texts,), below `class_count`; a class without texts gets no chance.
            class_count: how many there are.
        """
        features = Features.of(counts)
        ngrams = features.ngrams(counts)
        weights = np.zeros((len(ngrams), class_count), np.float16)
        bias = np.full(class_count, _NO_CHANCE, np.float32)
        present = np.unique(classes)
        if present.size < 2 or not len(ngrams):
            bias[present] = -_NO_CHANCE
            return LexicalModel(ngrams, weights, bias, features)
        from sklearn.svm import LinearSVC

        machine: Any = LinearSVC(C=REGULARISATION, max_iter=2000, tol=1e-3, random_state=0)
        machine.fit(features.matrix(counts), classes)
        rows, offsets = machine.coef_, machine.intercept_
        if len(rows) == 1:  # one row of coefficients stands for both classes
            rows, offsets = np.vstack([-rows, rows]), np.concatenate([-offsets, offsets])
        weights[:, machine.classes_] = rows.T.astype(np.float16)
        bias[machine.classes_] = offsets
        return LexicalModel(ngrams, weights, bias, features)

    def margins_of(self, counts: NgramCounts) -> "Floats":
        """Returns what `margins` returns, for texts that were counted with those that this was fitted to."""
        if self._features is None:
            raise ValueError("only a model that was just fitted knows how the texts were counted")
        found = self._features.matrix(counts) @ self._weights + self._bias
        return np.asarray(found, np.float32)

    def margins(self, texts: Sequence[str]) -> "Floats":
        """Returns the margin of each text for each class, shape (texts, classes)."""
        found = np.empty((len(texts), self._bias.size), np.float32)
        for place, text in enumerate(texts):
            numbers, values = self._ngrams.row(text)
            found[place] = values @ self._weights[numbers] + self._bias
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {**self._ngrams.arrays(), "weights": self._stored, "bias": self._bias}

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "LexicalModel":
        """Returns what was stored."""
        return LexicalModel(Ngrams.of_arrays(arrays), arrays["weights"], arrays["bias"])
