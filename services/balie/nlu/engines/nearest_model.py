"""Tells classes apart by the examples that are nearest: each class is as near as its own nearest example.

Source: Cover and Hart 1967 (nearest neighbours); Sun et al. 2022, arXiv:2204.06507 (their distance tells what is strange).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.engines.geometry import thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_NO_CHANCE = -1.0
"""Cosine to a class without examples: that of what is as far away as can be."""


class NearestModel:
    """Examples by class; safe to ask from several threads.

    Args:
        vectors: shape (examples, dimensions), float16, of length 1, sorted by class.
        sizes: shape (classes,), how many examples each class has, the first class first.
    """

    def __init__(self, vectors: "NDArray[np.float16]", sizes: "NDArray[np.int64]") -> None:
        self._stored, self._sizes = vectors, sizes
        self._vectors = np.ascontiguousarray(vectors.T.astype(np.float32))
        self._present = np.flatnonzero(sizes)
        self._starts = (np.cumsum(sizes) - sizes)[self._present]

    @staticmethod
    def fit(
        vectors: "Floats", classes: "NDArray[np.int64]", class_count: int, texts: Sequence[str]
    ) -> "NearestModel":
        """Returns the examples to compare with; the same for any order of them.

        Args:
            vectors: shape (texts, dimensions), of length 1.
            classes: shape (texts,), below `class_count`.
            class_count: how many there are.
            texts: what decides which are kept where they are too many.
        """
        kept = thinned(classes, texts)
        kept = kept[np.argsort(classes[kept], kind="stable")]
        return NearestModel(
            vectors[kept].astype(np.float16), np.bincount(classes[kept], minlength=class_count)
        )

    def logits(self, vectors: "Floats") -> "Floats":
        """Returns the cosine to the nearest example of each class, shape (texts, classes)."""
        found = np.full((len(vectors), self._sizes.size), _NO_CHANCE, np.float32)
        found[:, self._present] = np.maximum.reduceat(vectors @ self._vectors, self._starts, axis=1)
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {"vectors": self._stored, "sizes": self._sizes}

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "NearestModel":
        """Returns what was stored."""
        return NearestModel(arrays["vectors"], arrays["sizes"])
