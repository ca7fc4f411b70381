"""The lexical half of the search: an index of words for each language, as what is rare depends on the language."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.analysis import primary
from balie.faq.retrieval.keys import PLACES, key_of
from balie.faq.retrieval.language_index import LanguageIndex
from balie.faq.retrieval.terms import LanguageQuery, LexicalScores

LexicalQuery = Mapping[str, LanguageQuery]
"""A question as it is looked up, by the primary subtag of the language that it is looked up in."""


class LexicalIndex:
    """Finds texts by their words. Not safe for a change beside anything else."""

    def __init__(self) -> None:
        self._languages: dict[str, LanguageIndex] = {}
        self._texts: dict[int, tuple[str, ...]] = {}
        self._spoken: Counter[str] = Counter()  # entries with texts in each language

    def __len__(self) -> int:
        return sum(map(len, self._languages.values()))

    def keys(self) -> set[int]:
        """Returns the keys of all texts that a search may find."""
        return {key for one in self._languages.values() for key in one.keys()}  # noqa: SIM118  it is no dictionary

    def replace(self, removed: Iterable[int], added: Mapping[int, Sequence[EntryText]]) -> None:
        """Takes the texts of entries out, then puts those of others or of the same ones in.

        Args:
            removed: numbers of entries; those that have no texts here are passed over.
            added: texts by the number of their entry; removed first if they are there.
        """
        going: dict[str, list[int]] = {}
        coming: dict[str, dict[int, EntryText]] = {}
        for number in {*removed, *added} & self._texts.keys():
            spoken = self._texts.pop(number)
            self._spoken.subtract(set(spoken))
            for place, language in enumerate(spoken):
                going.setdefault(language, []).append(key_of(number, place))
        for number, texts in added.items():
            self._texts[number] = tuple(primary(text.language) for text in texts)
            self._spoken.update(set(self._texts[number]))
            for place, text in enumerate(texts):
                coming.setdefault(self._texts[number][place], {})[key_of(number, place)] = text
        for language in {*going, *coming}:
            if language not in self._languages:
                self._languages[language] = LanguageIndex(language)
            index = self._languages[language]
            index.replace(going.get(language, ()), coming.get(language, {}))
            if not len(index):
                del self._languages[language]

    def settle(self) -> None:
        """Makes searches quick again after changes; they go on meanwhile, and no change does."""
        for index in self._languages.values():
            index.settle()

    def query(self, text: str, languages: Iterable[str]) -> LexicalQuery:
        """Returns a question as it is looked up.

        Args:
            text: the question.
            languages: those whose texts answer best. The others are looked through as well where some entry lacks
                these; all of them are when none is given.
        """
        asked = {primary(language) for language in languages} & self._languages.keys()
        everywhere = not asked or any(self._spoken[name] < len(self._texts) for name in asked)
        return {
            name: index.query(text) for name, index in self._languages.items() if everywhere or name in asked
        }

    def search(self, query: LexicalQuery, top: int) -> LexicalScores:
        """Returns the best `top` texts of each language by letters and by stems each, with their scores."""
        found = LexicalScores()
        for name, asked in query.items():
            self._languages[name].search(asked, top, found)
        return found

    def shares_without(self, query: LexicalQuery, key: int, left_out: str) -> tuple[float, float]:
        """Returns the shares of a question that a text would hold without one way to ask it: letters, and stems."""
        name = self._language_of(key)
        return self._languages[name].shares_without(query[name], key, left_out)

    def known(self, text: str, languages: Iterable[str]) -> list[int]:
        """Returns the keys of the texts that are asked for word for word as a question is, rising.

        Args:
            text: the question.
            languages: that they are in; those of any without one.
        """
        names = {primary(language) for language in languages} or self._languages.keys()
        return sorted(
            key for name in names & self._languages.keys() for key in self._languages[name].known(text)
        )

    def stems_of(self, key: int, left_out: str = "") -> frozenset[str]:
        """Returns the stems of a text that is here, perhaps without one way to ask it."""
        return self._languages[self._language_of(key)].stems_of(key, left_out)

    def written(self, key: int, left_out: str = "") -> str:
        """Returns the words of a text that is here, perhaps without one way to ask it, as runs are looked up in them."""
        return self._languages[self._language_of(key)].written(key, left_out)

    def _language_of(self, key: int) -> str:
        number, place = divmod(key, PLACES)
        return self._texts[number][place]


def best_numbers(scores: LexicalScores, top: int) -> Iterable[int]:
    """Yields the numbers of the entries with the best `top` texts by letters, and by stems; some more than once."""
    for by in (scores.letters, scores.stems):
        # They come best first within a language, which is quick to sort.
        least = min(sorted(by.values(), reverse=True)[:top], default=0.0)
        best = sorted([(-share, key) for key, share in by.items() if share >= least])
        yield from (key // PLACES for _, key in best[:top])
