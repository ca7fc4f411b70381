import gc
import random
import string
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.nlu.sample import LANGUAGES, keywords_file

from balie.nlu.domain import KeywordMatch, Rule
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import MOST_MATCHES, KeywordFinder


def finder(folder: Path, text: str) -> KeywordFinder:
    path = folder / "more.yaml"
    path.write_text(text, encoding="utf-8")
    return KeywordFinder(read_keywords(path), LANGUAGES)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> KeywordFinder:
    return KeywordFinder(read_keywords(keywords_file(tmp_path_factory.mktemp("keywords"))), LANGUAGES)


def found(matches: list[KeywordMatch], text: str) -> list[tuple[str, Rule, str]]:
    return [(match.keyword_id, match.rule, text[match.start_char : match.end_char]) for match in matches]


def test_finds_a_term_letter_by_letter(sample: KeywordFinder) -> None:
    text = "is WV-1042 nog leverbaar?"
    assert found(sample.find(text), text) == [("article-WV-1042", Rule.EXACT, "WV-1042")]


@pytest.mark.parametrize(
    "code", ["wv-1042", "WV1042", "wv 1042", "Wv–1042", "wv.1042", "wv_1042", "ｗｖ１０４２"]
)
def test_finds_a_code_however_it_is_parted(sample: KeywordFinder, code: str) -> None:
    text = f"heb je {code} ook, in rood"
    assert found(sample.find(text), text) == [("article-WV-1042", Rule.NORMALISED, code)]


@pytest.mark.parametrize(
    "text", ["WV-10421", "XWV-1042", "wv, 1042", "1042", "wv ... 1042", "fietsenmaker", "hikes", "wulpen"]
)
def test_does_not_find_a_term_within_something_else(sample: KeywordFinder, text: str) -> None:
    assert sample.find(text) == []


def test_folds_case_and_accents(sample: KeywordFinder) -> None:
    text = "MIJN FÍETS"
    assert found(sample.find(text, "nl"), text) == [("topic-bicycle", Rule.NORMALISED, "FÍETS")]


def test_positions_count_code_points(sample: KeywordFinder) -> None:
    text = "😀👩‍👩‍👧 é wv 1042"
    (match,) = sample.find(text)
    assert text[match.start_char : match.end_char] == "wv 1042"
    assert match.start_char == text.index("wv")


@pytest.mark.parametrize("text", ["fiets", " Fiets?! ", "🚲 FIETS 🚲", "(fiets)"])
def test_tells_when_a_keyword_is_all_of_the_message(sample: KeywordFinder, text: str) -> None:
    (match,) = sample.find(text, "nl")
    assert match.whole_message


def test_tells_when_a_keyword_is_a_part_of_the_message(sample: KeywordFinder) -> None:
    (match,) = sample.find("mijn fiets", "nl")
    assert not match.whole_message


def test_terms_of_another_language_only_count_as_the_whole_message(sample: KeywordFinder) -> None:
    assert sample.find("the motor of my boat is loud", "en") == []
    assert [match.keyword_id for match in sample.find("motor", "en")] == ["topic-motorcycle"]
    assert [match.keyword_id for match in sample.find("the motor of my boat", "und")] == ["topic-motorcycle"]
    assert [match.keyword_id for match in sample.find("met de motor mee", "nl")] == ["topic-motorcycle"]


def test_orders_by_rule_then_length_then_place(tmp_path: Path) -> None:
    some = finder(
        tmp_path,
        "keywords:\n"
        "  - {id: short, target: {value: s}, terms: {any: [boot]}}\n"
        "  - {id: long, target: {value: l}, terms: {any: [overtocht]}}\n"
        "  - {id: folded, target: {value: f}, terms: {any: [Terschelling]}}\n",
    )
    text = "terschelling boot overtocht boot"
    assert found(some.find(text), text) == [
        ("long", Rule.EXACT, "overtocht"),
        ("short", Rule.EXACT, "boot"),
        ("short", Rule.EXACT, "boot"),
        ("folded", Rule.NORMALISED, "terschelling"),
    ]
    places = [match.start_char for match in some.find(text)]
    assert places[1] < places[2]


def test_the_longest_of_overlapping_matches_is_kept(tmp_path: Path) -> None:
    some = finder(
        tmp_path,
        "keywords:\n"
        "  - {id: bike, target: {value: b}, terms: {any: [bike]}}\n"
        "  - {id: rental, target: {value: r}, terms: {any: [Bike Rental]}}\n"
        "  - {id: place, target: {value: p}, terms: {any: [rental shop]}}\n",
    )
    text = "a bike rental near the bike shed"
    assert found(some.find(text), text) == [
        ("bike", Rule.EXACT, "bike"),
        ("rental", Rule.NORMALISED, "bike rental"),
    ]


def test_keywords_that_cover_the_same_are_both_kept(tmp_path: Path) -> None:
    some = finder(
        tmp_path,
        "keywords:\n"
        "  - {id: dutch, target: {value: d}, terms: {nl: [pram]}}\n"
        "  - {id: english, target: {value: e}, terms: {en: [pram]}}\n",
    )
    assert [match.keyword_id for match in some.find("pram")] == ["dutch", "english"]


def test_signs_are_terms_too(tmp_path: Path) -> None:
    some = finder(tmp_path, 'keywords: [{id: bike, target: {value: b}, terms: {any: ["🚲", "C++"]}}]')
    (alone,) = some.find("🚲")
    assert alone.whole_message
    assert not some.find("🚲 mee?")[0].whole_message
    text = "boek over C++ kwijt"
    assert found(some.find(text), text)[0] == ("bike", Rule.EXACT, "C++")


def test_gives_sixteen_matches_at_most(sample: KeywordFinder) -> None:
    assert len(sample.find("wulp " * 100)) == MOST_MATCHES == 16


def test_forgets_the_words_of_messages(sample: KeywordFinder) -> None:
    source = random.Random(1)
    messages = [
        " ".join("".join(source.choices(string.ascii_letters, k=9)) for _ in range(5)) for _ in range(300)
    ]
    tracemalloc.start()
    try:
        for message in messages[:50]:
            sample.find(message)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for message in messages[50:]:
            sample.find(message)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


def test_a_guess_never_stands_in_the_way_of_what_is_there(tmp_path: Path) -> None:
    some = finder(
        tmp_path,
        "keywords:\n"
        "  - {id: bike, target: {value: b}, terms: {en: [bike]}}\n"
        "  - {id: rental, target: {value: r}, terms: {en: [bike rental]}}\n",
    )
    text = "a bike rentel please"
    assert found(some.find(text, "en"), text) == [("bike", Rule.EXACT, "bike")]


def test_a_literal_keyword_is_found_as_written_or_folded_alone(tmp_path: Path) -> None:
    terms = "target: {value: v}, terms: {nl: [kaartje, model boot]}"
    loose = finder(tmp_path, f"keywords: [{{id: k, {terms}}}]")
    strict = finder(tmp_path, f"keywords: [{{id: k, {terms}, literal: true}}]")
    for text in ("Kaartje", "model-boot"):
        assert [match.rule for match in strict.find(text, "nl")] == [Rule.NORMALISED], text
    for text in ("kaartjes", "kaatrje", "modelboot", "model boten"):
        assert loose.find(text, "nl"), text
        assert strict.find(text, "nl") == [], text


@given(st.text(max_size=120))
def test_any_text_has_sound_matches(sample: KeywordFinder, text: str) -> None:
    mixed = f"{text} wv1042 {text}"
    for match in sample.find(mixed):
        assert 0 <= match.start_char < match.end_char <= len(mixed)
