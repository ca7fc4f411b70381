"""Texts to stems and to runs of letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.retrieval.analysis import (
    GRAM,
    STEMMERS,
    grams,
    primary,
    runs,
    stems,
    telling,
    words,
    written,
)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("nl", "twee kaartjes", "een kaartje"),
        ("de", "die Fahrkarten", "die Fahrkarte"),
        ("en", "tickets", "ticket"),
        ("en", "cancelling", "cancelled"),
        ("de", "ÖFFNUNGSZEITEN", "öffnungszeit"),
        ("fr", "réservations", "réservation"),
    ],
)
def test_forms_of_a_word_have_the_same_stem(language: str, first: str, second: str) -> None:
    assert stems(first, language)[-1] == stems(second, language)[-1]


def test_stems_keep_their_order() -> None:
    assert stems("two dogs, two cats", "en-GB") == ["two", "dog", "two", "cat"]


def test_umlauts_and_accents_are_folded_after_the_stem() -> None:
    assert stems("Fähre", "de") == stems("fahre", "de")
    assert stems("één café", "nl") == stems("een cafe", "nl")
    assert grams("Fähre") == grams("fahre")


@pytest.mark.parametrize("language", ["sw", "xx", "", "und"])
def test_words_of_a_language_without_a_stemmer_stay_as_they_are(language: str) -> None:
    assert primary(language) not in STEMMERS
    assert stems("Baiskeli zangu", language) == ["baiskeli", "zangu"]


def test_every_stemmer_is_there() -> None:
    for language in STEMMERS:
        assert stems("informatie", language)


def test_runs_of_letters_cross_the_bounds_of_words() -> None:
    assert grams("my dog") == ["▁my▁", "my▁d", "y▁do", "▁dog", "dog▁"]
    assert grams("MY, dog!") == grams("my dog")
    assert set(grams("fietskaartje")) >= set(grams("kaart")) - {"▁kaa", "aart", "art▁"}


def test_runs_of_letters_are_of_one_length() -> None:
    assert {len(gram) for gram in grams("the opening hours of the desk")} == {GRAM}


@pytest.mark.parametrize("text", ["", "?", "!?…", "😀", "👩‍👩‍👧‍👦", "\x01\t\n", "\u2028"])
def test_texts_without_a_word_have_no_stems(text: str) -> None:
    assert stems(text, "en") == []
    assert words(text) == []
    assert grams(text) == []


def test_other_scripts_have_words_and_runs_of_letters() -> None:
    assert grams("Привет велосипед")
    assert stems("велосипеды", "ru") == stems("велосипед", "ru")
    assert grams("私の自転車はどこですか")


@given(st.text(max_size=200), st.sampled_from(["en", "nl", "de", "xx", ""]))
def test_any_text_has_terms_that_an_index_can_hold(text: str, language: str) -> None:
    for term in (*stems(text, language), *grams(text)):
        assert term
        assert not any(one.isspace() for one in term)
    assert stems(text, language) == stems(text, language)


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("nl", "Mag mijn hond mee op de boot, of een hond niet?", ["hond", "boot"]),
        ("de", "Wann fährt die Fähre für Hunde?", ["fahrt", "fahre", "hunde"]),
        ("en-GB", "Can I take the dog with me", ["take", "dog"]),
    ],
)
def test_telling_words_are_those_that_mean_something_by_themselves(
    language: str, text: str, told: list[str]
) -> None:
    found = telling(text, language)
    assert [word for word in told if word not in found] == []
    assert len(found) == len(set(found))
    assert not {"de", "die", "the", "of", "op"} & set(found)


@pytest.mark.parametrize("language", [*STEMMERS, "xx", ""])
def test_every_language_tells_words(language: str) -> None:
    assert "mudflat" in telling("Mudflat mudflat", language)


@given(st.lists(st.text("abcdeßéÄ'-! ", max_size=12), max_size=4))
def test_the_runs_of_a_word_are_found_in_the_text_that_it_is_of(texts: list[str]) -> None:
    text = written(texts)
    for one in texts:
        for word in telling(one, "xx"):
            assert all(run in text for run in runs(word))
    assert runs("xyzzy")[0] not in text


def test_runs_reach_from_the_mark_before_a_word_to_the_one_after_it() -> None:
    assert runs("dogs") == ["\u2581dog", "dogs", "ogs\u2581"]
    assert runs("a") == []
