"""The one thing that everybody knows of an encoder: texts go in, unit vectors come out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity; safe to call from several threads."""

    @property
    def name(self) -> str:
        """Returns the model's name, for people and logs."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells vectors of this encoder from any other's.

        Two encoders with the same fingerprint give the same vectors: it covers the weights, the vocabulary, the
        precision, the pooling, the normalisation and the token limit, and neither the folder nor the machine.
        """

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read, special tokens included; the rest is left out."""

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one vector for each text.

        Args:
            texts: any number of texts, in any order; an empty text has a vector as well.

        Returns:
            Shape (texts, dimensions), float32, each row of Euclidean length 1, in the order of `texts`.
        """


@runtime_checkable
class KnowsWords(Protocol):
    """What an encoder whose vocabulary has whole words offers besides."""

    def words(self) -> frozenset[str]:
        """Returns the words that it knows as such."""
