"""Compounds: Dutch and German write as one word what customers write as two, and the other way round."""

from collections import Counter
from collections.abc import Iterable

COMPOUNDING = frozenset({"nl", "de", "da", "sv", "no", "nb", "fi"})
"""Languages that write compounds as one word."""

_LINKS = ("", "s", "en", "n", "es", "e")
_LEAST_PART = 4
_LEAST_WORD = 2 * _LEAST_PART


class Vocabulary:
    """The words of a collection in one language, which compounds are taken apart into."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, words: Iterable[str]) -> None:
        """Knows words from now on."""
        self._counts.update(word.lower() for word in words if len(word) >= _LEAST_PART)

    def remove(self, words: Iterable[str]) -> None:
        """Forgets words that were added, unless they were added more often."""
        for word in words:
            lower = word.lower()
            if self._counts[lower] > 1:
                self._counts[lower] -= 1
            else:
                del self._counts[lower]

    def parts(self, word: str) -> tuple[str, ...]:
        """Returns the two known words that a word is made of, without what links them; empty when there are none."""
        lower = word.lower()
        if len(lower) < _LEAST_WORD:
            return ()
        for end in range(_LEAST_PART, len(lower) - _LEAST_PART + 1):
            head, tail = lower[:end], lower[end:]
            if tail in self._counts:
                for link in _LINKS:
                    first = head.removesuffix(link) if link else head
                    if first in self._counts:
                        return first, tail
        return ()
