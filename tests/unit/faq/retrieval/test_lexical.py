"""The index of words against a model of it that goes through all texts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.analysis import grams
from balie.faq.retrieval.keys import PLACES, key_of
from balie.faq.retrieval.language_index import LanguageIndex
from balie.faq.retrieval.lexical import LexicalIndex
from balie.faq.retrieval.terms import LexicalScores, Terms
from balie.faq.retrieval.word_for_word import bare

K1, B = 1.2, 0.75
WORDS = ("dog", "dogs", "cat", "boat", "fiets", "kaart", "fietskaart", "ticket", "winter", "price", "hond")
PHRASES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
TEXTS = st.builds(
    EntryText,
    st.sampled_from(["en", "nl", "nl-BE"]),
    PHRASES,
    st.lists(PHRASES, max_size=3).map(tuple),
    PHRASES,
)
ENGLISH = st.builds(EntryText, st.just("en"), PHRASES, st.lists(PHRASES, max_size=3).map(tuple), PHRASES)
STEPS = st.lists(
    st.tuples(
        st.sets(st.integers(1, 8), max_size=3),
        st.dictionaries(st.integers(1, 8), st.lists(TEXTS, min_size=1, max_size=2), max_size=4),
    ),
    max_size=8,
)
QUIET = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def text(question: str, *phrasings: str, answer: str = "yes", language: str = "en") -> EntryText:
    return EntryText(language, question, phrasings, answer)


def index_of(entries: Mapping[int, Sequence[EntryText]]) -> LexicalIndex:
    found = LexicalIndex()
    found.replace((), entries)
    return found


def keyed(entries: Mapping[int, Sequence[EntryText]]) -> dict[int, EntryText]:
    return {
        key_of(number, place): one for number, texts in entries.items() for place, one in enumerate(texts)
    }


def share(terms: Terms, held: Sequence[str], mean: float) -> float:
    """Returns the share of a question that a text holds, from the formula alone."""
    counts = Counter(held)
    length = K1 * (1 - B + B * len(held) / mean)
    found = (one.weight * (1 + K1) * counts[one.text] / (counts[one.text] + length) for one in terms.terms)
    return sum(found) / terms.total if terms.total else 0.0


def whole(index: LexicalIndex, asked: str, languages: Iterable[str] = ("en", "nl")) -> LexicalScores:
    return index.search(index.query(asked, languages), 10_000)


@given(STEPS, PHRASES)
@QUIET
def test_holds_what_was_put_in_and_nothing_else(
    steps: list[tuple[set[int], dict[int, list[EntryText]]]], asked: str
) -> None:
    index, model = LexicalIndex(), dict[int, list[EntryText]]()
    for removed, added in steps:
        index.replace(removed, added)
        model = {number: texts for number, texts in model.items() if number not in removed} | added
    texts = keyed(model)
    assert index.keys() == set(texts)
    assert len(index) == len(texts)
    wanted = set(grams(asked))
    held = {key: {gram for part in one.worded() for gram in grams(part)} for key, one in texts.items()}
    assert set(whole(index, asked).letters) == {key for key, runs in held.items() if runs & wanted}
    for one in texts.values():
        same = [key for key, other in texts.items() if bare(one.question) in map(bare, other.asked())]
        assert index.known(one.question, ()) == sorted(same)


@given(st.dictionaries(st.integers(1, 12), ENGLISH, min_size=2), PHRASES)
@QUIET
def test_scores_are_those_of_the_formula(texts: dict[int, EntryText], asked: str) -> None:
    index, found = LanguageIndex("en"), LexicalScores()
    index.replace((), texts)
    query = index.query(asked)
    index.search(query, 10_000, found)
    terms = {key: index.document_terms(one) for key, one in texts.items()}
    for name, wanted, scores in (
        ("letters", query.letters, found.letters),
        ("stems", query.stems, found.stems),
    ):
        mean = sum(len(held[name]) for held in terms.values()) / len(terms)
        expected = {key: share(wanted, held[name], mean) for key, held in terms.items()}
        assert set(scores) == {key for key, score in expected.items() if score > 0}
        for key, score in scores.items():
            assert score == pytest.approx(expected[key], rel=0.08)  # tantivy keeps a length in one byte
        for top in (1, 3):
            best = LexicalScores()
            index.search(query, top, best)
            assert set(getattr(best, name).items()) <= set(scores.items())
            assert len(getattr(best, name)) == min(top, len(scores))


MANY = {
    number: [text(*[" ".join(dice.choice(WORDS, 3)) for _ in range(3)])]
    for dice in [np.random.default_rng(5)]
    for number in range(2, 200)
}


@given(st.lists(PHRASES, min_size=2, max_size=6, unique_by=bare))
@settings(QUIET, max_examples=15)
def test_shares_without_a_phrasing_are_those_of_an_index_without_it(asked: list[str]) -> None:
    left_out, *kept = asked
    own, key = "a question of its own", key_of(1, 0)
    index = index_of({**MANY, 1: [text(own, left_out, *kept)]})
    without = index_of({**MANY, 1: [text(own, *kept)]})
    letters, stems = index.shares_without(index.query(left_out, ["en"]), key, left_out)
    expected = whole(without, left_out)
    assert letters == pytest.approx(expected.letters.get(key, 0.0), rel=0.1, abs=0.02)
    assert stems == pytest.approx(expected.stems.get(key, 0.0), rel=0.1, abs=0.02)


def test_what_was_deleted_is_never_found_also_past_a_rebuild() -> None:
    index = index_of({number: [text(f"word{number} old", "old words")] for number in range(1, 301)})
    for low, high in pairwise(range(1, 301, 50)):
        index.replace(
            range(low, high), {number: [text(f"word{number} new")] for number in range(low, high, 2)}
        )
        there = set(range(low, high, 2))
        held = index.keys()
        assert {key // PLACES for key in held} == {
            *there,
            *(number for number in range(1, low) if number % 2),
            *range(high, 301),
        }
        assert index.known(f"word{low} old", ()) == []
        assert index.known(f"word{low} new", ()) == [key_of(low, 0)]
        found = whole(index, f"word{low + 1} old")
        assert key_of(low + 1, 0) not in {*found.letters, *found.stems}
    assert key_of(1, 0) not in whole(index, "old").letters


def test_a_rebuilt_index_answers_as_one_built_at_once() -> None:
    entries = {number: [text(f"word{number} dog", "a cat")] for number in range(1, 41)}
    rebuilt = index_of(entries)
    for _ in range(12):  # 480 deletions are more than the least from which on it is built anew
        rebuilt.replace(entries, entries)
    fresh = index_of(entries)
    for asked in ("dog", "word7", "a cat", "nothing of it"):
        assert whole(rebuilt, asked).letters == pytest.approx(whole(fresh, asked).letters, rel=0.02)
        assert whole(rebuilt, asked).stems == pytest.approx(whole(fresh, asked).stems, rel=0.02)


def test_words_are_as_rare_as_they_are_in_their_language() -> None:
    german = {number: [text(f"die Fähre {number}", language="de")] for number in range(1, 9)}
    index = index_of({**german, 9: [text("die hard")], 10: [text("my dog")]})
    query = index.query("die", [])
    (common,), (rare,) = query["de"].stems.terms, query["en"].stems.terms
    assert common.weight < rare.weight
    assert set(whole(index, "die", []).stems) == {key_of(number, 0) for number in range(1, 10)}


def test_a_deleted_text_leaves_the_others_findable() -> None:
    index = index_of({1: [text("dog", answer="dog")], 2: [text("dog", answer="dog")]})
    index.replace({1}, {})
    found = whole(index, "dog", ["en"])
    assert set(found.letters) == set(found.stems) == {key_of(2, 0)}
    assert found.stems[key_of(2, 0)] > 0


def test_compounds_meet_their_parts() -> None:
    entries = {
        1: [text("fiets kopen", language="nl", answer="kaartje")],
        2: [text("boot huren", language="nl", answer="bootje")],
    }
    index = index_of(entries)
    found = whole(index, "fietskaartje", ["nl"])
    assert set(found.stems) == {key_of(1, 0)}


def test_what_no_text_holds_counts_as_not_found() -> None:
    index = index_of({1: [text("my dog")], 2: [text("my cat")]})
    known, half = (index.query(asked, ["en"])["en"].stems for asked in ("dog", "dog parachute"))
    assert known.unknown == 0.0
    assert 0.5 < half.unknown < 1.0
    assert whole(index, "dog").stems[key_of(1, 0)] > whole(index, "dog parachute").stems[key_of(1, 0)]


def test_stems_of_a_text_without_one_of_its_phrasings() -> None:
    index = index_of({1: [text("my dog", "a hound", answer="yes")]})
    assert index.stems_of(key_of(1, 0)) == {"my", "dog", "a", "hound", "yes"}
    assert index.stems_of(key_of(1, 0), "a hound") == {"my", "dog", "yes"}


def test_known_keeps_to_the_languages_asked_for() -> None:
    index = index_of({1: [text("hotel"), text("hotel", language="nl-BE")], 2: [text("hotel", language="de")]})
    assert index.known("Hotel?", ()) == [key_of(1, 0), key_of(1, 1), key_of(2, 0)]
    assert index.known("hotel", ["nl"]) == [key_of(1, 1)]
    assert index.known("hotel", ["fr"]) == []


def test_an_empty_index_finds_nothing() -> None:
    index = LexicalIndex()
    assert index.keys() == set()
    found = whole(index, "dog")
    assert (found.letters, found.stems) == ({}, {})
    index.replace([1, 2], {})
    index.replace((), {1: [text("dog")]})
    index.replace([1], {})
    assert (index.keys(), len(index), whole(index, "dog").letters) == (set(), 0, {})


def test_many_changes_leave_few_pieces_and_searches_go_on_while_they_are_put_together() -> None:
    index, count = LanguageIndex("en"), 60
    asked = "shared words"
    for key in range(count):
        index.replace((), {key: text(f"shared words {key}")})
        with ThreadPoolExecutor(2) as searching:
            found = [searching.submit(letters_of, index, asked) for _ in range(2)]
            index.settle()
            assert [one.result() for one in found] == [set(range(key + 1))] * 2
    assert index.pieces < 10
    assert index.keys() == set(range(count))


def letters_of(index: LanguageIndex, asked: str) -> set[int]:
    found = LexicalScores()
    index.search(index.query(asked), 1000, found)
    return set(found.letters)
