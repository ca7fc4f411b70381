"""An encoder that knows words and no meaning: texts are as similar as the words they share; counts what it encodes."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from balie.encoders.errors import EncoderBusy
from balie.kit.errors import ServerStopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 1024


class WordsEncoder:
    """Gives each word a place of its own, so that scores can be told from the texts.

    Attributes:
        encoded: every text it was given, in order.
        refusals: how many requests it refuses as busy before it works.
        bugs: how many requests end in a bug before it works.
        gate: requests wait until it is set; it is, at first.
        closed: whether it was closed, after which it refuses.
    """

    def __init__(self, fingerprint: str = "words.v1") -> None:
        self._fingerprint = fingerprint
        self.encoded: list[str] = []
        self.refusals = 0
        self.bugs = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    @property
    def fingerprint(self) -> str:
        """Returns the name it was given."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return DIMENSIONS

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text."""
        await self.gate.wait()
        if self.closed:
            raise ServerStopping
        if self.refusals:
            self.refusals -= 1
            raise EncoderBusy(1)
        if self.bugs:
            self.bugs -= 1
            raise ValueError("a bug in the encoder")
        self.encoded += texts
        return np.stack([vector_of(text) for text in texts])

    async def close(self) -> None:
        """Closes it."""
        self.closed = True


def vector_of(text: str) -> "NDArray[np.float32]":
    """Returns a text's vector: the direction of its words, of which each counts once."""
    vector = np.zeros(DIMENSIONS, np.float32)
    for word in {*text.lower().split()} or {""}:
        vector[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big") % DIMENSIONS] = (
            1.0
        )
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit
