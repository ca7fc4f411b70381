"""A retriever for Balie's FAQ: what the hybrid one finds, put in order by the words that stand together in the question."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Self

from balie.faq.retrieval.analysis import words
from balie.faq.retrieval.blend import HybridRetriever
from balie.faq.retrieval.judged import NOTHING, Judged
from balie.faq.retrieval.port import Query, Ranked, View

FIRST = 10
"""Entries that are put in another order; the others stay where they are."""

WEIGHT = 1.0
"""What a question whose pairs of words are all there adds to a fit: e times as likely."""


class WordOrderRetriever:
    """Tells "from the boat to the train" from "from the train to the boat", which hold the same words.

    Args:
        found_by: finds what is put in order.
    """

    def __init__(self, found_by: HybridRetriever | None = None) -> None:
        self._found_by = found_by or HybridRetriever()

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the retriever; its options are those of the hybrid one."""
        return cls(HybridRetriever.from_options(options))

    @property
    def version(self) -> str:
        """Returns what changes when this one would rank otherwise, or the one below it."""
        return f"word_order.v1.{self._found_by.version}"

    @property
    def reference(self) -> Judged:
        """Returns nothing: this order was never judged, so thresholds come from each collection itself."""
        return NOTHING

    def rank(self, query: Query, view: View, top: int) -> Sequence[Ranked]:
        """Returns the best entries, best first."""
        found = self._found_by.rank(query, view, max(top, FIRST))
        asked = _pairs(query.text)
        if not asked:
            return found[:top]
        # A fit only grows, so whoever is not among the first ones stays behind them.
        fits = [replace(one, fit=one.fit + WEIGHT * _share(asked, one, query)) for one in found[:FIRST]]
        order = sorted(fits, key=lambda one: (-one.fit, one.entry.id))
        # How sure the hybrid one is of its first place, it is of whoever takes it: they fall as before.
        first = [replace(one, confidence=was.confidence) for one, was in zip(order, found, strict=False)]
        return [*first, *found[FIRST:]][:top]


def _share(asked: frozenset[tuple[str, str]], one: Ranked, query: Query) -> float:
    """Returns the greatest share of a question's pairs that one way to ask for an entry holds."""
    ways = one.entry.texts[one.place].asked()
    without = query.without
    if without is not None and without.number == one.entry.number:
        # What is left out must not be found by itself: thresholds are learned this way.
        left_out = one.entry.texts[without.place].asked()[without.asked]
        ways = tuple(way for way in ways if way != left_out)
    return max((len(asked & _pairs(way)) / len(asked) for way in ways), default=0.0)


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(word.casefold() for word in words(text)))
