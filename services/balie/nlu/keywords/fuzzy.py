"""Finds the words of a vocabulary that a misspelt word may have been meant as, without looking at the others.

Two words within k edits of each other have in common what is left of each when up to k letters are taken out. The first
seven letters are enough for that, so a word is filed under at most 29 such remainders. They are hashed, in sorted arrays,
with one bit each in a map that tells most misses apart; all words of a message are looked up together. What shares a
remainder is then measured for certain.

Source: Mor and Fraenkel 1982, A hash code method for detecting and correcting spelling errors, CACM 25(12); Garbe 2012,
SymSpell, for the first letters; Damerau 1964, CACM 7(3), for swapped neighbours as one edit.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_LETTERS = 4
"""Shorter words are never taken for others."""

TWO_EDITS_LETTERS = 8
"""From here on a word may have two edits; one before."""

_PREFIX = 7
_TAKEN_OUT = [places for count in range(3) for places in combinations(range(_PREFIX), count)]

_TAIL = 64  # words that are not filed yet, and looked through one by one
_SIDE = 4096  # words filed apart, so that few are filed anew when some are added
_SIDE_SHARE = 8  # or this part of all words
_BITS_PER_HASH = 16
_MOST_PAIRS = 4096  # measured for one message

_BASE = 0x9E3779B97F4A7C15  # odd, without a pattern: 2^64 by the golden ratio
_MIX = np.uint64(0xD6E8FEB86659FD93)

# A remainder's hash is a polynomial of its letters, so all of them are one product: row for the remainder, column for the
# letter, and in it the power that the letter's place among those left gives.
_POWERS = np.array(
    [
        [
            0 if place in places else pow(_BASE, 1 + place - sum(out < place for out in places), 1 << 64)
            for place in range(_PREFIX)
        ]
        for places in _TAKEN_OUT
    ],
    np.uint64,
)
_LAST = np.array([max(places, default=-1) for places in _TAKEN_OUT])
_TWICE = np.array([len(places) > 1 for places in _TAKEN_OUT])


def edits_allowed(letters: int) -> int:
    """Returns how many edits a word of the vocabulary may be away from what was written: 0, 1 or 2."""
    if letters < LEAST_LETTERS:
        return 0
    return 1 if letters < TWO_EDITS_LETTERS else 2


class FuzzyWords:
    """A vocabulary that can be searched for near words while words are added; one thread adds, any may search.

    Args:
        is_used: tells whether a word is still one of the vocabulary; asked when words are filed anew.
    """

    def __init__(self, is_used: Callable[[str], bool] = lambda _: True) -> None:
        self._is_used = is_used
        self._known: set[str] = set()
        self._state = _State((), _NO_BLOCK, _NO_BLOCK)
        self._adding = threading.Lock()

    def add(self, words: Iterable[str]) -> None:
        """Adds words, folded; shorter ones than four letters are left out, and so are those that are there."""
        with self._adding:
            new = [
                word for word in dict.fromkeys(words) if edits_allowed(len(word)) and word not in self._known
            ]
            self._known.update(new)
            state = self._state
            tail = (*state.tail, *new)
            if len(tail) <= _TAIL:
                self._state = _State(tail, state.side, state.main)
            elif len(state.side.words) + len(tail) <= max(_SIDE, len(state.main.words) // _SIDE_SHARE):
                self._state = _State((), _Block([*state.side.words, *tail]), state.main)
            else:
                everything = [*state.main.words, *state.side.words, *tail]
                kept = [word for word in everything if self._is_used(word)]
                self._known = set(kept)
                self._state = _State((), _NO_BLOCK, _Block(kept))

    def near(self, words: Sequence[str]) -> list[list[str]]:
        """Returns for each word the nearest ones of the vocabulary within the edits allowed, in no order.

        Args:
            words: folded.
        """
        best: list[tuple[int, list[str]]] = [(3, []) for _ in words]
        for place, candidate in self.candidates(words):
            most = min(best[place][0], edits_allowed(len(candidate)))
            distance = DamerauLevenshtein.distance(words[place], candidate, score_cutoff=most)
            if distance > most:
                continue
            if distance < best[place][0]:
                best[place] = (distance, [candidate])
            else:
                best[place][1].append(candidate)
        return [list(dict.fromkeys(found)) for _, found in best]

    def candidates(self, words: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Yields what is to be measured: the place of a word, and one of the vocabulary that may be near it."""
        state = self._state
        if state.tail:
            for place, word in enumerate(words):
                near = process.extract_iter(
                    word, state.tail, scorer=DamerauLevenshtein.distance, score_cutoff=2
                )
                yield from ((place, candidate) for candidate, _, _ in near)
        for block in (state.side, state.main):
            yield from block.candidates(words)


