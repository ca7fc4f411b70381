"""Makes a model of examples: chooses by cross-validation, calibrates on held-out scores, then fits on everything.

Nothing depends on the order of the examples. The same words in two languages are never parted between what is learned
from and what is held out, so that no example is scored by a model that has seen it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.calibration import figures
from balie.nlu import fitting, lexical
from balie.nlu.calibrating import HeldOut, Promise, calibrate
from balie.nlu.examples import OUT_OF_SCOPE, Example, Examples
from balie.nlu.fitting import Fit, Table
from balie.nlu.folds import FOLDS, folds_of
from balie.nlu.intents import Weights, phrase_hash, softmax
from balie.nlu.verdicts import Thresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Is told what is being done and how much of the whole is done, in [0, 1]."""

_LEXICAL_WEIGHTS = (0.5, 1.0, 1.5)
"""What the n-grams may count against the embedding: an encoder that knows the language needs little of them."""


@dataclass(frozen=True, eq=False)
class Learned:
    """A model, its thresholds, and what was measured on held-out examples.

    Attributes:
        figures: by name, for the manifest and for people.
        by_language: in-scope accuracy of each language.
    """

    intents: Sequence[str]
    weights: Weights
    thresholds: Thresholds
    figures: Mapping[str, float]
    by_language: Mapping[str, float]


def learn(
    examples: Examples, vectors: "NDArray[np.float32]", promise: Promise, progress: Progress
) -> Learned:
    """Returns the model of the examples.

    Args:
        examples: at least two classes.
        vectors: shape (examples, dimensions), their sentence vectors, in their order.
        promise: the share of wrong that is accepted.
        progress: is told what is being done.
    """
    classes = [*examples.intents]
    if any(example.intent == OUT_OF_SCOPE for example in examples.items):
        classes.append(OUT_OF_SCOPE)
    numbers = {name: place for place, name in enumerate(classes)}
    table = Table(
        vectors,
        [lexical.ngrams(example.text) for example in examples.items],
        np.array([numbers[example.intent] for example in examples.items]),
    )
    weight, margins = _best(table, folds_of(examples.items), len(classes), len(examples.intents), progress)
    temperature = fitting.temperature_of(margins, table.classes)
    scores = softmax((margins * temperature).astype(np.float32)).astype(np.float64)
    truth = np.where(table.classes < len(examples.intents), table.classes, -1)
    held_out = HeldOut(scores[:, : len(examples.intents)], truth)
    progress("calibrating", 0.9)
    thresholds = calibrate(held_out, promise)
    progress("fitting on everything", 0.92)
    final = fitting.fit(table, len(classes), weight)
    return Learned(
        intents=examples.intents,
        weights=_serving(final, temperature, examples.items, numbers, vectors.shape[1]),
        thresholds=thresholds,
        figures=_figures(held_out, thresholds) | {"lexical_weight": weight, "temperature": temperature},
        by_language=_by_language(held_out, examples.items),
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
            progress("cross-validating", 0.3 + 0.6 * done)
            held, kept = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            if held.size:
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


def _figures(held_out: HeldOut, thresholds: Thresholds) -> dict[str, float]:
    places, scores = held_out.best()
    right = places[:, 0] == held_out.truth
    in_scope = held_out.truth >= 0
    second = scores[:, 1] if scores.shape[1] > 1 else np.zeros(len(scores))
    lead = scores[:, 0] - second
    accepted = (np.round(scores[:, 0], 6) >= thresholds.match) & (lead >= thresholds.margin)
    found = asdict(figures(accepted, right, in_scope))
    if not in_scope.all():
        found["oos_recall"] = float((~accepted)[~in_scope].mean())
    found["in_scope_coverage"] = float(accepted[in_scope].mean())
    choices = ~accepted & (lead < thresholds.margin) & (second >= thresholds.floor)
    found["ambiguous"] = float(choices.mean())
    return {name: round(float(value), 4) for name, value in found.items() if value is not None}


def _by_language(held_out: HeldOut, items: Sequence[Example]) -> dict[str, float]:
    right = held_out.best()[0][:, 0] == held_out.truth
    found: dict[str, list[bool]] = defaultdict(list)
    for item, hit in zip(items, right, strict=True):
        if item.intent != OUT_OF_SCOPE:
            found[item.language].append(bool(hit))
    return {language: round(sum(hits) / len(hits), 4) for language, hits in sorted(found.items())}
