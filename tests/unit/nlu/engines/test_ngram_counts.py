"""Counting many texts at once finds what reading one does."""

import numpy as np
import pytest

from balie.nlu.engines.ngram_counts import Features, NgramCounts
from balie.nlu.engines.ngrams import Ngrams

TEXTS = [
    "Mag mijn FIETS mee op de veerboot?",
    "wat kost een fietskaartje, en wat kost een kaartje",
    "Was kostet die Fähre nach Wulpen",
    "café café café 12,50",
    "the boat, the boat, the boat",
    "😀",
    "",
    "?",
    "私の自転車はどこですか",
    "Привет",
]


def learned(texts: list[str]) -> tuple[NgramCounts, Features, Ngrams]:
    counts = NgramCounts.of(texts)
    features = Features.of(counts)
    return counts, features, features.ngrams(counts)


def test_a_text_with_nothing_known_has_an_empty_row() -> None:
    numbers, values = learned(TEXTS)[2].row("qqq")
    assert numbers.size == values.size == 0


def test_counting_many_texts_finds_what_reading_one_does() -> None:
    counts, features, ngrams = learned(TEXTS)
    matrix = features.matrix(counts)
    assert matrix.shape == (len(TEXTS), len(ngrams))
    for row, text in zip(matrix.toarray(), TEXTS, strict=True):
        numbers, values = ngrams.row(text)
        expected = np.zeros(len(ngrams))
        expected[numbers] = values
        assert np.allclose(row, expected, atol=1e-6)


def test_features_of_a_part_are_found_in_the_rest_of_the_texts() -> None:
    counts = NgramCounts.of(TEXTS)
    features = Features.of(counts.rows(np.array([0, 1])))
    ngrams = features.ngrams(counts)
    assert "fahre" not in ngrams.words
    row = features.matrix(counts).toarray()[2]
    numbers, values = ngrams.row(TEXTS[2])
    assert np.allclose(row[numbers], values, atol=1e-6)
    assert np.count_nonzero(row) == numbers.size


def test_each_kind_of_n_grams_has_length_one() -> None:
    ngrams = learned(TEXTS)[2]
    numbers, values = ngrams.row(TEXTS[1])
    is_word = numbers < len(ngrams.words)
    assert np.linalg.norm(values[is_word]) == pytest.approx(1.0, abs=1e-6)
    assert np.linalg.norm(values[~is_word]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("texts", [TEXTS, [""], ["ﷺ", "\u3164", "a\nb"]])
def test_n_grams_that_were_stored_are_the_same(texts: list[str]) -> None:
    ngrams = learned(texts)[2]
    again = Ngrams.of_arrays(ngrams.arrays())
    assert (again.words, again.characters) == (ngrams.words, ngrams.characters)
    for text in texts:
        (numbers, values), (same_numbers, same_values) = ngrams.row(text), again.row(text)
        assert np.array_equal(numbers, same_numbers)
        assert np.array_equal(values, same_values)
