"""Finds keywords: words that say by themselves what a message is about, such as article numbers and product names.

The rules, strongest first: letter by letter (`EXACT`); after case, accents, and what parts a code are folded, so that
`WV-1042` is found in `wv 1042` and `wv1042` (`NORMALISED`); in another form, as a part of a compound, or written apart or
together (`FORM`); by a pattern, with its check digits (`PATTERN`); misspelt (`FUZZY`), which nothing with a digit in it ever
is.

Terms belong to a language or to all of them. Where a message's language is known, terms of other languages only count
when they are all that it holds: `motor` is a motorcycle in Dutch, and not one in an English sentence.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from balie.nlu.domain import UNKNOWN_LANGUAGE, ContactTerms, KeywordMatch, Rule
from balie.nlu.keywords.entry import Span
from balie.nlu.keywords.index import KeywordIndex
from balie.nlu.keywords.keyword import ANY_LANGUAGE, Keyword
from balie.nlu.keywords.lexicon import NO_LEXICON, Lexicon
from balie.nlu.keywords.reading import Reading

MOST_MATCHES = 16

_STRENGTH = {rule: place for place, rule in enumerate(Rule)}


class KeywordFinder:
    """Finds keywords in messages; safe to call from several threads.

    Args:
        keywords: those that are always looked for; no id twice.
        languages: the configured ones; terms of others never count.
        lexicon: words that are no misspellings, and of which compounds are made.

    Raises:
        PatternRefused: a pattern cannot be compiled.
    """

    def __init__(
        self, keywords: Iterable[Keyword], languages: Sequence[str], lexicon: Lexicon = NO_LEXICON
    ) -> None:
        self._index = KeywordIndex(keywords)
        self._languages = tuple(languages)
        self._counted = {ANY_LANGUAGE, "", *languages}
        self._lexicon = lexicon

    def find(
        self,
        text: str,
        language: str = UNKNOWN_LANGUAGE,
        contact: Sequence[ContactTerms] = (),
        *,
        more: KeywordIndex | None = None,
    ) -> list[KeywordMatch]:
        """Returns the keywords in a text: strongest rule first, then longest, then leftmost; at most 16.

        Where matches overlap the longest is kept, and both when they cover the same. What is taken for misspelt never
        stands in the way of what is found by another rule.

        Args:
            text: any text.
            language: the text's language, or `und`.
            contact: terms of this contact alone.
            more: other keywords to look for.
        """
        reading = Reading(text, language, self._languages)
        indexes = [index for index in (self._index, more) if index]
        if contact:
            indexes.append(KeywordIndex(map(_keyword, contact)))
        found: dict[tuple[str, int, int], KeywordMatch] = {}
        for index in indexes:
            for span in index.search(reading, self._lexicon):
                self._note(span, reading, found)
        return sorted(_without_overlaps(found.values()), key=_by_strength)[:MOST_MATCHES]

    def _note(self, span: Span, reading: Reading, found: dict[tuple[str, int, int], KeywordMatch]) -> None:
        if span.language not in self._counted:
            return
        whole = reading.is_whole(span.start, span.end)
        if span.language not in (ANY_LANGUAGE, "") and not reading.counts(span.language, whole=whole):
            return
        key = (span.entry.id, span.start, span.end)
        if key not in found or _STRENGTH[span.rule] < _STRENGTH[found[key].rule]:
            found[key] = KeywordMatch(
                span.entry.id, span.rule, span.start, span.end, whole, span.entry.target
            )


def _keyword(contact: ContactTerms) -> Keyword:
    return Keyword(contact.id, contact.target, {ANY_LANGUAGE: contact.terms})


def _without_overlaps(matches: Iterable[KeywordMatch]) -> list[KeywordMatch]:
    kept: list[KeywordMatch] = []
    spans: list[tuple[int, int]] = []  # of the kept ones, by place; no two overlap
    for match in sorted(matches, key=_by_claim):
        span = (match.start_char, match.end_char)
        place = bisect_left(spans, span)
        if place < len(spans) and spans[place] == span:
            kept.append(match)
            continue
        after_free = place == len(spans) or spans[place][0] >= match.end_char
        before_free = place == 0 or spans[place - 1][1] <= match.start_char
        if after_free and before_free:
            spans.insert(place, span)
            kept.append(match)
    return kept


def _by_claim(match: KeywordMatch) -> tuple[bool, int, int, int, int, str]:
    return match.rule is Rule.FUZZY, match.start_char - match.end_char, *_by_strength(match)


def _by_strength(match: KeywordMatch) -> tuple[int, int, int, str]:
    return _STRENGTH[match.rule], match.start_char - match.end_char, match.start_char, match.keyword_id
