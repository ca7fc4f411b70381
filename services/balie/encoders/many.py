"""Encodes many texts at once, on several threads, and tells how far it is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders.progress import Progress

_CHUNK = 64


class Encodes(Protocol):
    """What gives rows for texts: an encoder, alone or with what its earlier layers say."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from others'."""

    @property
    def dimensions(self) -> int:
        """Returns the length of a row."""

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one row for each text, shape (texts, dimensions)."""


def encode_many(
    encoder: Encodes,
    texts: Sequence[str],
    workers: int,
    progress: "Progress",
    *,
    step: str = "encoding the texts",
) -> "NDArray[np.float32]":
    """Returns the row of each text, shape (texts, dimensions), encoded on several threads.

    Args:
        encoder: encodes.
        texts: one at least; those of about the same length are best given side by side.
        workers: how many threads.
        progress: is told the share that is done.
        step: what it is told that this is.
    """
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    rows = []
    with ThreadPoolExecutor(workers) as pool:
        for done, part in enumerate(pool.map(encoder.encode, chunks), 1):
            rows.append(part)
            progress(step, done / len(chunks))
    return np.concatenate(rows)
