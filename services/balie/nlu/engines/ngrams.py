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
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.folding import pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (2, 3, 4, 5)
_MAX_CHARACTERS = 1024
_UMLAUT = re.compile("(?<=[^aeq])(ae|oe|ue)(?=[^e])")


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
        self._characters = {gram: number for number, gram in enumerate(self.characters, len(self.words))}

    def __len__(self) -> int:
        return len(self.words) + len(self.characters)

    def row(self, text: str) -> "tuple[NDArray[np.int64], NDArray[np.float32]]":
        """Returns the numbers of the n-grams in the first 1024 characters, and what each counts.

        Each of the two kinds has length 1, or 0 when nothing of it is known; how often an n-gram stands there counts
        by its logarithm.
        """
        numbers, values = [], []
        for known, counts in zip((self._words, self._characters), counts_of(text), strict=True):
            found = {known[gram]: count for gram, count in counts.items() if gram in known}
            part = np.fromiter(found.keys(), np.int64, len(found))
            weights = self.idf[part] * (1 + np.log(np.fromiter(found.values(), np.float32, len(found))))
            length = math.sqrt(float(weights @ weights)) or 1.0
            numbers.append(part)
            values.append(weights / np.float32(length))
        return np.concatenate(numbers), np.concatenate(values)

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
    words = [_UMLAUT.sub(lambda found: found[0][0], piece.text) for piece in pieces(text[:_MAX_CHARACTERS])]
    runs = Counter(words)
    runs.update(f"{first} {second}" for first, second in pairwise(words))
    characters: Counter[str] = Counter()
    for word, times in Counter(words).items():
        padded = f" {word} "
        for size in SIZES:
            last = max(1, len(padded) - size + 1)
            for gram in [padded[start : start + size] for start in range(last)]:
                characters[gram] += times
    return runs, characters


def _packed(grams: Sequence[str]) -> "NDArray[np.uint8]":
    return np.frombuffer("\n".join(grams).encode("utf-8", "surrogatepass"), np.uint8)


def _unpacked(packed: "NDArray[np.generic]") -> list[str]:
    text = packed.astype(np.uint8).tobytes().decode("utf-8", "surrogatepass")
    return text.split("\n") if text else []
