"""Texts to stems and to runs of letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.retrieval.analysis import GRAM, STEMMERS, grams, primary, stems, words


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
