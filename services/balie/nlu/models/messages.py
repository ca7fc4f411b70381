"""Texts as messages to rank: with what a model is given beside them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from balie.nlu.artifacts import Artifact
from balie.nlu.engines.port import Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextEncoder(Protocol):
    """What is needed of an encoder: `balie.nlu.encoding.StateEncoder`."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""

    async def encode_states(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions), each of length 1: the vectors first."""


async def messages_of(
    encoder: TextEncoder, artifact: Artifact, texts: Sequence[str], languages: Sequence[str]
) -> list[Message]:
    """Returns texts as messages that a model can rank, in their order.

    Args:
        encoder: whose vectors the model takes; not asked when it takes none.
        artifact: the model.
        texts: one at least.
        languages: one for each text.

    Raises:
        EncoderBusy: too many texts wait for the encoder.
        ServerStopping: the encoder is closed.
    """
    if not artifact.needs_vectors:
        return [Message(text, language) for text, language in zip(texts, languages, strict=True)]
    states = await encoder.encode_states(texts)
    return [
        Message(text, language, rows[0], rows)
        for text, language, rows in zip(texts, languages, states, strict=True)
    ]
