"""The rules by which keywords are found in a text, strongest first: as written, folded, in other forms, misspelt.

Patterns are apart, in `balie.nlu.keywords.patterns`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from balie.nlu.domain import Rule
from balie.nlu.folding import pieces
from balie.nlu.keywords.compounds import LEAST_LETTERS as LEAST_COMPOUND
from balie.nlu.keywords.compounds import parts_of
from balie.nlu.keywords.entry import Span, Terms
from balie.nlu.keywords.filing import LEAST_JOINED, By, Card, Drawer
from balie.nlu.keywords.fuzzy import LEAST_LETTERS, FuzzyWords
from balie.nlu.keywords.lexicon import Lexicon
from balie.nlu.keywords.reading import Reading

GUESSED_WORDS = 64
"""Different words of a text that nobody knows, which are taken apart as compounds and compared with others."""

_MOST_GUESSES = 3
"""A word that is as near to more of the vocabulary than this may be any of them, and is taken for none."""


_WHOLE_WORDS = 8
"""A text of so many words may be all one term."""

_NOTHING = Drawer()


@dataclass(slots=True)
class Drawers:
    """Where terms are filed.

    Attributes:
        around: the most words of a term that a word is in, for those of several words.
    """

    fuzzy: FuzzyWords
    phrases: Drawer = field(default_factory=Drawer)
    joined: Drawer = field(default_factory=Drawer)
    signs: Drawer = field(default_factory=Drawer)
    forms: dict[str, Drawer] = field(default_factory=dict)
    around: dict[str, int] = field(default_factory=dict)

    def of(self, card: Card, language: str) -> Drawer:
        """Returns where a card belongs."""
        if card.by is By.FORM:
            return self.forms.setdefault(language, Drawer())
        if card.by is By.PHRASE:
            return self.phrases
        return self.joined if card.by is By.JOINED else self.signs

    def forms_of(self, language: str) -> Drawer:
        """Returns the forms of a language."""
        return self.forms.get(language, _NOTHING)

    def by_base(self, before: str, base: str, language: str) -> Iterator[Terms]:
        """Yields the terms of a language whose last word is a base form, or has it in common.

        Args:
            before: the folded words before it, each with a space after it.
            base: with its accents: `fahre` of `fahren` is no `Fähre`.
            language: of the terms.
        """
        key = before + base
        yield from self.forms_of(language).get(key)
        for terms in self.phrases.get(key):
            counts = terms.language == language and not terms.literal
            if counts and any(way.lower().endswith(base) for way in terms.ways):
                yield terms


def search(drawers: Drawers, reading: Reading, lexicon: Lexicon) -> list[Span]:
    """Returns where terms stand in a text, in no order."""
    found = [
        *_signs(drawers, reading),
        *_phrases(drawers, reading),
        *_apart_or_together(drawers, reading),
        *_forms(drawers, reading),
    ]
    return [*found, *_guesses(drawers, reading, lexicon, _covered(reading, found))]


def _covered(reading: Reading, found: Sequence[Span]) -> set[int]:
    """Returns the places of the words that are explained, about which nothing is to be guessed."""
    if not found:
        return set()
    starts = [word.start for word in reading.words]
    covered: set[int] = set()
    for span in found:
        covered.update(range(bisect_left(starts, span.start), bisect_left(starts, span.end)))
    return covered


def _signs(drawers: Drawers, reading: Reading) -> Iterator[Span]:
    """Finds terms that have neither letter nor digit."""
    if not drawers.signs.terms:
        return
    for first in dict.fromkeys(reading.text):
        for terms in drawers.signs.get(first):
            for way in terms.ways:
                if way[0] == first and not any(pieces(way)):
                    start = reading.text.find(way)
                    while start >= 0:
                        yield Span(terms.entry, terms.language, Rule.EXACT, start, start + len(way))
                        start = reading.text.find(way, start + len(way))


def _phrases(drawers: Drawers, reading: Reading) -> Iterator[Span]:
    """Finds terms as written, or folded."""
    folded, phrases = reading.folded, drawers.phrases
    for first, word in enumerate(folded):
        if word in phrases.terms:
            for terms in phrases.get(word):
                yield from _written(terms, reading, first, first)
        if word not in phrases.longest:
            continue
        key = word
        for last in range(first + 1, min(len(folded), first + phrases.longest[word])):
            key = f"{key} {folded[last]}"
            for terms in phrases.get(key):
                yield from _written(terms, reading, first, last)


def _written(terms: Terms, reading: Reading, first: int, last: int) -> Iterator[Span]:
    start, end = reading.words[first].start, reading.words[last].end
    exact = _letter_by_letter(terms, reading, start, end)
    if exact is not None:
        yield Span(terms.entry, terms.language, Rule.EXACT, *exact)
    elif reading.stands_alone(start, end) and reading.holds_together(first, last):
        yield Span(terms.entry, terms.language, Rule.NORMALISED, start, end)


def _letter_by_letter(terms: Terms, reading: Reading, start: int, end: int) -> tuple[int, int] | None:
    """Returns where a term stands letter by letter around these words, the signs at its ends included."""
    for way in terms.ways:
        if way[0].isalnum() and way[-1].isalnum():
            begin, over = start, end
        else:
            words = list(pieces(way))
            if not words:
                continue
            begin, over = start - words[0].start, end + len(way) - words[-1].end
        if begin >= 0 and reading.text[begin:over] == way and reading.stands_alone(begin, over):
            return begin, over
    return None


def _apart_or_together(drawers: Drawers, reading: Reading) -> Iterator[Span]:
    """Finds a term of several words written as one, and a term of one word written as two."""
    joined, phrases = drawers.joined, drawers.phrases
    for place, (word, following) in enumerate(zip_longest(reading.folded, reading.folded[1:], fillvalue="")):
        if word in joined.terms:
            for terms in joined.get(word):
                yield from _formed(terms, reading, place, place)
        together = word + following
        if following and together in phrases.terms and len(together) >= LEAST_JOINED:
            for terms in phrases.get(together):
                if not terms.literal:
                    yield from _formed(terms, reading, place, place + 1)


def _formed(terms: Terms, reading: Reading, first: int, last: int, rule: Rule = Rule.FORM) -> Iterator[Span]:
    start, end = reading.words[first].start, reading.words[last].end
    if reading.stands_alone(start, end) and reading.holds_together(first, last):
        yield Span(terms.entry, terms.language, rule, start, end)


def _forms(drawers: Drawers, reading: Reading) -> Iterator[Span]:
    """Finds terms whose last word stands there in another form: plural, diminutive, inflected."""
    count = len(reading.words)
    for language in reading.languages:
        forms, phrases = drawers.forms_of(language), drawers.phrases
        for first, word in enumerate(reading.folded):
            for base in reading.bases(first, language):
                if base in forms.terms or base in phrases.terms:
                    for terms in drawers.by_base("", base, language):
                        yield from _formed(terms, reading, first, first)
            if word in phrases.longest or word in forms.longest:
                longest = max(phrases.longest.get(word, 0), forms.longest.get(word, 0))
                for last in range(first + 1, min(count, first + longest)):
                    yield from _formed_run(drawers, reading, first, last, language)
    if 0 < count <= _WHOLE_WORDS:  # terms of other languages count when they are all of the message
        for language in reading.other_languages:
            yield from _formed_run(drawers, reading, 0, count - 1, language)


def _formed_run(drawers: Drawers, reading: Reading, first: int, last: int, language: str) -> Iterator[Span]:
    """Finds terms of a language that a run of words is a form of."""
    before = " ".join([*reading.folded[first:last], ""])
    for base in reading.bases(last, language):
        for terms in drawers.by_base(before, base, language):
            yield from _formed(terms, reading, first, last)


def _guesses(drawers: Drawers, reading: Reading, lexicon: Lexicon, covered: set[int]) -> Iterator[Span]:
    """Finds the parts of compounds, and what is misspelt, among the words that nobody knows."""
    unknown = _unknown(drawers, reading, covered)
    misspelt = set(unknown)
    for language in reading.languages:
        knows = _knowing(drawers, lexicon, language)
        for word, places in unknown.items():
            bases = reading.bases(places[0], language)
            if lexicon.has(word, language) or any(map(knows, bases)):
                misspelt.discard(word)
            if bases and len(word) >= LEAST_COMPOUND:
                for span in _parts(drawers, reading, places, language, knows):
                    misspelt.discard(word)
                    yield span
    asked = [word for word in unknown if word in misspelt]
    for word, meant in zip(asked, drawers.fuzzy.near(asked), strict=True):
        if len(meant) <= _MOST_GUESSES:
            for candidate in meant:
                yield from _misspelt(drawers, reading, unknown[word], candidate)


def _unknown(drawers: Drawers, reading: Reading, covered: set[int]) -> dict[str, list[int]]:
    """Returns the first of the words that no term explains, folded, and where each stands."""
    found: dict[str, list[int]] = {}
    phrases = drawers.phrases.terms
    for place, word in enumerate(reading.folded):
        is_open = place not in covered and word not in phrases
        if len(word) >= LEAST_LETTERS and is_open and reading.is_letters(place):
            if word not in found and len(found) == GUESSED_WORDS:
                break
            found.setdefault(word, []).append(place)
    return found


def _parts(
    drawers: Drawers, reading: Reading, places: list[int], language: str, knows: Callable[[str], bool]
) -> Iterator[Span]:
    """Finds the parts of a compound that are terms by themselves."""
    word = reading.lowered(places[0])
    for start, end in parts_of(word, language, knows):
        found = Reading(word[start:end], language, (language,))
        for base in found.bases(0, language):
            for terms in drawers.by_base("", base, language):
                for place in places:
                    begin = reading.words[place].start
                    yield Span(terms.entry, terms.language, Rule.FORM, begin + start, begin + end)


def _knowing(drawers: Drawers, lexicon: Lexicon, language: str) -> Callable[[str], bool]:
    """Returns what tells whether a word is a base form that is known in a language."""
    forms, phrases = drawers.forms_of(language).terms, drawers.phrases.terms
    return lambda word: word in phrases or word in forms or lexicon.has_base(word, language)


def _misspelt(drawers: Drawers, reading: Reading, places: list[int], candidate: str) -> Iterator[Span]:
    """Finds terms that stand there once one word is read as another."""
    folded = reading.folded
    for place in places:
        for terms in drawers.phrases.get(candidate):
            if not terms.literal:
                yield from _formed(terms, reading, place, place, Rule.FUZZY)
        most = drawers.around.get(candidate, 0)
        for first in range(max(0, place - most + 1), place + 1):
            for last in range(max(place, first + 1), min(len(folded), first + most)):
                words = [*folded[first:place], candidate, *folded[place + 1 : last + 1]]
                for terms in drawers.phrases.get(" ".join(words)):
                    if not terms.literal and "".join(words).isalpha():
                        yield from _formed(terms, reading, first, last, Rule.FUZZY)
