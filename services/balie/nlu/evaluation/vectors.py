"""What the encoder says of many texts, each encoded once: folds and draws of the same examples ask for it again."""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.layers import LayeredEncoder
from balie.nlu.trainer import encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders import Encoder
    from balie.nlu.engines.port import Progress

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
        self._folder = folder
        self._encoder: LayeredEncoder | None = None
        self._places: dict[str, int] = {}
        self._rows: list[NDArray[np.float32]] = []

    @property
    def encoder(self) -> LayeredEncoder:
        """Returns the encoder."""
        if self._encoder is None:
            self._encoder = LayeredEncoder(self._open())
        return self._encoder

    def add(self, texts: Sequence[str], progress: "Progress") -> None:
        """Encodes what was not asked for before."""
        missing = sorted({*texts} - self._places.keys(), key=lambda text: (len(text), text))
        if not missing:
            return
        for text, row in zip(missing, self._kept(missing, progress), strict=True):
            self._places[text] = len(self._rows)
            self._rows.append(row)

    def of(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions), each of length 1: the vectors first, then earlier states if any."""
        self.add(texts, lambda _step, _share: None)
        rows = np.stack([self._rows[self._places[text]] for text in texts])
        return self.encoder.states_of(rows)

    def seconds_for_each(self, texts: Sequence[str]) -> float:
        """Returns how long encoding takes for one text of these, in seconds, measured on some of them."""
        chosen = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
        started = time.perf_counter()
        encode(self.encoder, chosen, self._workers, lambda _step, _share: None)
        return (time.perf_counter() - started) / len(chosen)

    def _kept(self, texts: Sequence[str], progress: "Progress") -> "NDArray[np.float32]":
        if self._folder is None:
            return encode(self.encoder, texts, self._workers, progress)
        digest = hashlib.sha256(f"{self.encoder.fingerprint} {self.encoder.dimensions} ".encode())
        for text in texts:
            digest.update(text.encode() + b"\0")
        path = self._folder / f"{digest.hexdigest()[:24]}.npy"
        if path.is_file():
            found: NDArray[np.float32] = np.load(path, allow_pickle=False)
            return found
        found = encode(self.encoder, texts, self._workers, progress)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, found)
        part.replace(path)
        return found
