"""What models are worth: learned from held-out opinions, for each language."""

import numpy as np
import pytest
from numpy.typing import NDArray

from balie.nlu.engines.mixing import Mixture

Floats = NDArray[np.float32]


def opinion(classes: NDArray[np.int64], right: float, seed: int, count: int = 4) -> Floats:
    """Returns logits of a model that is right for a share of the rows, and takes another class for the rest."""
    chance = np.random.default_rng(seed)
    said = np.where(chance.random(len(classes)) < right, classes, (classes + 1 + seed % (count - 1)) % count)
    return (3.0 * np.eye(count)[said] + chance.normal(scale=0.3, size=(len(classes), count))).astype(
        np.float32
    )


def classes_of(rows: int) -> NDArray[np.int64]:
    return np.arange(rows, dtype=np.int64) % 4


def test_the_model_that_is_right_more_often_counts_more() -> None:
    classes = classes_of(400)
    mixture = Mixture.fit([opinion(classes, 0.6, 1), opinion(classes, 0.9, 2)], classes, ["nl"] * 400)
    assert mixture.overall[1] > 1.3 * mixture.overall[0]


def test_no_weight_is_negative_even_of_a_model_that_is_always_wrong() -> None:
    classes = classes_of(2000)
    opposite = -opinion(classes, 0.9, 2)
    mixture = Mixture.fit([opinion(classes, 0.6, 1), opposite], classes, ["nl"] * 2000)
    assert mixture.overall[0] > 0
    assert mixture.overall[1] == 0


def test_a_mixture_is_right_more_often_than_any_of_its_models() -> None:
    classes, fresh = classes_of(2000), classes_of(2000)
    mixture = Mixture.fit([opinion(classes, 0.75, seed) for seed in (1, 2, 3)], classes, ["nl"] * 2000)
    asked = [opinion(fresh, 0.75, seed) for seed in (4, 5, 6)]
    together = (mixture.mixed(asked, ["nl"] * 2000).argmax(axis=1) == fresh).mean()
    assert together > max((one.argmax(axis=1) == fresh).mean() for one in asked) + 0.05


def test_each_language_has_weights_of_its_own() -> None:
    classes = classes_of(800)
    languages = ["nl"] * 400 + ["en"] * 400
    strong_in_dutch = np.concatenate([opinion(classes[:400], 0.95, 1), opinion(classes[400:], 0.5, 2)])
    strong_in_english = np.concatenate([opinion(classes[:400], 0.5, 3), opinion(classes[400:], 0.95, 4)])
    mixture = Mixture.fit([strong_in_dutch, strong_in_english], classes, languages)
    dutch, english = mixture.by_language["nl"], mixture.by_language["en"]
    assert dutch[0] > dutch[1]
    assert english[1] > english[0]
    one = [np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)]
    for language, weights in (("nl", dutch), ("en", english), ("sw", mixture.overall)):
        assert mixture.mixed(one, [language])[0] == pytest.approx(weights)


def test_a_language_with_few_examples_has_the_weights_of_all() -> None:
    classes = classes_of(440)
    logits = [opinion(classes, 0.8, 1), opinion(classes, 0.8, 2)]
    mixture = Mixture.fit(logits, classes, ["nl"] * 400 + ["de"] * 40)
    assert set(mixture.by_language) == {"nl"}


def test_few_examples_leave_the_weights_near_where_they_start() -> None:
    """Two models, of which the second is worth nothing: four examples do not prove it, four thousand do."""

    def share(rows: int) -> float:
        classes = classes_of(rows)
        logits = [opinion(classes, 1.0, 1), opinion(classes, 0.0, 2)]
        overall = Mixture.fit(logits, classes, ["nl"] * rows).overall
        scales = [1.0 / one.std() for one in logits]
        return float(overall[1] / scales[1] / (overall[0] / scales[0]))

    assert share(4) > 0.6
    assert share(4000) < 0.2


def test_opinions_that_say_nothing_break_nothing() -> None:
    classes = classes_of(60)
    mixture = Mixture.fit([np.zeros((60, 4), np.float32)], classes, ["nl"] * 60)
    assert np.isfinite(mixture.overall).all()
    assert np.isfinite(mixture.mixed([np.zeros((1, 4), np.float32)], ["nl"])).all()
