"""As many vectors as are wanted, in the shape that real texts give them: random ones have no neighbours to be found.

The first vectors are those of real texts. All further ones are such vectors again, each with noise of its own: a normal
direction of length 0.25 to 0.5, so that one is to the text it comes from as alike (cosine 0.89 to 0.97) as one way to ask
is to another, and no two are the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

NOISE = (0.25, 0.5)

_BLOCK = 10_000
"""Vectors that come from one random stream: any part of a cloud is the same whatever else is read of it."""


@dataclass(frozen=True)
class Cloud:
    """Vectors by number.

    Attributes:
        texts: shape (texts, dimensions), of length 1, vectors of real texts; kept in 16 bits a number.
    """

    texts: "NDArray[np.float16]"

    @staticmethod
    def read(file: Path) -> "Cloud":
        """Returns a cloud round vectors that were saved."""
        return Cloud(np.load(file, mmap_mode="r", allow_pickle=False))

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return int(self.texts.shape[1])

    def text_of(self, number: int) -> int:
        """Returns which text a vector comes from."""
        return number % len(self.texts)

    def rows(self, count: int) -> "Rows":
        """Returns the first vectors, shape (count, dimensions), of length 1."""
        found = np.empty((count, self.dimensions), np.float32)
        for start, block in self._blocks(count):
            found[start : start + len(block)] = block
        return found

    def _blocks(self, count: int) -> "Iterator[tuple[int, Rows]]":
        for start in range(0, count, _BLOCK):
            numbers = np.arange(start, min(start + _BLOCK, count))
            block = self.texts[numbers % len(self.texts)].astype(np.float32)
            dice = np.random.default_rng(start)
            noise = dice.standard_normal((_BLOCK, self.dimensions), dtype=np.float32)[: len(block)]
            lengths = dice.uniform(*NOISE, _BLOCK).astype(np.float32)[: len(block)]
            noise *= (lengths / np.linalg.norm(noise, axis=1))[:, None]
            block += np.where((numbers < len(self.texts))[:, None], 0.0, noise)
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            yield start, block


def nearest(rows: "Rows", queries: "Rows", top: int) -> "tuple[NDArray[np.int64], Rows]":
    """Returns numbers and similarities of the nearest rows of each query, best first: by looking at all of them.

    Args:
        rows: shape (rows, dimensions).
        queries: shape (queries, dimensions).
        top: at most as many as there are rows.
    """
    numbers = np.empty((len(queries), 0), np.int64)
    scores = np.empty((len(queries), 0), np.float32)
    for start in range(0, len(rows), _BLOCK):
        part = queries @ rows[start : start + _BLOCK].T
        scores = np.concatenate([scores, part], axis=1)
        places = np.broadcast_to(np.arange(start, start + part.shape[1]), part.shape)
        numbers = np.concatenate([numbers, places], axis=1)
        kept = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        scores, numbers = np.take_along_axis(scores, kept, 1), np.take_along_axis(numbers, kept, 1)
    return numbers, scores
