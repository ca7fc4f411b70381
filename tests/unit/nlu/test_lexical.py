import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balie.nlu.lexical import BUCKETS, ngrams


def test_words_that_share_letters_share_ngrams() -> None:
    def shared(one: str, other: str) -> float:
        first, second = set(ngrams(one).tolist()), set(ngrams(other).tolist())
        return len(first & second) / len(first | second)

    assert shared("fietskaartje", "fietskaartjes") > 0.7
    assert shared("fietskaartje", "kaartje voor de fiets") > 0.2
    assert shared("fietskaartje", "hondenhok") < 0.05


def test_case_accents_and_punctuation_change_nothing() -> None:
    assert np.array_equal(ngrams("Überfahrt, bitte!"), ngrams("uberfahrt bitte"))


def test_order_of_words_changes_nothing() -> None:
    assert np.array_equal(ngrams("boot naar vlieland"), ngrams("vlieland naar boot"))


def test_stays_the_same_between_runs_and_machines() -> None:
    assert ngrams("ja").tolist() == [10840, 12674, 15194, 19741, 20594, 29564]


@given(st.text(max_size=200))
def test_numbers_are_sorted_once_and_below_the_limit(text: str) -> None:
    found = ngrams(text)
    assert np.all(np.diff(found) > 0)
    assert found.size == 0 or (found[0] >= 0 and found[-1] < BUCKETS)


def test_a_long_text_is_read_to_a_limit() -> None:
    assert np.array_equal(ngrams("abc " * 256 + "xyz"), ngrams("abc "))


def test_a_text_without_letters_has_none() -> None:
    assert ngrams("🚲 ?!").size == 0
