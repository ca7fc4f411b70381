"""Texts of one language in tantivy: stems and runs of letters; the only module that searches with the library.

A document is an entry's texts in the language: question, phrasings and answer together, so that an entry counts once
however many of its phrasings match. Scores are shares: of what is asked, weighed by how rare it is, how much the
document holds. So they compare between long and short questions, and what no document knows counts as not found.

Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from tantivy import Document, Index, IndexWriter, Occur, Query, SchemaBuilder, Searcher

from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.analysis import grams, stems, words, written
from balie.faq.retrieval.compounds import COMPOUNDING, Vocabulary
from balie.faq.retrieval.terms import LanguageQuery, LexicalScores, Term, Terms
from balie.faq.retrieval.word_for_word import WordForWord

LETTERS, STEMS = "letters", "stems"
_FIELDS = (LETTERS, STEMS)
_WRITER_BYTES = 15_000_000  # the least that tantivy takes; used while something is written
_WRITER_MOST = 200_000_000  # with more room it leaves fewer pieces to search in
_TEXT_BYTES = 8_000  # that a text takes there, about
_STALE_SHARE = 0.3
_STALE_LEAST = 200
_STEMS_KEPT = 4096  # texts whose stems and words are kept at hand
_TERMS_KEPT = 32_768  # terms of questions, of each field, for which it is kept how rare they are
_LEAST_TERMS = 8
_MOST_DOCUMENTS = 400_000  # that a search goes through: some ten milliseconds
_DIGITS = 6  # the same words are to tie, wherever tantivy keeps them
_K1, _B = 1.2, 0.75  # tantivy's own


class LanguageIndex:
    """Finds texts of one language by their words. Not safe for a change beside anything else.

    Args:
        language: its primary subtag.
    """

    def __init__(self, language: str) -> None:
        builder = SchemaBuilder()
        builder.add_unsigned_field("key", stored=False, indexed=True, fast=True)
        for name in _FIELDS:
            builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._language = language
        self._texts: dict[int, EntryText] = {}
        self._vocabulary = Vocabulary() if language in COMPOUNDING else None
        self._known = WordForWord()
        self._begin()

    def _begin(self) -> None:
        self._index = Index(self._schema)
        self._writer: IndexWriter | None = None
        self._reopen()
        self._stale = 0
        self._counted = 0
        self._lengths = dict.fromkeys(_FIELDS, 0.0)

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def pieces(self) -> int:
        """Returns how many pieces tantivy keeps the texts in; a search goes through each."""
        return self._searcher.num_segments

    def keys(self) -> set[int]:
        """Returns the keys of the texts that a search may find, as tantivy has them."""
        hits = self._searcher.search(Query.all_query(), max(1, self._searcher.num_docs), count=False).hits
        found = self._searcher.fast_field_values("key", [address for _, address in hits]) if hits else []
        return set(cast("list[int]", found))

    def known(self, text: str) -> list[int]:
        """Returns the keys of the texts that are asked for in a question's own words, rising."""
        return self._known.find(text, self._texts)

    def replace(self, removed: Iterable[int], added: Mapping[int, EntryText]) -> None:
        """Takes texts out, then puts others, or the same ones anew, in.

        Args:
            removed: keys; those that are not here are passed over.
            added: texts by key; removed first if they are there.
        """
        going = {*removed, *added} & self._texts.keys()
        for key in going:
            text = self._texts.pop(key)
            self._known.remove(key, text)
            if self._vocabulary is not None:
                self._vocabulary.remove(_words(text))
        self._stale += len(going)
        for key, text in added.items():
            self._texts[key] = text
            self._known.add(key, text)
            if self._vocabulary is not None:
                self._vocabulary.add(_words(text))
        if self._stale > max(_STALE_LEAST, _STALE_SHARE * len(self._texts)):
            # What was deleted stays in tantivy's segments until they are merged: this ends it.
            self._begin()
            self._write((), self._texts)
        elif going or added:
            self._write(going, added)

    def _write(self, going: Iterable[int], coming: Mapping[int, EntryText]) -> None:
        self.settle()
        writer = self._index.writer(min(_WRITER_MOST, _WRITER_BYTES + _TEXT_BYTES * len(coming)), 1)
        written = dict.fromkeys(_FIELDS, 0)
        if gone := list(going):  # `delete_documents_by_term` finds no unsigned number, and says nothing of it
            writer.delete_documents_by_query(Query.term_set_query(self._schema, "key", gone))
        for key, text in coming.items():
            row = Document()
            row.add_unsigned("key", key)
            for name, terms in self.document_terms(text).items():
                row.add_text(name, " ".join(terms))
                written[name] += len(terms)
            writer.add_document(row)
        writer.commit()
        self._writer = writer
        self._reopen()
        self._count(written, len(coming))

    def settle(self) -> None:
        """Waits until what changes left behind in pieces is put together, as a search goes through all of them.

        Searches go on meanwhile. tantivy begins with it by itself, and gives it up when its writer goes.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()
            self._reopen()

    def _reopen(self) -> None:
        self._index.reload()
        self._searcher: Searcher = self._index.searcher()
        self._stems_of: dict[int, frozenset[str]] = {}
        self._written: dict[int, str] = {}
        self._asked: dict[str, dict[str, Term]] = {name: {} for name in _FIELDS}

    def _count(self, written: Mapping[str, int], texts: int) -> None:
        """Keeps the mean length of a text about right; what was deleted is taken to have been of mean length."""
        before = max(0, len(self._texts) - texts)
        for name, terms in written.items():
            mean = self._lengths[name] / self._counted if self._counted else 0.0
            self._lengths[name] = mean * before + terms
        self._counted = len(self._texts)

    def query(self, text: str) -> LanguageQuery:
        """Returns a question as it is looked up here."""
        return LanguageQuery(
            Terms.of(self._weighed(LETTERS, grams(text))), Terms.of(self._weighed(STEMS, self._stems(text)))
        )

    def search(self, query: LanguageQuery, top: int, found: LexicalScores) -> None:
        """Adds the best `top` texts by letters and by stems each."""
        searcher = self._searcher  # another may take its place, where the same texts have other addresses
        for name, terms, scores in (
            (LETTERS, query.letters, found.letters),
            (STEMS, query.stems, found.stems),
        ):
            known = [
                (Occur.Should, Query.term_query(self._schema, name, term.text, "freq"))
                for term in _telling(terms.terms)
            ]
            if known:
                hits = searcher.search(Query.boolean_query(known), top, count=False).hits
                addresses = [address for _, address in hits]
                keys = cast("list[int]", searcher.fast_field_values("key", addresses)) if hits else []
                shares = np.round(np.asarray([score for score, _ in hits]) / terms.total, _DIGITS)
                scores.update(zip(keys, shares.tolist(), strict=True))

    def shares_without(self, query: LanguageQuery, key: int, left_out: str) -> tuple[float, float]:
        """Returns the shares of a question that a text would hold without one way to ask it: letters, and stems."""
        held = self.document_terms(_without(self._texts[key], left_out))
        return self._share(LETTERS, query.letters, held), self._share(STEMS, query.stems, held)

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
        """Returns the stems of a text that is here, perhaps without one way to ask it."""
        if left_out:
            return frozenset(self.document_terms(_without(self._texts[key], left_out))[STEMS])
        kept = self._stems_of.get(key)
        if kept is None:
            if len(self._stems_of) >= _STEMS_KEPT:
                self._stems_of.clear()
            kept = frozenset(self.document_terms(self._texts[key])[STEMS])
            self._stems_of[key] = kept
        return kept

    def written(self, key: int, left_out: str = "") -> str:
        """Returns the words of a text that is here, perhaps without one way to ask it, as runs are looked up in them."""
        if left_out:
            return _written(_without(self._texts[key], left_out))
        kept = self._written.get(key)
        if kept is None:
            if len(self._written) >= _STEMS_KEPT:
                self._written.clear()
            kept = self._written[key] = _written(self._texts[key])
        return kept

    def document_terms(self, text: EntryText) -> dict[str, list[str]]:
        """Returns a text's terms by field, as they would be put in now."""
        found: dict[str, list[str]] = {LETTERS: [], STEMS: []}
        for part in (*text.asked(), text.answer):
            found[LETTERS] += grams(part)
            found[STEMS] += self._stems(part)
        return found

    def _stems(self, text: str) -> list[str]:
        found = stems(text, self._language)
        if self._vocabulary is not None:
            parts = [part for word in words(text) for part in self._vocabulary.parts(word)]
            if parts:
                found += stems(" ".join(parts), self._language)
        return found

    def _weighed(self, name: str, terms: Sequence[str]) -> list[Term]:
        kept = self._asked[name]
        if len(kept) >= _TERMS_KEPT:
            kept.clear()
        found = []
        for text in dict.fromkeys(terms):
            term = kept.get(text)
            if term is None:
                term = kept[text] = self._term(name, text)
            found.append(term)
        return found

    def _term(self, name: str, text: str) -> Term:
        texts = self._searcher.num_docs
        # tantivy counts what was deleted until it is merged away.
        count = min(texts, self._searcher.doc_freq(name, text))
        return Term(text, math.log(1 + (texts - count + 0.5) / (count + 0.5)), count)


def _telling(terms: Sequence[Term]) -> list[Term]:
    """Returns the known terms that are looked up: the rarest, until they are in too many documents to be quick."""
    found: list[Term] = []
    documents = 0
    for term in sorted((term for term in terms if term.is_known), key=lambda term: term.count):
        documents += term.count
        if len(found) >= _LEAST_TERMS and documents > _MOST_DOCUMENTS:
            break
        found.append(term)
    return found


def _words(text: EntryText) -> list[str]:
    return [word for part in (*text.asked(), text.answer) for word in words(part)]


def _written(text: EntryText) -> str:
    return written((*text.asked(), text.answer))


def _without(text: EntryText, left_out: str) -> EntryText:
    kept = tuple(asked for asked in text.asked() if asked != left_out)
    return replace(text, question="", phrasings=kept)
