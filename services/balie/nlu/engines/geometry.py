"""Where the examples lie: how near a vector is to each class, to all of them together, and to its nearest neighbours.

Sources: Lee et al. 2018, arXiv:1807.03888 (Gaussian classes with a shared covariance); Ren et al. 2021, arXiv:2106.09022
(relative Mahalanobis distance); Ledoit and Wolf 2004 (the covariance of few examples); Sun et al. 2022, arXiv:2204.06507
(nearest neighbours).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from balie.nlu.engines.vector_rows import centred, no_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_MOST_NEIGHBOURS = 4096
"""More examples than this are thinned, evenly over the classes: they are compared with on every message."""
_NEAREST = 3


class Gaussian:
    """Classes as Gaussians with one covariance, and all examples as one Gaussian; safe to call from several threads.

    Args:
        middle: shape (dimensions,), taken away from each vector before its length is made 1.
        linear: shape (dimensions, classes); `offset`: shape (classes,): half the squared distances, less what all
            classes share.
        within: shape (dimensions, dimensions), the inverse of the classes' covariance.
        overall: the same for all examples together.
    """

    def __init__(
        self, middle: "Floats", linear: "Floats", offset: "Floats", within: "Floats", overall: "Floats"
    ) -> None:
        self._middle, self._linear, self._offset = middle, linear, offset
        self._within, self._overall = within, overall

    @staticmethod
    def fit(vectors: "Floats", classes: "NDArray[np.int64]", class_count: int) -> "Gaussian":
        """Returns the Gaussians of vectors, shape (texts, dimensions), whose classes are below `class_count`."""
        middle = vectors.mean(axis=0)
        rows = centred(vectors, middle).astype(np.float64)
        present = np.unique(classes)
        means = np.zeros((class_count, rows.shape[1]))
        for number in present:
            means[number] = rows[classes == number].mean(axis=0)
        within = _precision(rows - means[classes])
        overall = _precision(rows)
        linear = within @ means.T
        offset = -0.5 * (means * linear.T).sum(axis=1)
        offset[np.setdiff1d(np.arange(class_count), present)] = no_chance(
            (rows @ linear + offset)[:, present]
        )
        return Gaussian(middle, *(part.astype(np.float32) for part in (linear, offset, within, overall)))

    def logits(self, vectors: "Floats") -> "Floats":
        """Returns the log-likelihood of each class, less what is the same for all, shape (texts, classes)."""
        found: Floats = centred(vectors, self._middle) @ self._linear + self._offset
        return found

    def nearness(self, vectors: "Floats", logits: "Floats") -> "Floats":
        """Returns how much better the best class explains a vector than all examples together do, shape (texts,).

        Half the negative relative Mahalanobis distance.

        Args:
            vectors: shape (texts, dimensions).
            logits: what `logits` returned for them, of the classes that count.
        """
        rows = centred(vectors, self._middle)
        surplus = ((rows @ (self._overall - self._within)) * rows).sum(axis=1)
        found: Floats = logits.max(axis=1) + 0.5 * surplus
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {
            "middle": self._middle,
            "linear": self._linear,
            "offset": self._offset,
            "within": self._within,
            "overall": self._overall,
        }

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "Gaussian":
        """Returns what was stored."""
        return Gaussian(*(arrays[name] for name in ("middle", "linear", "offset", "within", "overall")))


class Neighbours:
    """Examples to compare with; safe to call from several threads.

    Args:
        vectors: shape (examples, dimensions), float16, of length 1.
    """

    def __init__(self, vectors: "NDArray[np.float16]") -> None:
        self._stored = vectors
        self._vectors = np.ascontiguousarray(vectors.T.astype(np.float32))

    @staticmethod
    def fit(vectors: "Floats", classes: "NDArray[np.int64]", texts: Sequence[str]) -> "Neighbours":
        """Returns the neighbours, of each class as many as there is room for; the same for any order of the texts."""
        kept = thinned(classes, texts)
        return Neighbours(vectors[kept].astype(np.float16))

    def nearness(self, vectors: "Floats") -> "Floats":
        """Returns the mean cosine to the three nearest examples, shape (texts,)."""
        alike = vectors @ self._vectors
        count = min(_NEAREST, alike.shape[1])
        if not count:  # nothing but what is out of scope was learned
            return np.zeros(len(vectors), np.float32)
        found: Floats = np.partition(alike, -count, axis=1)[:, -count:].mean(axis=1)
        return found

    def arrays(self) -> "Mapping[str, NDArray[Any]]":
        """Returns what is to be stored, by name."""
        return {"vectors": self._stored}

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[Any]]") -> "Neighbours":
        """Returns what was stored."""
        return Neighbours(arrays["vectors"])


def thinned(
    classes: "NDArray[np.int64]", texts: Sequence[str], most: int = _MOST_NEIGHBOURS
) -> "NDArray[np.intp]":
    """Returns the places of the texts to compare with: all, or of each class as many as there is room for.

    Which ones, and in which order, does not depend on the order of the texts.
    """
    order = sorted(
        range(len(texts)),
        key=lambda place: hashlib.sha256(texts[place].encode("utf-8", "surrogatepass")).digest(),
    )
    if len(texts) <= most:
        return np.array(order, np.intp)
    room = max(1, most // np.unique(classes).size)
    kept, counts = [], dict[int, int]()
    for place in order:
        number = int(classes[place])
        counts[number] = counts.get(number, 0) + 1
        if counts[number] <= room:
            kept.append(place)
    return np.array(kept, np.intp)


def _precision(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Returns the inverse of the covariance of rows around 0; equal examples have none, and get one far larger than any."""
    from sklearn.covariance import ledoit_wolf

    size = rows.shape[1]
    covariance = ledoit_wolf(rows, assume_centered=True)[0] if len(rows) > 1 else np.zeros((size, size))
    ridge = max(1e-6 * float(np.trace(covariance)) / size, 1e-9)
    return np.asarray(np.linalg.inv(covariance + ridge * np.eye(size)), np.float64)
