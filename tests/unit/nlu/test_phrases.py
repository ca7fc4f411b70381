"""Examples word for word are known."""

from pathlib import Path

import numpy as np
import pytest

from balie.nlu.errors import ModelDamaged
from balie.nlu.examples import Example
from balie.nlu.phrases import PHRASES_FILE, Phrases, known_scores

INTENTS = ["bye", "greet"]
EXAMPLES = [
    Example("greet", "nl", "Hoi daar!"),
    Example("bye", "nl", "doei"),
    Example("oos", "en", "who won the match?"),
    Example("greet", "nl", "dag"),
    Example("bye", "de", "Dag"),
    Example("greet", "nl", "👋"),
]


def test_words_are_known_whatever_their_case_accents_and_punctuation():
    found = Phrases.of(EXAMPLES, INTENTS).places_of(["HÓI, DAAR", "doei...", "Who won the match", "hoi"])
    assert found == [1, 0, -1, None]


def test_words_of_two_intents_and_no_words_at_all_are_left_to_the_engine():
    assert Phrases.of(EXAMPLES, INTENTS).places_of(["dag", "👋", "", "!?"]) == [None] * 4


def test_what_is_known_takes_the_place_of_scores():
    scores = np.full((3, 2), 0.4)
    known_scores(scores, [1, -1, None])
    assert scores.tolist() == [[0.0, 1.0], [0.0, 0.0], [0.4, 0.4]]


def test_phrases_come_back_as_they_were_stored(tmp_path: Path):
    Phrases.of(EXAMPLES, INTENTS).write(tmp_path)
    assert Phrases.read(tmp_path, 2).places_of(["doei", "nee"]) == [0, None]
    assert Phrases.of([], INTENTS).places_of(["doei"]) == [None]


def test_phrases_of_other_intents_are_refused(tmp_path: Path):
    Phrases.of(EXAMPLES, INTENTS).write(tmp_path)
    with pytest.raises(ModelDamaged, match="does not fit its manifest"):
        Phrases.read(tmp_path, 1)
    (tmp_path / PHRASES_FILE).write_bytes(b"no arrays")
    with pytest.raises(ModelDamaged, match="cannot be read"):
        Phrases.read(tmp_path, 2)
