"""How well texts fit a question, part by part: what the retrievers that ship are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.faq.index.port import SLOTS
from balie.faq.retrieval.analysis import primary
from balie.faq.retrieval.keys import PLACES, key_of
from balie.faq.retrieval.lexical import LexicalQuery, best_numbers
from balie.faq.retrieval.port import PARTS, LeftOut, Query, View
from balie.faq.retrieval.terms import LexicalScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.faq.index.indexed_entry import IndexedEntry

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Vector = NDArray[np.float32]

NEAREST = 16
"""Entries with the nearest vectors that become candidates."""

WORDED = 24
"""Texts with the most of the question's letters, and of its stems, that become candidates."""

SCORED = 256
"""Texts whose letters and stems are looked up; whoever is beyond them, in a large collection, has next to none."""

NOT_THERE = -1.0

_SHORTEST = 1e-6
"""Length of a sum from which on it has a direction."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Texts that may answer, and how well they fit.

    Attributes:
        entries: of each text.
        places: of each text within its entry.
        parts: shape (texts, parts), in the order of `PARTS`.
        words: the question's words; None when it was not looked up by them.
        known: numbers of the entries that have the question word for word.
        ways: vectors of the ways to ask them; None when vectors were not compared.
    """

    entries: "Sequence[IndexedEntry]"
    places: Sequence[int]
    parts: "Floats"
    words: LexicalQuery | None
    known: Sequence[int]
    ways: "AllWays | None" = None


@dataclass(frozen=True, slots=True)
class AllWays:
    """The ways to ask texts, one text after another, each followed by its answer.

    Attributes:
        vectors: shape (rows, dimensions).
        similar: shape (rows,), cosine similarity to the question.
        counted: shape (rows,), whether it is a way to ask that is there.
        starts: shape (texts,), the first row of each text.
    """

    vectors: "Vector"
    similar: "Floats"
    counted: "Flags"
    starts: "Ints"

    def of(self, line: int) -> "tuple[Vector, Floats]":
        """Returns the vectors of one text's ways to ask, and how similar each is to the question."""
        end = int(self.starts[line + 1]) if line + 1 < len(self.starts) else len(self.similar)
        rows = int(self.starts[line]) + np.flatnonzero(self.counted[self.starts[line] : end])
        return self.vectors[rows], self.similar[rows]


def candidates(query: Query, view: View, top: int, *, vectors: bool = True, words: bool = True) -> Candidates:
    """Returns what may answer a question.

    Args:
        query: the question.
        view: where it is looked up.
        top: entries that there are to be, whenever so many are allowed.
        vectors: whether sentence embeddings are compared.
        words: whether words are.
    """
    numbers: dict[int, None] = {}
    asked, scores = None, LexicalScores()
    if words and query.text and len(view.words):
        asked = view.words.query(query.text, query.languages)
        scores = view.words.search(asked, max(SCORED, top))
        for number in best_numbers(scores, max(WORDED, top)):
            if number not in numbers and view.allowed(number) and _is_there(number, query.without):
                numbers[number] = None
    same = known(query, view)
    numbers |= dict.fromkeys(same)
    if vectors and query.vector is not None:
        hits = view.vectors.search(query.vector, max(NEAREST, top), allowed=view.allowed)
        numbers |= dict.fromkeys(hit.number for hit in hits if _is_there(hit.number, query.without))
    if len(numbers) < top:
        numbers |= dict.fromkeys(_others(view, query.without, top))
    texts = _Texts.of(numbers, query, view)
    parts = np.full((len(texts.places), len(PARTS)), 0.0)
    ways = None
    if vectors and query.vector is not None and len(texts.places):
        parts[:, :3], ways = _similar(texts, query.vector, query.without, view)
    if asked is not None:
        parts[:, 3] = [scores.letters.get(key, 0.0) for key in texts.keys]
        parts[:, 4] = [scores.stems.get(key, 0.0) for key in texts.keys]
        if query.without is not None:
            _leave_words_out(texts, parts, asked, query.without, view)
    return Candidates(texts.entries, texts.places, parts, asked, same, ways)


