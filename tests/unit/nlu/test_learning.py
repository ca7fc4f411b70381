import numpy as np
import pytest

from balie.nlu import fitting
from balie.nlu.calibrating import Promise, calibrate
from balie.nlu.engines.port import Lesson
from balie.nlu.examples import Example, Examples
from balie.nlu.fitting import Table
from balie.nlu.intents import IntentModel
from balie.nlu.learning import Learned, learn
from balie.nlu.lexical import ngrams
from balie.nlu.measuring import accuracy_by_language, figures_of, held_out
from balie.nlu.verdicts import Thresholds

TOPICS = {"bike": "fiets zadel wiel", "boat": "boot kade veer", "oos": "maan ster zon"}


def sample(per_intent: int = 30) -> list[Example]:
    found = []
    for intent, words in TOPICS.items():
        for number in range(per_intent):
            word = words.split()[number % 3]
            found.append(Example(intent, "nl" if number % 2 else "de", f"{word} {number} vraag"))
    return sorted(found)


def vectors_of(items: list[Example]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """A vector for each example that says its intent, with some noise that belongs to its text."""
    rows = []
    for item in items:
        noise = np.random.default_rng(ngrams(item.text)).normal(0, 0.2, 8)
        noise[list(TOPICS).index(item.intent)] += 1.0
        rows.append(noise / np.linalg.norm(noise))
    return np.array(rows, np.float32)


def lesson_of(items: list[Example]) -> Lesson:
    return Lesson(items, Examples(items).intents, vectors_of(items))


def learned(items: list[Example]) -> Learned:
    return learn(lesson_of(items), lambda _step, _share: None)


def measured(items: list[Example], promise: Promise) -> tuple[Thresholds, dict[str, float], dict[str, float]]:
    held = held_out(learned(items).held_out, items, Examples(items).intents)
    thresholds = calibrate(held, promise)
    return thresholds, figures_of(held, thresholds), accuracy_by_language(held, items)


def test_learns_to_tell_intents_apart() -> None:
    items = sample()
    thresholds, figures, by_language = measured(items, Promise(max_wrong=0.2))
    assert figures["in_scope_accuracy"] > 0.95
    assert set(by_language) == {"nl", "de"}
    assert thresholds.match < 1
    model = IntentModel(["bike", "boat"], learned(items).weights)
    fresh = [
        Example("bike", "nl", "zadel kwijt"),
        Example("boat", "nl", "kade kwijt"),
        Example("oos", "nl", "ster"),
    ]
    scores = model.scores(vectors_of(fresh), [model.wording(item.text) for item in fresh])
    assert scores[0].argmax() == 0
    assert scores[1].argmax() == 1
    assert scores[2].sum() < 0.5


def test_tells_its_progress_up_to_the_end() -> None:
    told: list[tuple[str, float]] = []
    items = sample(10)
    learn(lesson_of(items), lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert {"cross-validating", "fitting on everything"} <= {step for step, _ in told}


@pytest.mark.parametrize("per_intent", [2, 3, 4])
def test_a_handful_of_examples_promises_nothing_and_still_ranks(per_intent: int) -> None:
    thresholds, _, _ = measured(sample(per_intent), Promise())
    assert thresholds.match == 1.0
    assert np.isfinite(learned(sample(per_intent)).weights.dense).all()


def test_one_intent_beside_out_of_scope_can_be_learned() -> None:
    found = learned([item for item in sample() if item.intent != "boat"])
    assert found.weights.bias.shape == (2,)


def test_a_phrase_with_two_meanings_is_not_known() -> None:
    items = sorted([*sample(), Example("bike", "nl", "die vraag"), Example("boat", "de", "Die Vraag!")])
    found = learned(items)
    model = IntentModel(["bike", "boat"], found.weights)
    assert model.wording("die vraag").known_class is None
    assert model.wording("FIETS 0, vraag").known_class == 0


def test_a_class_without_examples_gets_no_chance() -> None:
    items = [item for item in sample() if item.intent != "oos"]
    classes = np.array([list(TOPICS).index(item.intent) for item in items])
    table = Table(vectors_of(items), [ngrams(item.text) for item in items], classes)
    assert fitting.fit(table, 3, 1.0).margins(table)[:, 2].max() < -1.0
    alone = table.rows(np.flatnonzero(classes == 0))
    assert fitting.fit(alone, 3, 1.0).margins(alone).argmax(axis=1).tolist() == [0] * len(alone.classes)


def test_the_temperature_fits_how_often_margins_are_right() -> None:
    source = np.random.default_rng(0)
    logits = source.normal(0, 3, (3000, 4))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = np.array([source.choice(4, p=row) for row in shares])
    assert fitting.temperature_of(logits / 5, classes) == pytest.approx(5, rel=0.15)
