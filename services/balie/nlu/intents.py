"""Ranks intents by a linear model over the sentence embedding and the character n-grams.

Serving is one product of the embedding with a matrix and a sum of rows for the n-grams; scikit-learn is only needed to
train. An example that somebody types word for word is known and not guessed: its intent scores 1.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.domain import ScoredIntent
from balie.nlu.folding import phrase_of
from balie.nlu.lexical import ngrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def phrase_hash(text: str) -> int:
    """Returns a number of 64 bits for the words of a text, whatever their case, accents and punctuation."""
    return int.from_bytes(hashlib.blake2b(phrase_of(text).encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False)
class Weights:
    """What training found.

    Attributes:
        dense: shape (dimensions, classes), for the embedding.
        lexical: shape (buckets, classes), for the n-grams, their weights multiplied in.
        idf: shape (buckets,), how rare each n-gram is; a text's n-grams are scaled to length 1.
        bias: shape (classes,).
        phrases: shape (examples,), uint64, ascending: the hashes of the examples' words.
        phrase_classes: shape (examples,), int32, the class of each.
    """

    dense: "Floats"
    lexical: "Floats"
    idf: "Floats"
    bias: "Floats"
    phrases: "NDArray[np.uint64]"
    phrase_classes: "NDArray[np.int32]"


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """What a text's letters say, before its embedding is known.

    Attributes:
        logits: shape (classes,), float32.
        known_class: the class of the example it is word for word, or None.
    """

    logits: "Floats"
    known_class: int | None


class IntentModel:
    """A trained model; safe to call from several threads.

    Args:
        intents: names of the classes, in the order of the weights.
        weights: as trained; one class more than `intents` stands for what is out of scope.
    """

    def __init__(self, intents: Sequence[str], weights: Weights) -> None:
        self._intents = list(intents)
        self._weights = weights
        self._names = np.array(self._intents)

    @property
    def intents(self) -> Sequence[str]:
        """Returns the names of the intents."""
        return self._intents

    def wording(self, text: str) -> Wording:
        """Returns what the letters of a text say."""
        weights = self._weights
        found = ngrams(text)
        length = float(np.linalg.norm(weights.idf[found])) or 1.0
        return Wording(weights.lexical[found].sum(axis=0) / np.float32(length), self._class_of(text))

    def scores(self, vectors: "Floats", wordings: Sequence[Wording]) -> "Floats":
        """Returns the probability of each intent.

        Args:
            vectors: shape (texts, dimensions), the sentence vectors.
            wordings: one for each text.

        Returns:
            Shape (texts, intents), float32, each row in [0, 1] with a sum of at most 1; what lacks is out of scope.
        """
        lexical = np.stack([wording.logits for wording in wordings])
        scores = softmax(vectors @ self._weights.dense + lexical + self._weights.bias)
        for row, wording in zip(scores, wordings, strict=True):
            if wording.known_class is not None:
                row[:] = 0.0
                row[wording.known_class] = 1.0
        return scores[:, : len(self._intents)]

    def ranked(self, scores: "Floats", most: int) -> list[ScoredIntent]:
        """Returns the intents of one row of scores, best first, ties by name."""
        order = np.lexsort((self._names, -scores))[:most]
        return [ScoredIntent(self._intents[place], float(scores[place])) for place in order]

    def _class_of(self, text: str) -> int | None:
        wanted = np.uint64(phrase_hash(text))
        place = int(np.searchsorted(self._weights.phrases, wanted))
        if place == self._weights.phrases.size or self._weights.phrases[place] != wanted:
            return None
        return int(self._weights.phrase_classes[place])


def softmax(logits: "Floats") -> "Floats":
    """Returns the rows of logits as probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
