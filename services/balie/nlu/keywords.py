"""Finds keywords: words that say by themselves what a message is about, such as article numbers and product names.

A keyword is found where its term stands letter by letter (`EXACT`, on the tokens of spaCy's tokenizer), or where it
stands after case, accents, and what parts a code are folded (`NORMALISED`): `WV-1042` is found in `wv 1042` and `wv1042`.

Terms belong to a language or to all of them. Where a message's language is known, terms of other languages only count
when they are all that it holds: `motor` is a motorcycle in Dutch, and not one in an English sentence.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from balie.nlu.domain import UNKNOWN_LANGUAGE, KeywordMatch, Rule
from balie.nlu.folding import Piece, pieces
from balie.nlu.keyword_file import ANY_LANGUAGE, Keyword

MOST_MATCHES = 16

_GAP = re.compile("\\s{0,2}|\\s?[-\u2010-\u2015_/]\\s?|[.'\u2019]")
"""What may stand between the parts of a term that is not found letter by letter; a comma begins something new."""

_STRENGTH = {rule: place for place, rule in enumerate(Rule)}


class KeywordFinder:
    """Finds the keywords of a file in messages.

    Not safe to call from several threads: the tokenizer forgets the words of a message when it is done, and while it
    is worked on it keeps them in one place.

    Args:
        keywords: as read from their file.
        languages: the configured languages; terms of others are left out.
    """

    def __init__(self, keywords: Sequence[Keyword], languages: Sequence[str]) -> None:
        # One tokenizer for all languages: what stands letter by letter must not depend on a guess at the language.
        self._nlp = spacy.blank("xx")
        # Shape, is it a URL, and so on: most of the tokenizer's time, and read by nobody.
        self._nlp.vocab.lex_attr_getters.clear()  # type: ignore[attr-defined]
        self._exact = PhraseMatcher(self._nlp.vocab, attr="ORTH")
        self._normalised = PhraseMatcher(self._nlp.vocab, attr="ORTH")
        self._terms: dict[int, _Terms] = {}
        for keyword in keywords:
            for language in (ANY_LANGUAGE, *languages):
                if ways := keyword.terms.get(language):
                    self._add(_Terms(keyword, language, frozenset(ways)))

    def find(self, text: str, language: str = UNKNOWN_LANGUAGE) -> list[KeywordMatch]:
        """Returns the keywords in a text: strongest rule first, then longest, then leftmost; at most 16.

        Where matches overlap the longest is kept, and both when they cover the same.

        Args:
            text: any text.
            language: the text's language, or `und`.
        """
        words = list(pieces(text))
        found: dict[tuple[str, int, int], KeywordMatch] = {}
        for terms, rule, start, end in self._spans(text, words):
            key = (terms.keyword.id, start, end)
            whole = _is_whole(text, words, start, end)
            counts = whole or terms.language == ANY_LANGUAGE or language in (terms.language, UNKNOWN_LANGUAGE)
            if counts and (key not in found or _STRENGTH[rule] < _STRENGTH[found[key].rule]):
                found[key] = KeywordMatch(terms.keyword.id, rule, start, end, whole, terms.keyword.target)
        return sorted(_without_overlaps(found.values()), key=_by_strength)[:MOST_MATCHES]

    def _add(self, terms: "_Terms") -> None:
        name = f"{terms.language}:{terms.keyword.id}"
        self._terms[self._nlp.vocab.strings.add(name)] = terms
        folded = [list(pieces(way)) for way in terms.ways]
        self._exact.add(name, [self._nlp.make_doc(way) for way in terms.ways])
        self._normalised.add(name, [self._doc(words) for words in folded if words])

    def _spans(self, text: str, words: Sequence[Piece]) -> "Iterator[tuple[_Terms, Rule, int, int]]":
        """Yields where terms stand in a text, in no order; a term that both rules find comes twice."""
        with self._nlp.memory_zone():
            tokens = self._nlp.make_doc(text)
            for name, first, last in self._exact(tokens):
                start, end = tokens[first].idx, tokens[last - 1].idx + len(tokens[last - 1])
                terms = self._terms[name]
                if text[start:end] in terms.ways and _stands_alone(text, start, end):
                    yield terms, Rule.EXACT, start, end
            for name, first, last in self._normalised(self._doc(words)):
                start, end = words[first].start, words[last - 1].end
                if _holds_together(text, words[first:last]) and _stands_alone(text, start, end):
                    yield self._terms[name], Rule.NORMALISED, start, end

    def _doc(self, words: Sequence[Piece]) -> Doc:
        return Doc(self._nlp.vocab, words=[word.text for word in words])


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """The terms of a keyword in one language."""

    keyword: Keyword
    language: str
    ways: frozenset[str]


def _holds_together(text: str, run: Sequence[Piece]) -> bool:
    return all(_GAP.fullmatch(text, before.end, after.start) for before, after in pairwise(run))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tells whether the stretch is no part of a longer word or number: `1042` is none of `10425` or `x1042`."""
    before, after = text[start - 1 : start], text[end : end + 1]
    inside = text[start:end]
    return not (before.isalnum() and inside[0].isalnum()) and not (after.isalnum() and inside[-1].isalnum())


def _is_whole(text: str, words: Sequence[Piece], start: int, end: int) -> bool:
    """Tells whether nothing but punctuation, spaces and signs stands beside the stretch."""
    if any(word.start < start or word.end > end for word in words):
        return False
    return bool(words) or not (text[:start] + text[end:]).strip()


def _without_overlaps(matches: Iterable[KeywordMatch]) -> list[KeywordMatch]:
    kept: list[KeywordMatch] = []
    for match in sorted(matches, key=lambda one: (one.start_char - one.end_char, *_by_strength(one))):
        span = (match.start_char, match.end_char)
        if all(
            span == (other.start_char, other.end_char)
            or match.end_char <= other.start_char
            or other.end_char <= match.start_char
            for other in kept
        ):
            kept.append(match)
    return kept


def _by_strength(match: KeywordMatch) -> tuple[int, int, int, str]:
    return _STRENGTH[match.rule], match.start_char - match.end_char, match.start_char, match.keyword_id
