"""Encoders whose vectors must not meet those of `WordsEncoder`; run as a program, a replica that never gets ready.

`python -m tests.integration.faq.other_encoders URL` opens a replica whose encoder is stuck after its first 500 texts.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from tests.fakes.words_encoder import DIMENSIONS, WordsEncoder
from tests.integration.faq.replicas import replica

if TYPE_CHECKING:
    from numpy.typing import NDArray

STUCK_AFTER_TEXTS = 500


class Reversed(WordsEncoder):
    """Its vectors are as long as the other's, and point elsewhere: mixed ones would be found by no error."""

    def __init__(self, fingerprint: str = "reversed.v1") -> None:
        super().__init__(fingerprint)

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        return np.ascontiguousarray((await super().encode(texts))[:, ::-1])


class Halved(WordsEncoder):
    """Its vectors are half as long."""

    def __init__(self, fingerprint: str = "halved.v1") -> None:
        super().__init__(fingerprint)

    @property
    def dimensions(self) -> int:
        return DIMENSIONS // 2

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        whole = await super().encode(texts)
        half = whole[:, : self.dimensions] + whole[:, self.dimensions :]
        unit: NDArray[np.float32] = half / np.linalg.norm(half, axis=1, keepdims=True)
        return unit


class Stuck(Reversed):
    """Works on so many texts, and then on no other."""

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        if len(self.encoded) >= STUCK_AFTER_TEXTS:
            await asyncio.Event().wait()
        return await super().encode(texts)


async def main(url: str) -> None:
    async with replica(url, Stuck()):
        print("ready", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
