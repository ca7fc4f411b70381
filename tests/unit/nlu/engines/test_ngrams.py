import gc
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


def test_ways_to_write_an_umlaut_give_the_same_ngrams(learned: Ngrams) -> None:
    rows = [learned.row(f"die {word}") for word in ("Fähre", "Faehre", "FAHRE")]
    for numbers, values in rows[1:]:
        assert numbers.tolist() == rows[0][0].tolist()
        assert values.tolist() == rows[0][1].tolist()


def test_words_stand_in_a_text_as_often_as_they_are_written() -> None:
    runs, characters = counts_of("nee nee, nee")
    assert runs == {"nee": 3, "nee nee": 2}
    assert characters[" nee "] == 3
    assert characters["e "] == 3


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
