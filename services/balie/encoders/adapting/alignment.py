"""Which English words a word of another language stands for, learned from sentence pairs.

IBM Model 1: each word of one text was called forth by one word of the other, or by none, and which one is learned by
expectation maximisation. It is run in both directions and their expected counts are added: one direction alone gives
rare words too many partners, the other frequent ones.

Source: Brown et al. 1993, "The Mathematics of Statistical Machine Translation", section 4.2; adding the directions:
measured (see `tables/README.md`).

The same pairs give the same bits on every machine: only element-wise arithmetic, and sums in the order of the data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Integers = NDArray[np.int64]

WordPairs = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Each pair's English words and other words, in the order of the text; neither is empty."""

MOST_LINKS = 10_000_000
"""How many combinations of an English and another word of the same pair are aligned: 100,000 pairs of ten words."""
BYTES_PER_LINK = 100
"""Memory that alignment takes for each combination, at most; so at most 1 GB."""

_TINY = 1e-300
"""Stands for 0 where something is divided by it."""


class TooManyLinks(Exception):
    """The pairs have more than `MOST_LINKS` combinations of words."""


@dataclass(frozen=True)
class Alignment:
    """How often each word of a language was called forth by each English word, as far as the pairs tell.

    Only combinations that share a pair are there; entry `k` of the three arrays is one of them. Shape (combinations,).
    """

    english_words: tuple[str, ...]
    """Every English word of the pairs once, in the order of first occurrence."""
    words: tuple[str, ...]
    """Every word of the other language once, in the order of first occurrence."""
    occurrences: "Integers"
    """How often each of `words` occurs. Shape (words,)."""
    english: "Integers"
    """Place of the combination's English word in `english_words`."""
    word: "Integers"
    """Place of its other word in `words`; in ascending order."""
    counts: "Reals"
    """Expected number of links of the combination, both directions together; at least 0."""


def align(pairs: WordPairs, *, rounds: int) -> Alignment:
    """Aligns the words of the pairs.

    Args:
        pairs: at least one.
        rounds: of expectation maximisation, at least 1.

    Raises:
        TooManyLinks: it would take too much memory.
    """
    links = _Links(pairs)
    forth = _expected(links.word_side, links.english_side, links.kind, rounds)
    back = _expected(links.english_side, links.word_side, links.kind, rounds)
    return Alignment(
        english_words=links.english_side.names,
        words=links.word_side.names,
        occurrences=np.bincount(links.word_side.tokens, minlength=len(links.word_side.names)),
        english=links.english_side.of_kind,
        word=links.word_side.of_kind,
        counts=forth + back,
    )


def preference(pairs: WordPairs, *, rounds: int) -> tuple[float, int]:
    """Measures whether the texts of a pair belong together, on pairs that were not learned from.

    What every second pair teaches is tried on the others: does a text fit its own English text better than the
    English text of another pair?

    Returns:
        The share of tried pairs that prefer their own partner, in [0, 1]: about 0.5 for texts that have nothing to do
        with one another; a tie counts half. And how many were tried.
    """
    learned, tried = pairs[::2], pairs[1::2]
    found = align(learned, rounds=rounds)
    totals = _sums(found.english, found.counts, len(found.english_words))
    given = (found.counts / np.maximum(totals[found.english], _TINY)).tolist()
    chance: dict[tuple[str, str], float] = {}
    for english, word, value in zip(found.english.tolist(), found.word.tolist(), given, strict=True):
        chance[found.english_words[english], found.words[word]] = value

    def fit(english: Sequence[str], words: Sequence[str]) -> float:
        total = 0.0
        for word in words:
            total += sum(chance.get((other, word), 0.0) for other in english) / len(english)
        return total

    won = 0.0
    for place, (english, words) in enumerate(tried):
        own, foreign = fit(english, words), fit(_unlike(tried, place), words)
        won += 1.0 if own > foreign else 0.5 if own == foreign else 0.0
    return (won / len(tried) if tried else 0.5), len(tried)


def _unlike(pairs: WordPairs, place: int) -> Sequence[str]:
    """Returns the English words of another pair, half of all pairs away: neighbours are often about the same."""
    return pairs[(place + max(1, len(pairs) // 2)) % len(pairs)][0]


@dataclass(frozen=True)
class _Side:
    """One side of all links: its words, and where each link and each kind of link ends on it."""

    names: tuple[str, ...]
    tokens: "Integers"
    """The word of each place in the texts, as a place in `names`."""
    of_link: "Integers"
    """The place in the texts at which a link ends."""
    of_kind: "Integers"
    """The word at which a kind of link ends, as a place in `names`."""


class _Links:
    """Every combination of places within a pair, and the kinds of combination: those of the same two words."""

    def __init__(self, pairs: WordPairs) -> None:
        if sum(len(english) * len(words) for english, words in pairs) > MOST_LINKS:
            raise TooManyLinks
        english_names, english, english_lengths = _numbered(english for english, _words in pairs)
        names, words, lengths = _numbered(words for _english, words in pairs)
        partners = np.repeat(english_lengths, lengths)  # how many English words each word can be linked to
        first_english = np.repeat(np.cumsum(english_lengths) - english_lengths, lengths)
        word_of_link = np.repeat(np.arange(len(words)), partners)
        first_link = np.cumsum(partners) - partners
        english_of_link = np.arange(len(word_of_link)) + np.repeat(first_english - first_link, partners)
        combination = words[word_of_link] * len(english_names) + english[english_of_link]
        kinds, kind = np.unique(combination, return_inverse=True)
        self.kind: Integers = kind.astype(np.int64, copy=False)
        self.word_side = _Side(names, words, word_of_link, kinds // len(english_names))
        self.english_side = _Side(english_names, english, english_of_link, kinds % len(english_names))


def _numbered(texts: Iterable[Sequence[str]]) -> "tuple[tuple[str, ...], Integers, Integers]":
    """Returns the words in order of first occurrence, the word number of each place, and each text's length."""
    numbers: dict[str, int] = {}
    places: list[int] = []
    lengths: list[int] = []
    for text in texts:
        lengths.append(len(text))
        places.extend(numbers.setdefault(word, len(numbers)) for word in text)
    return tuple(numbers), np.array(places, np.int64), np.array(lengths, np.int64)


def _expected(called: _Side, caller: _Side, kind: "Integers", rounds: int) -> "Reals":
    """Returns the expected number of links of each kind when each place of `called` chooses one of `caller`, or none.

    The probability that no word called forth a word is learned like that of any other caller: it takes up words that
    come with every sentence.
    """
    kinds, words, places = len(called.of_kind), len(called.names), len(called.tokens)
    given = np.full(kinds, 1.0 / words)  # probability of the called word, given the caller
    given_none = np.full(words, 1.0 / words)
    counts: Reals = np.zeros(kinds)
    for _round in range(rounds):
        chances, chances_none = given[kind], given_none[called.tokens]
        totals = _sums(called.of_link, chances, places) + chances_none + _TINY
        counts = _sums(kind, chances / totals[called.of_link], kinds)
        counts_none = _sums(called.tokens, chances_none / totals, words)
        given = counts / np.maximum(_sums(caller.of_kind, counts, len(caller.names)), _TINY)[caller.of_kind]
        given_none = counts_none / np.maximum(_sums(np.zeros(words, np.int64), counts_none, 1), _TINY)
    return counts


def _sums(places: "Integers", values: "Reals", size: int) -> "Reals":
    """Returns the sum of the values of each place, added from the first to the last; np.sum's order differs by processor."""
    sums: Reals = np.bincount(places, weights=values, minlength=size).astype(np.float64, copy=False)
    return sums
