"""Finds nearly the same words under two intents.

Two texts of a language are near-duplicates when the cosine of their character n-grams, weighted by rarity, is at least
0.85, and no word that only one of them has is typical of its intent: `turn on the lights` and `turn off the lights` are
as they should be where `on` and `off` tell their intents apart in other examples as well. In clinc150 that leaves 25 of
131 pairs, in banking77 49 of 226; nearly all are examples that stand under the wrong intent, or intents that overlap.

All pairs are found without comparing all: with features in the order of their rarity, two vectors of cosine t share one
of those that come before the rest of the vector is shorter than t.

Sources: Salton and Buckley 1988 (TF-IDF); Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search", WWW,
section 4 (the bound by prefixes; here by the length of the rest, after Cauchy and Schwarz).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from balie.nlu.examples import Example
from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import Finding, Place, Severity

LEAST_SIMILARITY = 0.85

_SIZES = (3, 5)
_BLOCK_PAIRS = 5_000_000
"""Pairs that may share a feature, looked at together: some 60 MB."""
_COSINES = 50_000
"""Pairs whose cosines are worked out together: some 100 MB."""
_MOST_FOUND = 100_000
_MOST_PAIRS = 2_000_000_000
"""Beyond this, so many texts are alike that a list of pairs would help nobody."""
_TYPICAL = 3.0
"""How many times as often a word stands in its intent as in the other."""
_SEEN = 2
"""Other examples of the intent that hold the word."""
_NUMBER = re.compile("[0-9]+")


def near_duplicates(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each pair, the most similar pair of each two intents first."""
    found: list[tuple[float, Example, Example]] = []
    for language in corpus.languages:
        rows = {
            phrase: next(iter(by_intent.values()))[0]
            for (tag, phrase), by_intent in corpus.first.items()
            if tag == language and len(by_intent) == 1
        }
        if len(rows) > 1:
            found += islice(_alike(list(rows), list(rows.values())), _MOST_FOUND)
    found.sort(key=lambda pair: (-pair[0], pair[1].line, pair[2].line))
    seen: Counter[frozenset[str]] = Counter()
    turns: list[tuple[int, tuple[float, Example, Example]]] = []
    for pair in found:
        intents = frozenset({pair[1].intent, pair[2].intent})
        turns.append((seen[intents], pair))
        seen[intents] += 1
    turns.sort(key=lambda turn: turn[0])
    for _, (similarity, one, other) in turns:
        yield Finding(
            "near-duplicate",
            Severity.WARNING,
            f"nearly the same words are examples of {one.intent} and {other.intent}",
            [Place.of(one), Place.of(other)],
            round(similarity, 3),
        )


def _alike(phrases: Sequence[str], examples: Sequence[Example]) -> Iterator[tuple[float, Example, Example]]:
    """Yields the near-duplicates among texts of one language, all different."""
    number = {intent: place for place, intent in enumerate(sorted({example.intent for example in examples}))}
    intents = np.array([number[example.intent] for example in examples])
    words = _Words(phrases, examples)
    for one, other, similarity in similar_pairs(phrases, intents):
        if not words.tell_apart(one, other):
            yield similarity, examples[one], examples[other]


def similar_pairs(
    texts: Sequence[str], groups: "NDArray[np.int64]", least: float = LEAST_SIMILARITY
) -> Iterator[tuple[int, int, float]]:
    """Yields the pairs of texts of different groups whose cosine is at least `least`: two places, and the cosine.

    Args:
        texts: at least one.
        groups: shape (texts,), the group of each.
        least: (0, 1].
    """
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=_SIZES, sublinear_tf=True, dtype=np.float32)
    try:
        vectors = vectorizer.fit_transform([_NUMBER.sub("0", text) for text in texts]).tocsr()
    except ValueError:  # not one n-gram
        return
    prefixes = _prefixes(vectors, least)
    transposed = prefixes.T.tocsr()
    for rows in _blocks(prefixes):
        shared = (prefixes[rows] @ transposed).tocoo()
        one, other = shared.row + rows.start, shared.col
        kept = (other > one) & (groups[one] != groups[other])
        one, other = one[kept], other[kept]
        for start in range(0, len(one), _COSINES):
            left, right = one[start : start + _COSINES], other[start : start + _COSINES]
            cosines = np.asarray(vectors[left].multiply(vectors[right]).sum(axis=1)).ravel()
            for place in np.flatnonzero(cosines >= least):
                yield int(left[place]), int(right[place]), min(1.0, float(cosines[place]))


def _prefixes(vectors: sparse.csr_matrix, least: float) -> sparse.csr_matrix:
    """Returns, of each vector, the rarest features up to where the length of the rest falls below `least`, as ones."""
    rarity = np.empty(vectors.shape[1], np.int64)
    rarity[np.argsort(np.bincount(vectors.indices, minlength=vectors.shape[1]), kind="stable")] = np.arange(
        vectors.shape[1]
    )
    numbered = (vectors.data, rarity[vectors.indices], vectors.indptr)
    ordered = sparse.csr_matrix(numbered, shape=vectors.shape, copy=True)
    ordered.sort_indices()
    rows = np.repeat(np.arange(vectors.shape[0]), np.diff(ordered.indptr))
    sums = np.concatenate([[0.0], np.cumsum(ordered.data.astype(np.float64) ** 2)])
    before = sums[:-1] - sums[ordered.indptr[:-1]][rows]
    kept = 1.0 - before >= least**2 - 1e-6
    ones = np.ones(int(kept.sum()), np.float32)
    return sparse.csr_matrix((ones, (rows[kept], ordered.indices[kept])), shape=vectors.shape)


def _blocks(prefixes: sparse.csr_matrix) -> Iterator[slice]:
    """Yields rows that have a bounded number of pairs together; nothing when there are too many in all."""
    common = np.asarray(prefixes.sum(axis=0)).ravel()
    pairs = np.cumsum(prefixes @ common)
    if pairs[-1] > _MOST_PAIRS:
        return
    start = 0
    while start < len(pairs):
        done = pairs[start - 1] if start else 0.0
        end = max(start + 1, int(np.searchsorted(pairs, done + _BLOCK_PAIRS)))
        yield slice(start, end)
        start = end


class _Words:
    """How often each word stands in each intent."""

    def __init__(self, phrases: Sequence[str], examples: Sequence[Example]) -> None:
        self._examples = examples
        self._words = [frozenset(phrase.split()) for phrase in phrases]
        self._sizes = Counter(example.intent for example in examples)
        self._counts: dict[str, Counter[str]] = {intent: Counter() for intent in self._sizes}
        for example, words in zip(examples, self._words, strict=True):
            self._counts[example.intent].update(words)

    def tell_apart(self, one: int, other: int) -> bool:
        """Returns whether a word that only one of two texts has is typical of its intent, by other examples of it."""
        return self._is_typical(one, other) or self._is_typical(other, one)

    def _is_typical(self, here: int, there: int) -> bool:
        mine, theirs = self._examples[here].intent, self._examples[there].intent
        for word in self._words[here] - self._words[there]:
            others = self._counts[mine][word] - 1
            share = (others + 0.5) / (self._sizes[mine] + 1)
            elsewhere = (self._counts[theirs][word] + 0.5) / (self._sizes[theirs] + 1)
            if others >= _SEEN and share >= _TYPICAL * elsewhere:
                return True
        return False
