"""A text as the index reads it: its words, what stands between them, and what each may be a form of."""

import re
import unicodedata
from collections.abc import Sequence

from balie.nlu.domain import UNKNOWN_LANGUAGE
from balie.nlu.folding import Piece, pieces
from balie.nlu.keywords.forms import Bases, bases_of

_GAP = re.compile("\\s{0,2}|\\s?[-\u2010-\u2015_/]\\s?|[.'\u2019]")
"""What may stand between the parts of a term that is not found letter by letter; a comma begins something new."""

FORMED_WORDS = 512
"""Words of a text whose forms are looked for."""

_LEAST_FORMED = 4
"""Shorter words are taken as they are."""


class Reading:
    """A text, read once for all indexes that it is looked up in.

    Args:
        text: any text.
        language: the text's language, or `und`.
        languages: the configured ones.
    """

    def __init__(self, text: str, language: str, languages: Sequence[str]) -> None:
        self.text = text
        self.language = language
        self.words: Sequence[Piece] = list(pieces(text))
        self.folded = [word.text for word in self.words]
        self.languages = (language,) if language in languages else tuple(languages)
        """Those that the text may be in."""
        self.other_languages = tuple(other for other in languages if other not in self.languages)
        self._rules = {other: bases_of(other) for other in languages}
        self._bases: dict[tuple[int, str], tuple[str, ...]] = {}

    def is_letters(self, place: int) -> bool:
        """Tells whether a word is one of letters, and not a number."""
        return self.folded[place][:1].isalpha()

    def lowered(self, place: int) -> str:
        """Returns a word in lower case with its accents."""
        return lowered(self.text, self.words[place])

    def bases(self, place: int, language: str) -> tuple[str, ...]:
        """Returns a word and what it may be a form of in a language; empty for numbers, and in languages without rules."""
        found = self._bases.get((place, language))
        if found is None:
            found = self._bases[place, language] = self._worked_out(place, self._rules[language])
        return found

    def _worked_out(self, place: int, rules: Bases | None) -> tuple[str, ...]:
        if rules is None or place >= FORMED_WORDS or not self.is_letters(place):
            return ()
        word = self.lowered(place)
        return rules(word) if len(word) >= _LEAST_FORMED else (word,)

    def holds_together(self, first: int, last: int) -> bool:
        """Tells whether nothing but spaces, hyphens and the like stands between the words from one to another."""
        return all(
            _GAP.fullmatch(self.text, self.words[place].end, self.words[place + 1].start)
            for place in range(first, last)
        )

    def stands_alone(self, start: int, end: int) -> bool:
        """Tells whether the stretch is no part of a longer word or number: `1042` is none of `10425` or `x1042`."""
        before, after = self.text[start - 1 : start], self.text[end : end + 1]
        first, last = self.text[start], self.text[end - 1]
        return not (before.isalnum() and first.isalnum()) and not (after.isalnum() and last.isalnum())

    def is_whole(self, start: int, end: int) -> bool:
        """Tells whether nothing but punctuation, spaces and signs stands beside the stretch."""
        if self.words:
            return start <= self.words[0].start and self.words[-1].end <= end
        return not (self.text[:start] + self.text[end:]).strip()

    def counts(self, language: str, *, whole: bool) -> bool:
        """Tells whether terms of a language count: those of another than the text's do when they are all of it."""
        return whole or self.language in (language, UNKNOWN_LANGUAGE)


def lowered(text: str, word: Piece) -> str:
    """Returns a word of a text in lower case with its accents."""
    found = text[word.start : word.end].lower()
    return found if found.isascii() else unicodedata.normalize("NFC", found)
