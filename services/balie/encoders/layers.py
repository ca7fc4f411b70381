"""The vector of a text together with what earlier layers say of it, for those who learn from texts.

A classifier that sees the means of earlier hidden states beside the sentence vector knows more of the words: linear models gain
one to three points of accuracy on HWU64, MASSIVE and CLINC150 (docs/decisions/0011).

Source: Tenney, Das and Pavlick 2019, arXiv:1905.05950 (earlier layers hold the words, later ones what is meant by them).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from balie.encoders.port import Encoder


@runtime_checkable
class GivesLayers(Protocol):
    """An encoder that can give earlier hidden states."""

    @property
    def has_layers(self) -> bool:
        """Returns whether it does."""

    def encode_layers(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions): the sentence vectors first, then earlier states, each of length 1."""


class LayeredEncoder:
    """An encoder whose rows are the vector and what earlier layers say, one after the other.

    Where the encoder gives no layers, its rows are the vectors alone.

    Args:
        encoder: any encoder; loaded, as it is asked once how wide its rows are.
    """

    def __init__(self, encoder: "Encoder") -> None:
        self._encoder = encoder
        self._layers = encoder if isinstance(encoder, GivesLayers) and encoder.has_layers else None
        self._states = 1 if self._layers is None else self._layers.encode_layers(["?"]).shape[1]

    @property
    def name(self) -> str:
        """Returns the encoder's name."""
        return self._encoder.name

    @property
    def fingerprint(self) -> str:
        """Returns the encoder's fingerprint."""
        return self._encoder.fingerprint

    @property
    def vector_dimensions(self) -> int:
        """Returns how many numbers of a row, its first, are the sentence vector."""
        return self._encoder.dimensions

    @property
    def dimensions(self) -> int:
        """Returns the length of a row."""
        return self._states * self._encoder.dimensions

    def states_of(self, rows: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Returns rows as shape (texts, states, vector_dimensions): the vector first, then earlier states if there are any."""
        return rows.reshape(len(rows), self._states, self._encoder.dimensions)

    @property
    def max_tokens(self) -> int:
        """Returns how many tokens of a text are read."""
        return self._encoder.max_tokens

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one row for each text, shape (texts, dimensions), float32; each part of it has length 1."""
        if self._layers is None:
            return self._encoder.encode(texts)
        return self._layers.encode_layers(texts).reshape(len(texts), -1)
