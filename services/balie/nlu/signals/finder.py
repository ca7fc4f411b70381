"""Finds many phrases in a text by trying the few of which it holds a telling word."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from balie.nlu.signals.alphabet import BREAK, Alphabet
from balie.nlu.signals.phrases import Phrase

LabelT = TypeVar("LabelT", bound=Hashable)


class _Entry(Generic[LabelT]):
    """A phrase to be found; read as an expression when it is first tried, as most hardly ever are."""

    def __init__(self, label: LabelT, phrase: Phrase) -> None:
        self.label = label
        self._phrase = phrase

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Returns the expression."""
        return re.compile(self._phrase.pattern)


class Finder(Generic[LabelT]):
    """Finds phrases.

    Args:
        phrases: what to find, by what it is found as.
        alphabet: the one that the phrases were read with.

    Raises:
        ValueError: a phrase hangs on no word, and would have to be tried on every text.
    """

    def __init__(self, phrases: Mapping[LabelT, Iterable[Phrase]], alphabet: Alphabet) -> None:
        self._by_letter: dict[str, list[_Entry[LabelT]]] = {}
        for label, listed in phrases.items():
            for phrase in listed:
                if not phrase.hangs_on:
                    raise ValueError(f"hangs on no word: {phrase.pattern}")
                entry = _Entry(label, phrase)
                for word in phrase.hangs_on:
                    self._by_letter.setdefault(alphabet.letter(word), []).append(entry)

    def found_in(self, letters: str) -> set[LabelT]:
        """Returns as what phrases stand in a text, as the alphabet reads it."""
        found: set[LabelT] = set()
        for entry in self._likely(letters):
            if entry.label not in found and entry.pattern.search(letters):
                found.add(entry.label)
        return found

    def taken_out_of(self, letters: str) -> str:
        """Returns the text with a break in place of each phrase that stands in it."""
        for entry in self._likely(letters):
            letters = entry.pattern.sub(BREAK, letters)
        return letters

    def _likely(self, letters: str) -> Iterator[_Entry[LabelT]]:
        tried: set[_Entry[LabelT]] = set()
        for letter in dict.fromkeys(letters):
            for entry in self._by_letter.get(letter, ()):
                if entry not in tried:
                    tried.add(entry)
                    yield entry
