"""The index of some keywords: takes and drops keywords while it is searched.

Terms are filed under what they are folded to, under what their words may be forms of, and, for misspellings, under their
words (`balie.nlu.keywords.fuzzy`), so that a text costs the same whether there are ten keywords or 100,000.

One thread changes an index and any may search it. A keyword that is put anew is filed first, then switched to in one step,
and only then is the old one taken out. A search that comes upon one which was switched away from since it looked searches
again, so that it finds the one or the other; searches wait for no change, but after some tries for a switch.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from balie.nlu.domain import Rule
from balie.nlu.keywords.entry import Entry, Span, Terms
from balie.nlu.keywords.filing import By, cards
from balie.nlu.keywords.fuzzy import FuzzyWords
from balie.nlu.keywords.keyword import Keyword
from balie.nlu.keywords.lexicon import Lexicon
from balie.nlu.keywords.patterns import Compiled, PatternSet, compile_pattern
from balie.nlu.keywords.reading import Reading
from balie.nlu.keywords.searching import Drawers, search

_TRIES = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Filed:
    entry: Entry
    terms: Sequence[Terms]
    patterns: Sequence[Compiled]


class KeywordIndex:
    """Keywords that can be searched for.

    Args:
        keywords: the first ones; no id twice.
    """

    def __init__(self, keywords: Iterable[Keyword] = ()) -> None:
        self._filed: dict[str, _Filed] = {}
        self._drawers = Drawers(FuzzyWords(self._is_used))
        self._patterns = PatternSet(())
        self._switching = threading.Lock()
        self.put(keywords)

    def __len__(self) -> int:
        return len(self._filed)

    def put(self, keywords: Iterable[Keyword]) -> None:
        """Adds keywords, each in the place of the one of its id.

        Raises:
            PatternRefused: a pattern cannot be compiled; nothing was changed.
        """
        new = list({keyword.id: _filed(keyword) for keyword in keywords}.values())
        words: list[str] = []
        for filed in new:
            self._file(filed, words)
        self._drawers.fuzzy.add(words)
        before = [self._filed[filed.entry.id] for filed in new if filed.entry.id in self._filed]
        if any(filed.patterns for filed in new):
            self._compile(new)  # both of a keyword's are in it until it is switched to, and one counts
        with self._switching:
            for old in before:
                old.entry.retired = True
            for filed in new:
                self._filed[filed.entry.id] = filed
        for old in before:
            self._unfile(old)
        if any(old.patterns for old in before):
            self._compile()

    def remove(self, ids: Iterable[str]) -> None:
        """Drops keywords; ids that are not there are passed over."""
        gone = [self._filed[one] for one in dict.fromkeys(ids) if one in self._filed]
        with self._switching:
            for filed in gone:
                filed.entry.retired = True
                del self._filed[filed.entry.id]
        for filed in gone:
            self._unfile(filed)
        if any(filed.patterns for filed in gone):
            self._compile()

    def search(self, reading: Reading, lexicon: Lexicon) -> list[Span]:
        """Returns where keywords stand in a text, in no order; one that several rules find comes several times.

        Args:
            reading: of the text.
            lexicon: words that are no misspellings, and of which compounds are made.
        """
        for _ in range(_TRIES):
            spans, is_stale = self._search(reading, lexicon)
            if not is_stale:
                return spans
        with self._switching:
            return self._search(reading, lexicon)[0]

    def _search(self, reading: Reading, lexicon: Lexicon) -> tuple[list[Span], bool]:
        """Returns what is found, and whether something was switched away from meanwhile."""
        found: list[Span] = []
        is_stale = False
        for span in chain(search(self._drawers, reading, lexicon), self._codes(reading)):
            filed = self._filed.get(span.entry.id)
            if filed is not None and filed.entry is span.entry:
                found.append(span)
            else:
                is_stale = is_stale or span.entry.retired  # or else it is not switched to yet
        return found, is_stale

    def _codes(self, reading: Reading) -> Iterator[Span]:
        for entry, start, end in self._patterns.spans(reading.text):
            if reading.stands_alone(start, end):
                yield Span(entry, "", Rule.PATTERN, start, end)

    def _file(self, filed: _Filed, words: list[str]) -> None:
        """Files a keyword's terms, and adds the words that may be misspelt to `words`."""
        around = self._drawers.around
        for terms in filed.terms:
            for card in cards(terms):
                if card.by is not By.WORD:
                    self._drawers.of(card, terms.language).put(card, terms)
                    continue
                words.append(card.key)
                if card.words > max(1, around.get(card.key, 0)):
                    around[card.key] = card.words

    def _unfile(self, filed: _Filed) -> None:
        for terms in filed.terms:
            for card in cards(terms):
                if card.by is not By.WORD:
                    self._drawers.of(card, terms.language).drop(card, terms)

    def _compile(self, new: Sequence[_Filed] = ()) -> None:
        everything = chain(self._filed.values(), new)
        self._patterns = PatternSet([(one.entry, pattern) for one in everything for pattern in one.patterns])

    def _is_used(self, word: str) -> bool:
        return word in self._drawers.phrases.terms or word in self._drawers.around


def _filed(keyword: Keyword) -> _Filed:
    entry = Entry(keyword.id, keyword.target)
    terms = [
        Terms(entry, language, tuple(ways), keyword.literal)
        for language, ways in keyword.terms.items()
        if ways
    ]
    return _Filed(entry, terms, [compile_pattern(pattern) for pattern in keyword.patterns])