@dataclass(frozen=True, slots=True)
class _State:
    tail: tuple[str, ...]
    side: "_Block"
    main: "_Block"


class _Block:
    """Words that are filed; never changed."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        if not words:
            return
        hashes, owners = _remainders(words, [edits_allowed(len(word)) > 1 for word in words])
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owners = hashes[order], owners[order].astype(np.uint32)
        size = 1 << max(6, (len(hashes) * _BITS_PER_HASH - 1).bit_length())
        self._mask = np.uint32(min(size, 1 << 32) - 1)
        self._bits = np.zeros((int(self._mask) + 1) // 8, np.uint8)
        places = hashes & self._mask
        np.bitwise_or.at(self._bits, places >> np.uint32(3), _bit(places))
        self._lengths = np.fromiter(map(len, words), np.int32, len(words))

    def candidates(self, words: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Yields the place of a word, and one of the block with which it shares a remainder."""
        if not self.words or not words:
            return
        # What is two letters shorter may still be one of eight.
        hashes, askers = _remainders(words, [len(word) >= TWO_EDITS_LETTERS - 2 for word in words])
        places = hashes & self._mask
        known = (self._bits[places >> np.uint32(3)] & _bit(places)) != 0
        hashes, askers = hashes[known], askers[known]
        if not len(hashes):
            return
        first = np.searchsorted(self._hashes, hashes, "left")
        counts = np.searchsorted(self._hashes, hashes, "right") - first
        starts = np.repeat(first - (np.cumsum(counts) - counts), counts)
        owners = self._owners[starts + np.arange(len(starts))]
        askers = np.repeat(askers, counts)
        lengths = np.fromiter(map(len, words), np.int32, len(words))[askers]
        theirs = self._lengths[owners]
        close = np.abs(lengths - theirs) <= np.where(theirs < TWO_EDITS_LETTERS, 1, 2)
        pairs = np.unique(askers[close].astype(np.int64) << 32 | owners[close])
        for pair in pairs[:_MOST_PAIRS].tolist():
            yield pair >> 32, self.words[pair & 0xFFFFFFFF]


def _remainders(words: Sequence[str], two: Sequence[bool]) -> "tuple[NDArray[np.uint32], NDArray[np.int64]]":
    """Returns the hashes of what is left of each word's first letters, and the place of the word that each is of.

    Args:
        words: at least one.
        two: whether up to two letters are taken out of each, or one.
    """
    text = "".join(word[:_PREFIX].ljust(_PREFIX, "\0") for word in words)
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").reshape(-1, _PREFIX)
    filled = (letters != 0).sum(axis=1)
    fitting = (_LAST[:, None] < filled) & (np.array(two, bool) | ~_TWICE[:, None])
    rows, owners = np.nonzero(fitting)
    hashes = (_POWERS @ letters.T.astype(np.uint64))[rows, owners]
    return ((hashes * _MIX) >> np.uint64(32)).astype(np.uint32), owners


def _bit(places: "NDArray[np.uint32]") -> "NDArray[np.uint8]":
    return np.left_shift(np.uint8(1), (places & np.uint32(7)).astype(np.uint8))


_NO_BLOCK = _Block([])
