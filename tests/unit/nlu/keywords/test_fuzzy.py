import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from balie.nlu.keywords.fuzzy import FuzzyWords, edits_allowed

LETTERS = "abcde"
words = st.lists(st.text(LETTERS, min_size=4, max_size=11), max_size=40)


def near(vocabulary: list[str], word: str) -> set[str]:
    """Returns the nearest words within what is allowed, by measuring every one of them."""
    distances = {one: DamerauLevenshtein.distance(one, word) for one in vocabulary}
    allowed = {one: far for one, far in distances.items() if far <= edits_allowed(len(one))}
    least = min(allowed.values(), default=0)
    return {one for one, far in allowed.items() if far == least}


@given(words, words, st.text(LETTERS, min_size=3, max_size=12))
def test_finds_what_measuring_every_word_would_find(first: list[str], more: list[str], asked: str) -> None:
    some = FuzzyWords()
    some.add(first)
    some.add(f"zz{number}" + "z" * 8 for number in range(70))  # enough for the words before to be filed
    some.add(more)
    (found,) = some.near([asked])
    everything = [*first, *more, *(f"zz{number}" + "z" * 8 for number in range(70))]
    assert set(found) == near(everything, asked)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("word", "misspelt"),
    [
        ("fiets", "feits"),
        ("fiets", "fites"),
        ("fiets", "fets"),
        ("fiets", "fiiets"),
        ("fiets", "fiers"),
        ("parkeergarage", "parkergarrage"),
        ("fahrradkarte", "farradkarte"),
        ("reisegepack", "riesegepakc"),
        ("hund", "hnud"),
        ("luggage", "lugage"),
        ("wheelchair", "weelchiar"),
        ("zeekoet", "eekoet"),
    ],
)
def test_finds_a_misspelt_word(word: str, misspelt: str) -> None:
    some = FuzzyWords()
    some.add([word, "overtocht", "dienstregeling", "afvaart"])
    assert some.near([misspelt]) == [[word]]


@pytest.mark.parametrize(
    ("word", "other"),
    [("kat", "kut"), ("fiets", "fitse"), ("fiets", "feest"), ("dienstregeling", "dinstregelngen")],
)
def test_leaves_words_that_are_too_far_away(word: str, other: str) -> None:
    some = FuzzyWords()
    some.add([word])
    assert some.near([other]) == [[]]


def test_the_nearest_words_win() -> None:
    some = FuzzyWords()
    some.add(["fietskaart", "fietskaarten", "feestkaart"])
    assert some.near(["fietskaard", "xxxxxxxx", "feestkaarr"]) == [["fietskaart"], [], ["feestkaart"]]


def names(count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(string.ascii_lowercase, k=source.randint(5, 14))) for _ in range(count)]


def test_looks_at_few_words_however_many_there_are() -> None:
    asked = [word[:3] + word[4:] for word in names(200, seed=1)]
    looked_at = []
    for count in (1000, 100_000):
        some = FuzzyWords()
        some.add(names(count, seed=2))
        looked_at.append(len(list(some.candidates(asked))))
    assert looked_at[1] < 200 * len(asked)
    assert looked_at[1] < 0.002 * 100_000 * len(asked)


def test_adding_a_word_files_few_of_the_others_anew() -> None:
    some = FuzzyWords()
    some.add(names(50_000, seed=3))
    main = some._state.main
    for word in names(1000, seed=4):
        some.add([word])
    assert some._state.main is main
    assert len(some._state.side.words) + len(some._state.tail) <= 1000
    (found,) = some.near([names(1000, seed=4)[-1]])
    assert found == [names(1000, seed=4)[-1]]


def test_words_that_are_no_longer_used_are_dropped_when_words_are_filed_anew() -> None:
    used = set(names(10_000, seed=5))
    some = FuzzyWords(used.__contains__)
    some.add(used)
    gone = names(10_000, seed=5)[:4000]
    used -= set(gone)
    new = names(9000, seed=6)
    used |= set(new)
    some.add(new)
    assert len(some._state.main.words) == len(used)
    assert some.near([gone[0]])[0] != [gone[0]]


def test_any_text_may_be_asked_for() -> None:
    some = FuzzyWords()
    some.add(["ελληνικά", "велосипед", "自転車自転車", "\ud800abcdef", *names(100, seed=7)])
    assert some.near(["велосепед", "\ud800abcdeg", "", "a" * 5000]) == [
        ["велосипед"],
        ["\ud800abcdef"],
        [],
        [],
    ]
    assert some.near([]) == []
