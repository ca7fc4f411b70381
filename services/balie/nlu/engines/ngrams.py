"""Turns a text into its words, pairs of words, and the character n-grams of its words: what stands there letter by letter.

Characters carry what Dutch and German do with words: compounds (`fietskaartje` shares most of its n-grams with `fiets` and
`kaartje`), endings and typing mistakes. Case and accents are folded, and so are the ways to write an umlaut: `Fähre`,
`Faehre` and `Fahre` give the same n-grams.

Source: Salton and Buckley 1988 (tf-idf); Bojanowski et al. 2017, arXiv:1607.04606 (character n-grams of words with marked
ends).
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.folding import words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (2, 3, 4, 5)
_MAX_CHARACTERS = 1024
_UMLAUT = re.compile("(?<![aeq])(ae|oe|ue)(?=[^e])")

_KEPT_WORDS = 4096
"""Learned words whose n-grams are kept at hand; what customers write beside these is forgotten at once."""


class Ngrams:
    """The n-grams that were learned, with their numbers and how rare they are; safe to call from several threads.

    Args:
        words: the words and pairs of words, in the order of their numbers.
        characters: the character n-grams; their numbers follow those of the words.
        idf: shape (words + characters,), float32.
    """

    def __init__(self, words: Sequence[str], characters: Sequence[str], idf: "NDArray[np.float32]") -> None:
        self.words, self.characters, self.idf = list(words), list(characters), idf
        self._words = {word: number for number, word in enumerate(self.words)}
        known = {gram: number for number, gram in enumerate(self.characters, len(self.words))}
        # A partial and no method, so that a model that is let go of is freed at once.
        self._numbers_of = partial(_numbers_of, known)
        self._kept_numbers_of = lru_cache(_KEPT_WORDS)(self._numbers_of)

    def __len__(self) -> int:
        return len(self.words) + len(self.characters)

    def row(self, text: str) -> "tuple[NDArray[np.int64], NDArray[np.float32]]":
        """Returns the numbers of the n-grams in the first 1024 characters, and what each counts.

        Each of the two kinds has length 1, or 0 when nothing of it is known; how often an n-gram stands there counts
        by its logarithm.
        """
        words = _words_of(text)
        known = self._words
        runs = chain(words, _pairs_of(words))
        numbers, values = [], []
        for kind in ([known[run] for run in runs if run in known], chain.from_iterable(map(self._of, words))):
            found = Counter(kind)
            part = np.fromiter(found.keys(), np.int64, len(found))
            counts = np.fromiter(found.values(), np.float32, len(found))
            weights = self.idf[part] * (1 + np.log(counts))
            length = math.sqrt(float(weights @ weights)) or 1.0
            numbers.append(part)
            values.append(weights / np.float32(length))
        return np.concatenate(numbers), np.concatenate(values)

    def _of(self, word: str) -> tuple[int, ...]:
        return self._kept_numbers_of(word) if word in self._words else self._numbers_of(word)

    def arrays(self) -> "Mapping[str, NDArray[np.generic]]":
        """Returns what is to be stored, by name."""
        return {
            "words": _packed(self.words),
            "characters": _packed(self.characters),
            "idf": self.idf,
        }

    @staticmethod
    def of_arrays(arrays: "Mapping[str, NDArray[np.generic]]") -> "Ngrams":
        """Returns what was stored."""
        idf = np.asarray(arrays["idf"], np.float32)
        return Ngrams(_unpacked(arrays["words"]), _unpacked(arrays["characters"]), idf)


def counts_of(text: str) -> tuple[Counter[str], Counter[str]]:
    """Returns how often each word or pair of words, and each character n-gram, stands in the first 1024 characters."""
    words = _words_of(text)
    grams = {word: _grams_of(word) for word in words}
    return Counter(chain(words, _pairs_of(words))), Counter(
        chain.from_iterable(map(grams.__getitem__, words))
    )


def _words_of(text: str) -> list[str]:
    return [
        _UMLAUT.sub(lambda found: found[0][0], word) if "e" in word else word
        for word in words_of(text[:_MAX_CHARACTERS])
    ]


def _pairs_of(words: Sequence[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(words)]


def _grams_of(word: str) -> list[str]:
    # A short word stands whole for each size that it does not fill, so that it weighs as much as others: 0.6 points of
    # accuracy on HWU64 with ten examples an intent, next to nothing on CLINC150 and MASSIVE.
    padded = f" {word} "
    return [padded[start : start + size] for size in SIZES for start in range(max(1, len(padded) - size + 1))]


def _numbers_of(known: Mapping[str, int], word: str) -> tuple[int, ...]:
    """Returns the numbers of a word's known n-grams, each as often as it stands there."""
    return tuple([known[gram] for gram in _grams_of(word) if gram in known])


def _packed(grams: Sequence[str]) -> "NDArray[np.uint8]":
    return np.frombuffer("\n".join(grams).encode("utf-8", "surrogatepass"), np.uint8)


def _unpacked(packed: "NDArray[np.generic]") -> list[str]:
    text = packed.astype(np.uint8).tobytes().decode("utf-8", "surrogatepass")
    return text.split("\n") if text else []
