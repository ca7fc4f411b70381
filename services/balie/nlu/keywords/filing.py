"""Under which keys terms are filed, and where."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from balie.nlu.folding import pieces
from balie.nlu.keywords.entry import Terms
from balie.nlu.keywords.forms import term_bases_of
from balie.nlu.keywords.keyword import ANY_LANGUAGE
from balie.nlu.keywords.reading import lowered

LEAST_JOINED = 5
"""Shorter words are not looked for in two halves: `a uto` is nothing that people write."""


class By(Enum):
    """By what terms are found."""

    PHRASE = "phrase"
    """Their words, folded, with a space between."""
    JOINED = "joined"
    """Their words, folded, without a space, when there are several."""
    FORM = "form"
    """Their words, the last one in every base form that is not how it is folded; apart for each language."""
    SIGN = "sign"
    """The first character, when they have neither letter nor digit."""
    WORD = "word"
    """Each word, folded, when they have no digit: what may be misspelt."""


class Card(NamedTuple):
    """One key of some terms.

    Attributes:
        first: the first word of the key.
        words: how many words the key has; of a single word, how many the term has that it is one of.
    """

    by: By
    key: str
    first: str
    words: int


def cards(terms: Terms) -> Iterator[Card]:
    """Yields the keys under which terms are filed; the same one may come twice."""
    rules = None if terms.literal or terms.language == ANY_LANGUAGE else term_bases_of(terms.language)
    for way in terms.ways:
        words = list(pieces(way))
        if not words:
            yield Card(By.SIGN, way[0], way[0], 1)
            continue
        folded = [word.text for word in words]
        count, joined = len(folded), "".join(folded)
        yield Card(By.PHRASE, " ".join(folded), folded[0], count)
        if terms.literal:
            continue
        if joined.isalpha():
            if count > 1 and len(joined) >= LEAST_JOINED:
                yield Card(By.JOINED, joined, joined, 1)
            yield from (Card(By.WORD, word, word, count) for word in folded)
        if rules and folded[-1].isalpha():
            for base in rules(lowered(way, words[-1])):
                if base != folded[-1]:
                    form = [*folded[:-1], base]
                    yield Card(By.FORM, " ".join(form), form[0], count)


class Drawer:
    """Terms by their keys.

    Attributes:
        terms: the terms of each key, for asking quickly whether there are any. A key mostly has one owner, kept without a
            tuple around it, of which there would be a million.
        longest: the most words that a key has which begins with this one, for those of several words.
    """

    def __init__(self) -> None:
        self.terms: dict[str, Terms | tuple[Terms, ...]] = {}
        self.longest: dict[str, int] = {}

    def get(self, key: str) -> tuple[Terms, ...]:
        """Returns the terms filed under a key."""
        found = self.terms.get(key)
        if found is None:
            return ()
        return (found,) if isinstance(found, Terms) else found

    def put(self, card: Card, terms: Terms) -> None:
        """Files terms."""
        there = self.terms.setdefault(card.key, terms)
        if there is not terms and terms not in (owners := self.get(card.key)):
            self.terms[card.key] = (*owners, terms)
        if card.words > 1 and card.words > self.longest.get(card.first, 0):
            self.longest[card.first] = card.words

    def drop(self, card: Card, terms: Terms) -> None:
        """Takes terms out. The longest key of a first word is remembered: that costs a look-up, and finds nothing."""
        rest = tuple(one for one in self.get(card.key) if one is not terms)
        if rest:
            self.terms[card.key] = rest if len(rest) > 1 else rest[0]
        else:
            self.terms.pop(card.key, None)
