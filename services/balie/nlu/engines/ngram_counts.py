"""Counts the n-grams of many texts once, so that models of parts of them are fitted without reading a text again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from balie.nlu.engines.ngrams import Ngrams, counts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_FEATURES = 1 << 16
"""The most frequent are kept, of words and of characters each; rarer ones are in one or two examples."""


@dataclass(frozen=True, eq=False)
class _Kind:
    """One kind of n-gram.

    Attributes:
        grams: their names, sorted.
        counts: shape (texts, grams), how often each stands in each text; a SciPy matrix of compressed rows.
    """

    grams: "NDArray[np.str_]"
    counts: Any

    def rows(self, places: "NDArray[np.intp]") -> "_Kind":
        return _Kind(self.grams, self.counts[places])

    def chosen(self) -> "tuple[NDArray[np.intp], NDArray[np.float32]]":
        """Returns the n-grams that the texts have, the most frequent when they are too many, and how rare each is."""
        texts = np.bincount(self.counts.indices, minlength=len(self.grams))
        order = np.argsort(-texts, kind="stable")[:_MOST_FEATURES]
        kept = np.sort(order[texts[order] > 0])
        return kept, (np.log((1 + self.counts.shape[0]) / (1 + texts[kept])) + 1).astype(np.float32)

    def matrix(self, kept: "NDArray[np.intp]", idf: "NDArray[np.float32]") -> Any:
        """Returns the features of the texts, each row of length 1: shape (texts, kept)."""
        found = self.counts[:, kept].astype(np.float64)
        found.data = (1 + np.log(found.data)) * idf[found.indices]
        lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
        found.data /= np.repeat(np.where(lengths, lengths, 1.0), np.diff(found.indptr))
        return found


@dataclass(frozen=True, eq=False)
class NgramCounts:
    """What stands in some texts, letter by letter."""

    words: _Kind
    characters: _Kind

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Returns the counts of texts, in their order."""
        found = [counts_of(text) for text in texts]
        return cls(*(_kind([counts[kind] for counts in found]) for kind in (0, 1)))

    def __len__(self) -> int:
        return int(self.words.counts.shape[0])

    def rows(self, places: "NDArray[np.intp]") -> "NgramCounts":
        """Returns the counts of some of the texts."""
        return NgramCounts(self.words.rows(places), self.characters.rows(places))


@dataclass(frozen=True, eq=False)
class Features:
    """Which n-grams count in a model, and how much."""

    words: "tuple[NDArray[np.intp], NDArray[np.float32]]"
    characters: "tuple[NDArray[np.intp], NDArray[np.float32]]"

    @classmethod
    def of(cls, counts: NgramCounts) -> Self:
        """Returns the features that some texts have."""
        return cls(counts.words.chosen(), counts.characters.chosen())

    def matrix(self, counts: NgramCounts) -> Any:
        """Returns the features of texts that were counted with those they were chosen from, as `Ngrams.row` gives them."""
        from scipy import sparse

        parts = counts.words.matrix(*self.words), counts.characters.matrix(*self.characters)
        return sparse.hstack(parts).tocsr()

    def ngrams(self, counts: NgramCounts) -> Ngrams:
        """Returns what serving needs to find the same features in any text."""
        words, characters = counts.words.grams[self.words[0]], counts.characters.grams[self.characters[0]]
        return Ngrams(
            words.tolist(), characters.tolist(), np.concatenate([self.words[1], self.characters[1]])
        )


def _kind(found: "Sequence[Mapping[str, int]]") -> _Kind:
    from scipy import sparse

    grams = sorted({gram for counts in found for gram in counts})
    numbers = {gram: number for number, gram in enumerate(grams)}
    ends = np.cumsum([0, *map(len, found)])
    indices = np.fromiter((numbers[gram] for counts in found for gram in counts), np.int32, ends[-1])
    data = np.fromiter((count for counts in found for count in counts.values()), np.float32, ends[-1])
    matrix = sparse.csr_matrix((data, indices, ends), shape=(len(found), len(grams)))
    matrix.sort_indices()
    return _Kind(np.array(grams, dtype=object), matrix)
