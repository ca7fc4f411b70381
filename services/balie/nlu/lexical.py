"""Turns a text into the character n-grams of its words, as numbers: what the encoder misses in a language it has not learned.

An n-gram's number is a hash of it, so that no vocabulary has to be stored and any text has features. Training and
serving share this one function: a model is only valid for the features it was trained on, and whoever changes them
raises the recipe in `balie.nlu.engines.hybrid`.

Source: Weinberger et al. 2009, arXiv:0902.2206 (feature hashing); Bojanowski et al. 2017, arXiv:1607.04606 (character
n-grams of words with marked ends).
"""

import zlib
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.folding import pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUCKETS = 1 << 15
"""Measured on the sample desk's cross-validation: 2^13 loses 0.6 points of accuracy against 2^17, this one 0.1."""

_SIZES = (2, 3, 4, 5)
_MAX_CHARACTERS = 1024


def ngrams(text: str) -> "NDArray[np.intp]":
    """Returns the numbers of the n-grams in the first 1024 characters, each once, ascending; below `BUCKETS`.

    An n-gram lies within one run of letters or digits, whose ends count as a character: `fiets` has ` fi` and `ts `.
    """
    found: set[int] = set()
    for piece in pieces(text[:_MAX_CHARACTERS]):
        word = f" {piece.text} ".encode("utf-32-le", "surrogatepass")
        for size in _SIZES:
            for start in range(0, len(word) - 4 * size + 1, 4):
                found.add(zlib.crc32(word[start : start + 4 * size]) % BUCKETS)
    return np.array(sorted(found), np.intp)
