"""The n-grams of a text: what counts as the same, and how much each counts."""

import gc
import sys
import weakref
from collections import Counter

import numpy as np
import pytest

from balie.nlu.engines.ngrams import Ngrams, counts_of

TEXTS = [
    "Waar kan ik mijn fietskaartje kopen?",
    "Wann fährt die nächste Fähre, die Faehre nach Ameland?",
    "where is my order AB-1042, where where",
    "x" * 900 + " een heel lang woord",
    "😀 !!",
    "",
]


@pytest.fixture
def learned() -> Ngrams:
    runs, characters = Counter[str](), Counter[str]()
    for text in TEXTS[:4]:
        own = counts_of(text)
        runs.update(own[0])
        characters.update(own[1])
    words, grams = sorted(runs), sorted(gram for gram in characters if "w" not in gram)
    idf = np.random.default_rng(0).random(len(words) + len(grams)).astype(np.float32) + 1
    return Ngrams(words, grams, idf)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_row_holds_the_known_ngrams_by_count_and_rarity(learned: Ngrams, text: str, time: str) -> None:
    if time == "second":  # the words are at hand by then
        learned.row(text)
    numbers, values = learned.row(text)
    found = dict(zip(numbers.tolist(), values.tolist(), strict=True))
    wanted: dict[int, float] = {}
    for first, names, counts in zip(
        (0, len(learned.words)), (learned.words, learned.characters), counts_of(text), strict=True
    ):
        weights = {
            number: float(learned.idf[number]) * (1 + np.log(counts[name]))
            for number, name in enumerate(names, first)
            if name in counts
        }
        length = np.sqrt(sum(weight**2 for weight in weights.values()))
        wanted |= {number: weight / length for number, weight in weights.items()}
    assert found == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "ways",
    [
        ("Fähre", "Faehre", "FÄHRE", "fahre", "FAEHRE"),
        ("schön", "schoen"),
        ("Öffnung", "oeffnung"),
        ("über", "ueber"),
        ("Straße", "STRASSE"),
        ("één", "een"),
        ("ﬁets", "fiets"),
    ],
)
def test_ways_to_write_a_word_give_the_same_n_grams(ways: tuple[str, ...]) -> None:
    first, *others = [counts_of(way) for way in ways]
    assert all(other == first for other in others)


@pytest.mark.parametrize("word", ["aquarium", "query", "allee", "zee"])
def test_what_only_looks_like_an_umlaut_stays(word: str) -> None:
    assert counts_of(word)[0] == {word: 1}


def test_a_compound_shares_its_parts_n_grams() -> None:
    compound, bicycle, ticket, stranger = (
        set(counts_of(word)[1]) for word in ("fietskaartje", "fiets", "kaartje", "veerboot")
    )
    assert len(bicycle & compound) > len(bicycle) * 0.7
    assert len(ticket & compound) > len(ticket) * 0.7
    assert len(stranger & compound) < len(stranger) * 0.1


def test_words_and_pairs_of_words_are_counted_as_often_as_they_stand_there() -> None:
    words, characters = counts_of("de boot, de boot")
    assert words == {"de": 2, "boot": 2, "de boot": 2, "boot de": 1}
    assert characters[" de "] == 4, "a short word stands for the size of five as well"
    assert characters["oo"] == 2


def test_only_the_first_1024_characters_are_read() -> None:
    assert counts_of("a " * 512 + "fiets") == counts_of("a " * 512)
    assert counts_of(" " * 1018 + "fiets")[0] == {"fiets": 1}


def test_the_longest_text_costs_no_more_than_its_beginning() -> None:
    """Counted in calls of Python's functions, since time depends on who else is at work."""

    def calls(text: str) -> int:
        count = 0

        def seen(_frame: object, event: str, _arg: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(seen)
        try:
            counts_of(text)
        finally:
            sys.setprofile(None)
        return count

    assert calls("fiets mee? " * 100_000) <= calls("fiets mee? " * 100) + 1


@pytest.mark.parametrize("text", ["", " ", "?!", "😀", "👩‍👩‍👧‍👦", "\u200b\ufeff"])
def test_a_text_without_words_has_no_n_grams(text: str) -> None:
    assert counts_of(text) == ({}, {})


def test_what_is_kept_at_hand_goes_with_the_model() -> None:
    learned = Ngrams(["een"], [" een "], np.ones(2, np.float32))
    learned.row("een twee drie")
    gone = weakref.ref(learned)
    gc.disable()
    try:
        del learned
        assert gone() is None
    finally:
        gc.enable()


def test_words_that_were_not_learned_are_forgotten(learned: Ngrams) -> None:
    learned.row("where zelfgeschreven wachtwoord")
    assert learned._kept_numbers_of.cache_info().currsize == 1
