"""Texts to vectors: for the models of messages with what earlier layers say, and for callers outside without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from balie.encoders import EncoderSettings
from balie.encoders.batcher import BatchingEncoder, Measures
from balie.encoders.layers import LayeredEncoder
from balie.nlu.domain import EncodedTexts
from balie.nlu.errors import FingerprintMismatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class StateEncoder:
    """The encoder of messages, for one event loop: each text is encoded once, whatever is asked of it.

    Args:
        layered: gives vectors and earlier states.
        settings: how many texts go together, wait, and are kept.
    """

    def __init__(self, layered: LayeredEncoder, settings: EncoderSettings) -> None:
        self._layered = layered
        self._rows = BatchingEncoder.from_settings(layered, settings)

    @property
    def name(self) -> str:
        """Returns the model's name."""
        return self._layered.name

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""
        return self._layered.fingerprint

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read."""
        return self._layered.max_tokens

    async def encode_states(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions), each of length 1: the vectors first, then earlier states if any.

        Raises:
            EncoderBusy: too many texts wait.
            ServerStopping: the encoder is closed.
        """
        return self._layered.states_of(await self._rows.encode(texts))

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions); raises as `encode_states` does."""
        return (await self.encode_states(texts))[:, 0]

    def measures(self) -> Measures:
        """Returns what was encoded up to now."""
        return self._rows.measures()

    async def close(self) -> None:
        """Finishes what was let in, and ends the threads."""
        await self._rows.close()


class DescribedEncoder(Protocol):
    """What is needed of an encoder here: `StateEncoder`."""

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
