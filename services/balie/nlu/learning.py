"""Makes the weights of a hybrid model: chooses by cross-validation, then fits on everything.

Nothing depends on the order of the examples. The same words in two languages are never parted between what is learned
from and what is held out, so that no example is scored by a model that has seen it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu import fitting, lexical
from balie.nlu.engines.hybrid import ranking_of
from balie.nlu.engines.port import Lesson, Progress, Ranking
from balie.nlu.errors import TrainingFailed
from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.fitting import Fit, Table
from balie.nlu.folds import FOLDS, folds_of
from balie.nlu.intents import Weights, phrase_hash, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEXICAL_WEIGHTS = (0.5, 1.0, 1.5)
"""What the n-grams may count against the embedding: an encoder that knows the language needs little of them."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned.

    Attributes:
        held_out: rankings of the examples by models that have not seen them.
    """

    weights: Weights
    held_out: Ranking


def learn(lesson: Lesson, progress: Progress) -> Learned:
    """Returns the weights that a lesson teaches.

    Args:
        lesson: at least two classes, and vectors.
        progress: is told what is being done.

    Raises:
        TrainingFailed: there are no vectors.
    """
    if lesson.vectors is None:
        raise TrainingFailed("the engine hybrid learns from vectors, and was given none")
    classes = [*lesson.intents]
    if any(example.intent == OUT_OF_SCOPE for example in lesson.examples):
        classes.append(OUT_OF_SCOPE)
    numbers = {name: place for place, name in enumerate(classes)}
    table = Table(
        lesson.vectors,
        [lexical.ngrams(example.text) for example in lesson.examples],
        np.array([numbers[example.intent] for example in lesson.examples]),
    )
    intents = len(lesson.intents)
    weight, margins = _best(table, folds_of(lesson.examples), len(classes), intents, progress)
    temperature = fitting.temperature_of(margins, table.classes)
    scores = softmax((margins * temperature).astype(np.float32))
    progress("fitting on everything", 0.9)
    final = fitting.fit(table, len(classes), weight)
    return Learned(
        weights=_serving(final, temperature, lesson.examples, numbers, lesson.vectors.shape[1]),
        held_out=ranking_of(scores[:, :intents]),
    )


def _best(
    table: Table, folds: "NDArray[np.int64]", class_count: int, intent_count: int, progress: Progress
) -> "tuple[float, NDArray[np.float64]]":
    """Returns the weight of the n-grams with the highest held-out accuracy in scope, and its held-out margins."""
    in_scope = table.classes < intent_count
    found: dict[float, NDArray[np.float64]] = {}
    accuracy: dict[float, float] = {}
    for turn, weight in enumerate(_LEXICAL_WEIGHTS):
        found[weight] = margins = np.zeros((len(table.classes), class_count))
        for fold in range(FOLDS):
            done = (turn * FOLDS + fold) / (len(_LEXICAL_WEIGHTS) * FOLDS)
            progress("cross-validating", 0.9 * done)
            held, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            if held.size and kept.size:
                margins[held] = fitting.fit(table.rows(kept), class_count, weight).margins(table.rows(held))
        hits = margins[:, :intent_count].argmax(axis=1) == table.classes
        accuracy[weight] = float(hits[in_scope].mean())
    best = max(accuracy, key=accuracy.__getitem__)  # the least of equal ones
    return best, found[best]


def _serving(
    final: Fit, temperature: float, items: Sequence[Example], numbers: Mapping[str, int], dimensions: int
) -> Weights:
    lexical_part = final.weights[dimensions:] * final.idf[:, None] * final.lexical_weight
    known: dict[int, int] = {}
    contradictory: set[int] = set()
    for item in items:
        number = phrase_hash(item.text)
        if known.setdefault(number, numbers[item.intent]) != numbers[item.intent]:
            contradictory.add(number)  # another language means something else by it
    phrases = sorted(number for number in known if number not in contradictory and number != phrase_hash(""))
    return Weights(
        dense=(final.weights[:dimensions] * temperature).astype(np.float32),
        lexical=(lexical_part * temperature).astype(np.float32),
        idf=final.idf.astype(np.float32),
        bias=(final.bias * temperature).astype(np.float32),
        phrases=np.array(phrases, np.uint64),
        phrase_classes=np.array([known[number] for number in phrases], np.int32),
    )
