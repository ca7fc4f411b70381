"""The lexical half of the search: words and runs of letters in tantivy; the only module that searches with it.

A document is an entry's texts in one language: question, phrasings and answer together, so that an entry counts once
however many of its phrasings match. Scores are shares: of what is asked, weighed by how rare it is, how much the
document holds. So they compare between long and short questions, and what no document knows counts as not found.

Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import cast

from tantivy import Document, Index, Occur, Query, SchemaBuilder, Searcher

from balie.faq.domain import EntryText
from balie.faq.retrieval.analysis import grams, primary, stems, words
from balie.faq.retrieval.compounds import COMPOUNDING, Vocabulary

PLACES = 32
"""Keys of one entry: the contract allows texts in 20 languages."""

_GRAMS, _STEMS = "grams", "stems"
_FIELDS = (_GRAMS, _STEMS)
_WRITER_BYTES = 15_000_000  # the least that tantivy takes; used while something is written
_STALE_SHARE = 0.3
_STALE_LEAST = 200
_STEMS_KEPT = 4096  # texts whose stems are kept at hand
_K1, _B = 1.2, 0.75  # tantivy's own


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a question, and how rare it is."""

    text: str
    weight: float
    is_known: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """What a question asks for, in one field and language.

    Attributes:
        total: the sum of the terms' weights.
        unknown: share of it that no document holds, [0, 1].
    """

    terms: tuple[Term, ...]
    total: float
    unknown: float

    @staticmethod
    def of(terms: Iterable[Term]) -> "Terms":
        """Returns terms with their sums."""
        found = tuple(terms)
        total = sum(term.weight for term in found)
        unknown = sum(term.weight for term in found if not term.is_known)
        return Terms(found, total, unknown / total if total else 0.0)


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A question as it is looked up.

    Attributes:
        grams: its runs of letters.
        stems: its stems by primary language.
    """

    grams: Terms
    stems: Mapping[str, Terms]


@dataclass(slots=True)
class LexicalScores:
    """Shares of a question that documents hold, by key; 0 for those that are in neither.

    Attributes:
        grams: of its runs of letters, best first.
        stems: of its stems, best first.
    """

    grams: dict[int, float] = field(default_factory=dict)
    stems: dict[int, float] = field(default_factory=dict)

    def numbers(self, top: int) -> Iterable[int]:
        """Yields the numbers of the entries that the best `top` texts of each are of, each perhaps more than once."""
        return (key // PLACES for scores in (self.grams, self.stems) for key in islice(scores, top))


@dataclass(frozen=True, slots=True)
class LexicalText:
    """A document: one entry's texts in one language."""

    key: int
    text: EntryText


def key_of(number: int, place: int) -> int:
    """Returns the key of an entry's texts at a place."""
    return number * PLACES + place


