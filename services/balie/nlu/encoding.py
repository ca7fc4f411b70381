"""Texts to vectors for callers outside, with the encoder that understands messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from balie.nlu.domain import EncodedTexts
from balie.nlu.errors import FingerprintMismatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DescribedEncoder(Protocol):
    """What is needed of an encoder here: `balie.encoders.batcher.BatchingEncoder`."""

    @property
    def name(self) -> str:
        """Returns the model's name."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read."""

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions)."""


class Encoding:
    """Encodes for those who keep vectors of their own.

    Args:
        encoder: the analyzer's, so that both share batches and recent texts.
    """

    def __init__(self, encoder: DescribedEncoder) -> None:
        self._encoder = encoder

    async def encode(self, texts: Sequence[str], expected_fingerprint: str) -> EncodedTexts:
        """Returns the vectors of texts, in the order given.

        Args:
            texts: one at least.
            expected_fingerprint: of the encoder that is meant; empty for whichever there is.

        Raises:
            FingerprintMismatch: the encoder is another; nothing was encoded.
            EncoderBusy: too many texts wait for the encoder.
            ServerStopping: the encoder is closed.
        """
        fingerprint = self._encoder.fingerprint
        if expected_fingerprint not in ("", fingerprint):
            raise FingerprintMismatch(expected_fingerprint, fingerprint)
        return EncodedTexts(
            vectors=await self._encoder.encode(texts),
            fingerprint=fingerprint,
            max_tokens=self._encoder.max_tokens,
            encoder_name=self._encoder.name,
        )
