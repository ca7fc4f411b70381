"""What the encoder says of many texts, each encoded once: folds and draws of the same examples ask for it again."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from balie.encoders.kept_vectors import KeptVectors
from balie.encoders.layers import LayeredEncoder
from balie.encoders.many import encode_many

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.encoders import Encoder
    from balie.nlu.engines.port import Progress

_STEP = "encoding the examples"
_SAMPLE = 256
"""Texts that are encoded to tell how long one takes."""


class Vectors:
    """Keeps vectors, with what earlier layers say, in memory, and on disk where a folder is given.

    Args:
        open_encoder: opens the encoder; called once, when the first text needs it.
        workers: threads that encode.
        folder: where vectors are kept between runs; None keeps none. It may be removed at any time.
    """

    def __init__(
        self, open_encoder: "Callable[[], Encoder]", workers: int, folder: Path | None = None
    ) -> None:
        self._open = open_encoder
        self._workers = workers
        self._encoder: LayeredEncoder | None = None
        self._kept = KeptVectors(lambda: self.encoder, workers, folder)

    @property
    def encoder(self) -> LayeredEncoder:
        """Returns the encoder."""
        if self._encoder is None:
            self._encoder = LayeredEncoder(self._open())
        return self._encoder

    def add(self, texts: Sequence[str], progress: "Progress") -> None:
        """Encodes what was not asked for before."""
        self._kept.add(texts, progress, step=_STEP)

    def of(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions), each of length 1: the vectors first, then earlier states if any."""
        return self.encoder.states_of(self._kept.rows(texts))

    def seconds_for_each(self, texts: Sequence[str]) -> float:
        """Returns how long encoding takes for one text of these, in seconds, measured on some of them."""
        chosen = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
        started = time.perf_counter()
        encode_many(self.encoder, chosen, self._workers, lambda _step, _share: None)
        return (time.perf_counter() - started) / len(chosen)
