"""Near-duplicates: all that there are, and of those the ones that a model could not tell apart."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from tests.unit.nlu.validating.found import found_by, lines_of, write

from balie.nlu.validating import CHECKS, validate
from balie.nlu.validating.similar import LEAST_SIMILARITY, similar_pairs

DATA = Path(__file__).parents[5] / "shared" / "data" / "intents"
PLACES = ("kitchen", "garden", "garage", "hallway", "bedroom")


def test_texts_that_hardly_differ_under_two_intents_are_found(tmp_path: Path) -> None:
    rows = [
        *((f"where is parcel number {place}", "parcel") for place in PLACES),
        *((f"i want a refund for my {place}", "refund") for place in PLACES),
        ("how long does a refund of my money take", "refund"),
        ("how long does a refund of my money takes", "parcel"),
    ]
    (found,) = found_by("near-duplicate", tmp_path, rows)
    assert lines_of(found) == [11, 12]
    assert found.similarity is not None
    assert LEAST_SIMILARITY <= found.similarity < 1


def test_a_word_that_is_typical_of_an_intent_tells_it_apart(tmp_path: Path) -> None:
    rows = [
        *((f"turn on all of the lights in the {place} please", "lights_on") for place in PLACES),
        *((f"turn off all of the lights in the {place} please", "lights_off") for place in PLACES),
    ]
    assert not found_by("near-duplicate", tmp_path, rows)
    odd = [*rows, ("please turn off all of the lights in the kitchen", "lights_on")]
    found = found_by("near-duplicate", tmp_path, odd)
    assert found
    assert all(11 in lines_of(finding) for finding in found)


def test_other_words_of_the_same_intent_are_no_matter(tmp_path: Path) -> None:
    rows = [("where is my parcel now", "parcel"), ("where is my parcel now then", "parcel"), ("cake", "oos")]
    assert not found_by("near-duplicate", tmp_path, rows)


def test_languages_are_not_compared(tmp_path: Path) -> None:
    rows = [
        ("waar is het restaurant", "where", "nl"),
        ("waar is het restauran", "food", "de"),
        ("x", "oos", "en"),
    ]
    assert not found_by("near-duplicate", tmp_path, rows)


def test_numbers_make_no_difference(tmp_path: Path) -> None:
    rows = [("order number 12345678", "order"), ("order number 87654321", "parcel")]
    (found,) = found_by("near-duplicate", tmp_path, rows)
    assert found.similarity == 1.0


def test_each_two_intents_are_told_once_before_any_is_told_again(tmp_path: Path) -> None:
    rows = [
        ("how much is the water bill", "a"),
        ("the water bill is how much", "b"),
        ("is the water bill how much", "b"),
        ("please send a new bank card", "a"),
        ("a new bank card please send", "c"),
    ]
    found = found_by("near-duplicate", tmp_path, rows)
    pairs = [{place.intent for place in finding.places} for finding in found]
    assert pairs[:2] in ([{"a", "b"}, {"a", "c"}], [{"a", "c"}, {"a", "b"}])
    assert len(pairs) == 3


@settings(deadline=None, max_examples=50)
@given(
    texts=st.lists(
        st.lists(
            st.sampled_from(
                ["abcde", "fiets", "fietsen", "trein", "treinen", "kaart", "kaartje", "geld", "terug", "waar"]
            ),
            min_size=1,
            max_size=6,
        ).map(" ".join),
        min_size=2,
        max_size=30,
    ),
    least=st.floats(0.3, 1.0),
)
def test_no_pair_is_missed(texts: list[str], least: float) -> None:
    groups = np.arange(len(texts)) % 3
    found = {(one, other) for one, other, _ in similar_pairs(texts, groups, least)}
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform(texts)
    cosines = (vectors @ vectors.T).toarray()
    for one in range(len(texts)):
        for other in range(one + 1, len(texts)):
            if abs(cosines[one, other] - least) > 1e-4:
                expected = cosines[one, other] > least and groups[one] != groups[other]
                assert ((one, other) in found) == expected


@pytest.mark.parametrize("texts", [["a"], ["", ""], ["?", "!"], ["a", "b"]])
def test_texts_without_anything_to_compare_are_not_alike(texts: list[str]) -> None:
    assert not list(similar_pairs(texts, np.arange(len(texts))))


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the evaluation data beside the checkout")
@pytest.mark.parametrize(
    ("name", "mislabelled"),
    [("clinc150", [[1301, 10885], [6194, 11592]]), ("banking77", [[1984, 8471], [3215, 8535]])],
)
def test_finds_what_is_mislabelled_in_sets_that_everybody_uses(
    name: str, mislabelled: list[list[int]]
) -> None:
    others = CHECKS.keys() - {"near-duplicate"}
    found = [
        lines_of(finding)
        for finding in validate([DATA / name / "train.jsonl"], ("en",), skip=others).findings
    ]
    assert all(lines in found for lines in mislabelled)
    assert len(found) < 60  # of 15,000 and 10,000 texts


def test_a_single_example_has_nothing_to_be_like(tmp_path: Path) -> None:
    assert not found_by("near-duplicate", tmp_path, [("hello", "greet")])
    assert validate([write(tmp_path, [])], ()).examples == 0
