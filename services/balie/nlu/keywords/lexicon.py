"""The words that are known to be words: no misspelling is seen in them, and compounds are made of them."""

from collections.abc import Iterable, Mapping

from balie.nlu.folding import fold
from balie.nlu.keywords.forms import term_bases_of

_LEAST = 3


class Lexicon:
    """Knows words by language.

    Args:
        words: by language tag, each a single word.
        everywhere: words that count in every language, as they are.
    """

    def __init__(self, words: Mapping[str, Iterable[str]], everywhere: Iterable[str] = ()) -> None:
        self._folded: dict[str, set[str]] = {}
        self._bases: dict[str, set[str]] = {}
        self._everywhere = {fold(word) for word in everywhere if len(word) >= _LEAST}
        for language, given in words.items():
            lowered = {word.lower() for word in given if len(word) >= _LEAST}
            bases = term_bases_of(language)
            self._folded[language] = {fold(word) for word in lowered}
            self._bases[language] = {base for word in lowered for base in (bases(word) if bases else (word,))}

    def has(self, folded: str, language: str) -> bool:
        """Tells whether a folded word is one of a language's, as it is."""
        return folded in self._everywhere or folded in self._folded.get(language, ())

    def has_base(self, base: str, language: str) -> bool:
        """Tells whether a word of a language may be a form of this."""
        return base in self._everywhere or base in self._bases.get(language, ())


NO_LEXICON = Lexicon({})
"""Knows no word."""