def known(query: Query, view: View) -> Sequence[int]:
    """Returns the numbers of the entries that have a question word for word; none while something is left out.

    In another language only when the question's own does not know it: people write in several, and are taken for one.
    What is left out is asked in its own words: it shows what the other ways to ask are worth.
    """
    if not query.text or query.without is not None:
        return ()
    for languages in dict.fromkeys((query.languages, ())):
        numbers = dict.fromkeys(key // PLACES for key in view.words.known(query.text, languages))
        if found := [number for number in numbers if view.allowed(number)]:
            return found
    return ()


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of candidates: those in the languages asked for where an entry has them, all of it where it has not."""

    entries: "list[IndexedEntry]"
    places: list[int]
    keys: list[int]

    @staticmethod
    def of(numbers: Iterable[int], query: Query, view: View) -> "_Texts":
        wanted = {primary(language) for language in query.languages}
        found = _Texts([], [], [])
        for number in numbers:
            entry = view.entries[number]
            texts, places = entry.texts, list[int]()
            if wanted and len(texts) > 1:
                places = [place for place, text in enumerate(texts) if primary(text.language) in wanted]
            for place in places or range(len(texts)):
                found.entries.append(entry)
                found.places.append(place)
                found.keys.append(key_of(number, place))
        return found


def _is_there(number: int, without: LeftOut | None) -> bool:
    return without is None or not without.whole or without.number != number


def _others(view: View, without: LeftOut | None, top: int) -> Iterable[int]:
    """Yields entries that nothing points at, so that a search is full."""
    found = (number for number in view.entries if view.allowed(number) and _is_there(number, without))
    return (number for number, _ in zip(found, range(2 * top), strict=False))


def _similar(
    texts: _Texts, vector: "Vector", without: LeftOut | None, view: View
) -> "tuple[Floats, AllWays]":
    """Returns the cosine similarities of texts, shape (texts, 3): nearest way to ask, all of them, answer; and the ways."""
    first, sizes = _slots(texts)
    ids = np.repeat(first - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    rows = view.vectors.rows(ids)
    starts = np.cumsum(sizes) - sizes
    answers = starts + sizes - 1
    similar = (rows * vector).sum(axis=1).astype(np.float64)  # BLAS may give the same row two sums
    counted = np.ones(ids.size, np.bool_)
    counted[answers] = False
    if without is not None:
        counted[_left_out_rows(texts, starts, sizes, without)] = False
    lengths = _lengths(texts, rows, starts, counted, without, view)
    together = np.full(lengths.size, NOT_THERE)
    # The product of a sum is the sum of the products, which are there already.
    sums = np.add.reduceat(np.where(counted, similar, 0.0), starts)
    np.divide(sums, lengths, out=together, where=lengths > _SHORTEST)
    nearest = np.maximum.reduceat(np.where(counted, similar, NOT_THERE), starts)
    found = np.stack([nearest, together, similar[answers]], axis=1)
    return found, AllWays(rows, similar, counted, starts)


def _lengths(
    texts: _Texts, rows: "Vector", starts: "Ints", counted: "Flags", without: LeftOut | None, view: View
) -> "Floats":
    """Returns the length of the sum of the rows that count, for each text."""
    kept = [view.lengths.get(key) for key in texts.keys] if without is None else [None]
    if None not in kept:
        return np.asarray(kept, np.float64)
    found: Floats = np.linalg.norm(np.add.reduceat(rows * counted[:, None], starts, axis=0), axis=1)
    if without is None:
        for key, length in zip(texts.keys, found.tolist(), strict=True):
            if length > _SHORTEST:  # else its vectors have gone already, and it is about to
                view.lengths.keep(key, length)
    return found.astype(np.float64)


def _slots(texts: _Texts) -> "tuple[Ints, Ints]":
    """Returns the first id of each text, and how many it has."""
    first, sizes = [], []
    for entry, place in zip(texts.entries, texts.places, strict=True):
        slots = entry.slots
        first.append(entry.number * SLOTS + slots[place])
        sizes.append(slots[place + 1] - slots[place])
    return np.asarray(first, np.int64), np.asarray(sizes, np.int64)


def _left_out_rows(texts: _Texts, starts: "Ints", sizes: "Ints", without: LeftOut) -> list[int]:
    """Returns the rows of what is left out, and of what is worded the same."""
    rows = []
    for line, (entry, place) in enumerate(zip(texts.entries, texts.places, strict=True)):
        if entry.number == without.number:
            left = entry.texts[without.place].asked()[without.asked]
            same = [slot for slot, asked in enumerate(entry.texts[place].asked()) if asked == left]
            rows += [int(starts[line]) + slot for slot in same if slot < sizes[line]]
    return rows


def _leave_words_out(
    texts: _Texts, parts: "Floats", asked: LexicalQuery, without: LeftOut, view: View
) -> None:
    """Scores the texts that something is left out of as if it were not there."""
    for line, (entry, place) in enumerate(zip(texts.entries, texts.places, strict=True)):
        if entry.number == without.number and place == without.place:
            left = entry.texts[place].asked()[without.asked]
            parts[line, 3:] = view.words.shares_without(asked, key_of(entry.number, place), left)