class LexicalIndex:
    """Finds texts by their words. Not safe for a change beside anything else."""

    def __init__(self) -> None:
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        builder.add_unsigned_field("number", stored=False, indexed=True, fast=False)
        for name in _FIELDS:
            builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._texts: dict[int, EntryText] = {}
        self._places: dict[int, list[int]] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._begin()

    def _begin(self) -> None:
        self._index = Index(self._schema)
        self._stale = 0
        self._counted = 0
        self._lengths = dict.fromkeys(_FIELDS, 0.0)
        self._stems_of: dict[int, frozenset[str]] = {}
        self._searcher: Searcher = self._index.searcher()

    def __len__(self) -> int:
        return len(self._texts)

    def replace(self, removed: Iterable[int], added: Mapping[int, Sequence[EntryText]]) -> None:
        """Takes the texts of entries out, then puts those of others or of the same ones in.

        Args:
            removed: numbers of entries; those that have no texts here are passed over.
            added: texts by the number of their entry; removed first if they are there.
        """
        going = {*removed, *added} & self._places.keys()
        coming = [
            LexicalText(key_of(number, place), text)
            for number, texts in added.items()
            for place, text in enumerate(texts)
        ]
        for number in going:
            for key in self._places.pop(number):
                self._forget(self._texts.pop(key))
                self._stale += 1
        for document in coming:
            self._vocabulary(document.text.language).add(_words(document.text))
            self._texts[document.key] = document.text
            self._places.setdefault(document.key // PLACES, []).append(document.key)
        if self._stale > max(_STALE_LEAST, _STALE_SHARE * len(self._texts)):
            self._begin()  # what was deleted stays in tantivy's segments until they are merged: this ends it
            coming, going = [LexicalText(key, text) for key, text in self._texts.items()], set()
        self._write(going, coming)

    def _forget(self, text: EntryText) -> None:
        self._vocabulary(text.language).remove(word for word in _words(text) if len(word) >= 4)

    def _write(self, going: Iterable[int], coming: Sequence[LexicalText]) -> None:
        writer = self._index.writer(_WRITER_BYTES, 1)
        written = dict.fromkeys(_FIELDS, 0)
        for number in going:
            writer.delete_documents_by_term("number", number)
        for document in coming:
            row = Document()
            row.add_unsigned("key", document.key)
            row.add_unsigned("number", document.key // PLACES)
            for name, terms in self._document_terms(document.text).items():
                row.add_text(name, " ".join(terms))
                written[name] += len(terms)
            writer.add_document(row)
        writer.commit()
        self._index.reload()
        self._count(written, len(coming))
        self._searcher = self._index.searcher()

    def _count(self, written: Mapping[str, int], texts: int) -> None:
        """Keeps the mean length of a text about right; what was deleted is taken to have been of mean length."""
        before = max(0, len(self._texts) - texts)
        for name, terms in written.items():
            mean = self._lengths[name] / self._counted if self._counted else 0.0
            self._lengths[name] = mean * before + terms
        self._counted = len(self._texts)
        self._stems_of.clear()

    def query(self, text: str, languages: Iterable[str]) -> LexicalQuery:
        """Returns a question as it is looked up in texts of some languages."""
        names = dict.fromkeys(primary(language) for language in languages)
        return LexicalQuery(
            Terms.of(self._weighed(_GRAMS, grams(text))),
            {name: Terms.of(self._weighed(_STEMS, self._stems(text, name))) for name in names},
        )

    def search(self, query: LexicalQuery, top: int) -> LexicalScores:
        """Returns the best `top` texts by letters and by stems each, with the scores that they came with."""
        if not self._texts:
            return LexicalScores()
        found = LexicalScores()
        for name, terms, scores in self._parts(query, found):
            self._run(Query.boolean_query(self._any_of(name, terms)), terms, scores, top)
        return found

    def _parts(
        self, query: LexicalQuery, found: LexicalScores
    ) -> list[tuple[str, Sequence[Terms], dict[int, float]]]:
        parts = [(_GRAMS, [query.grams], found.grams), (_STEMS, list(query.stems.values()), found.stems)]
        return [(name, terms, scores) for name, terms, scores in parts if any(one.total for one in terms)]

    def _any_of(self, name: str, several: Sequence[Terms]) -> list[tuple[Occur, Query]]:
        return [
            (Occur.Should, Query.term_query(self._schema, name, term.text, "freq"))
            for terms in several
            for term in terms.terms
            if term.is_known
        ]

    def _run(self, query: Query, several: Sequence[Terms], scores: dict[int, float], top: int) -> None:
        hits = self._searcher.search(query, top, count=False).hits
        if not hits:
            return
        keys = cast("list[int]", self._searcher.fast_field_values("key", [address for _, address in hits]))
        if len(several) == 1:
            total = several[0].total
            scores.update(zip(keys, [score / total for score, _ in hits], strict=True))
            return
        # A text holds stems of its own language alone, so its score is a share of that language's sum.
        totals = {terms.terms[0].text.partition(":")[0]: terms.total for terms in several if terms.total}
        for key, (score, _) in zip(keys, hits, strict=True):
            scores[key] = score / totals[primary(self._texts[key].language)]

    def shares_without(self, query: LexicalQuery, text: EntryText, left_out: str) -> tuple[float, float]:
        """Returns the shares of a question that a text would hold without one of its phrasings: letters, and stems."""
        held = self._document_terms(_without(text, left_out))
        terms = query.stems.get(primary(text.language), Terms.of(()))
        return self._share(_GRAMS, query.grams, held), self._share(_STEMS, terms, held)

    def _share(self, name: str, terms: Terms, held: Mapping[str, Sequence[str]]) -> float:
        """Returns what tantivy would give, from the same formula."""
        counts = Counter(held[name])
        mean = self._lengths[name] / max(1, len(self._texts))
        weight = _K1 * (1 - _B + _B * len(held[name]) / max(1.0, mean))
        found = sum(
            term.weight * (1 + _K1) * count / (count + weight)
            for term in terms.terms
            if (count := counts.get(term.text, 0))
        )
        return found / terms.total if terms.total else 0.0

    def stems_of(self, key: int, left_out: str = "") -> frozenset[str]:
        """Returns the stems of a text that is here, perhaps without one of its phrasings."""
        if left_out:
            return frozenset(self._document_terms(_without(self._texts[key], left_out))[_STEMS])
        kept = self._stems_of.get(key)
        if kept is None:
            if len(self._stems_of) >= _STEMS_KEPT:
                self._stems_of.clear()
            kept = frozenset(self._document_terms(self._texts[key])[_STEMS])
            self._stems_of[key] = kept
        return kept

    def _document_terms(self, text: EntryText) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {_GRAMS: [], _STEMS: []}
        for part in (*text.asked(), text.answer):
            found[_GRAMS] += grams(part)
            found[_STEMS] += self._stems(part, primary(text.language))
        return found

    def _stems(self, text: str, language: str) -> list[str]:
        found = stems(text, language)
        if language in COMPOUNDING and language in self._vocabularies:
            vocabulary = self._vocabularies[language]
            parts = [part for word in words(text) for part in vocabulary.parts(word)]
            if parts:
                found += stems(" ".join(parts), language)
        return found

    def _weighed(self, name: str, terms: Sequence[str]) -> list[Term]:
        texts = self._searcher.num_docs
        found = []
        for term in dict.fromkeys(terms):
            count = self._searcher.doc_freq(name, term)
            weight = math.log(1 + max(0.0, texts - count + 0.5) / (count + 0.5))
            found.append(Term(term, weight, count > 0))
        return found

    def _vocabulary(self, language: str) -> Vocabulary:
        return self._vocabularies.setdefault(primary(language), Vocabulary())


def _words(text: EntryText) -> list[str]:
    return [word for part in (*text.asked(), text.answer) for word in words(part)]


def _without(text: EntryText, left_out: str) -> EntryText:
    kept = tuple(asked for asked in text.asked() if asked != left_out)
    return replace(text, question="", phrasings=kept)
