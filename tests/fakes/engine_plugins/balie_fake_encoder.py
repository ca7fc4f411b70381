"""An encoder that is there at once: texts are as similar as the pairs of letters they share."""

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.encoders import EncoderSettings


class LettersEncoder:
    """Counts pairs of letters; `model` of the settings makes it another encoder, with vectors of its own."""

    dimensions = 64
    max_tokens = 256

    def __init__(self, model: str) -> None:
        self._salt = model.encode()
        self.name = "letters"
        self.fingerprint = f"letters.{model or 'plain'}"

    @classmethod
    def from_settings(cls, settings: "EncoderSettings") -> Self:
        return cls(settings.model)

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for start in range(len(text) + 1):
                pair = f" {text} "[start : start + 2].encode("utf-8", "surrogatepass")
                row[zlib.crc32(self._salt + pair) % self.dimensions] += 1.0
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit
