"""Takes compounds apart into words that are known: `fietskaartje` into `fiets` and `kaartje`.

A word is split where what stands before is known, as it is or with the sound that links it (`hond-en-kaartje`), and what
stands after is known in any of its forms, or can be split itself.
"""

from collections.abc import Callable

from balie.nlu.keywords.forms import bases_of, links_of

LEAST_LETTERS = 6
"""Shorter words are not split."""

MOST_LETTERS = 48
"""Longer words are not split: they are no words, and would take time."""

_LEAST_PART = 3
_MOST_PARTS = 4


def parts_of(word: str, language: str, is_known: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Returns where the parts of a compound stand in it, in order; empty when it is none, or its language has none.

    Args:
        word: in lower case.
        language: whose rules it follows.
        is_known: tells whether a word, or what it may be a form of, is known.
    """
    links = links_of(language)
    if not links or not LEAST_LETTERS <= len(word) <= MOST_LETTERS:
        return []
    bases = bases_of(language) or (lambda part: (part,))
    return _Splitter(word, links, bases, is_known).split()


class _Splitter:
    def __init__(
        self,
        word: str,
        links: tuple[str, ...],
        bases: Callable[[str], tuple[str, ...]],
        is_known: Callable[[str], bool],
    ) -> None:
        self._word = word
        self._links = links
        self._bases = bases
        self._is_known = is_known
        self._dead_ends: set[tuple[int, int]] = set()

    def split(self) -> list[tuple[int, int]]:
        parts = self._after(0)
        return parts if len(parts) > 1 else []

    def _after(self, start: int, before: int = 0) -> list[tuple[int, int]]:
        """Returns the parts from a place on, the last one as long as can be; empty when there is no way."""
        if (start, before) in self._dead_ends:
            return []
        end = len(self._word)
        if start and self._is_known_form(self._word[start:]):
            return [(start, end)]
        if before < _MOST_PARTS - 1:
            for middle in range(start + _LEAST_PART, end - _LEAST_PART + 1):
                if self._begins(start, middle) and (rest := self._after(middle, before + 1)):
                    return [(start, middle), *rest]
        self._dead_ends.add((start, before))
        return []

    def _begins(self, start: int, end: int) -> bool:
        part = self._word[start:end]
        return any(
            part.endswith(link)
            and len(part) - len(link) >= _LEAST_PART
            and self._is_known(part[: len(part) - len(link)])
            for link in self._links
        )

    def _is_known_form(self, part: str) -> bool:
        return any(self._is_known(base) for base in self._bases(part))
