"""Parts examples into folds, so that each is looked at by a model that has not seen it.

The same words stay in one fold, whatever their language and their intent. Nothing depends on the order of the examples.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.port import Lesson, Message, Ranking
from balie.nlu.folding import phrase_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.examples import Example

FOLDS = 5


def folds_of(examples: "Sequence[Example]", count: int = FOLDS) -> "NDArray[np.int64]":
    """Returns the fold of each example, shape (examples,), 0 to below `count`: each intent is spread evenly."""
    phrases: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        phrases[example.intent].add(phrase_of(example.text))
    folds: dict[str, int] = {}
    turn = 0
    for intent in sorted(phrases):
        for phrase in sorted(phrases[intent], key=lambda one: hashlib.sha256(one.encode()).digest()):
            if phrase not in folds:
                folds[phrase] = turn % count
                turn += 1
    return np.array([folds[phrase_of(example.text)] for example in examples], np.int64)


def rows_of(lesson: Lesson, places: "NDArray[np.int64]") -> Lesson:
    """Returns a lesson of some of the examples, about the same intents, of which some may have none left."""
    return replace(
        lesson,
        examples=[lesson.examples[place] for place in places],
        vectors=None if lesson.vectors is None else lesson.vectors[places],
        states=None if lesson.states is None else lesson.states[places],
    )


def parts_of(lesson: Lesson, count: int = FOLDS) -> "Iterator[tuple[Lesson, NDArray[np.int64]]]":
    """Yields for each fold what is learned from, and the places of the examples that are held out.

    A fold that holds nothing is left out, and so is one beside which nothing is left to learn from.
    """
    folds = folds_of(lesson.examples, count)
    for fold in range(count):
        kept, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if kept.size and held.size:
            yield rows_of(lesson, kept), held


def messages_of(lesson: Lesson, places: "NDArray[np.int64]") -> list[Message]:
    """Returns examples as the messages that they would be."""
    return [
        Message(
            lesson.examples[place].text,
            lesson.examples[place].language,
            None if lesson.vectors is None else lesson.vectors[place],
            None if lesson.states is None else lesson.states[place],
        )
        for place in places
    ]


def held_out(
    lesson: Lesson, ranked: Callable[[Lesson, list[Message]], Ranking], count: int = FOLDS
) -> Ranking | None:
    """Returns rankings of a lesson's examples by models that have not seen them; None when there is nothing to part.

    Args:
        lesson: what is parted.
        ranked: learns from a part, and returns how that model ranks some messages; called once for each fold.
        count: number of folds.
    """
    places, rankings = [], []
    for part, held in parts_of(lesson, count):
        places.append(held)
        rankings.append(ranked(part, messages_of(lesson, held)))
    if not places:
        return None
    back = np.argsort(np.concatenate(places))
    told = [ranking.out_of_scope for ranking in rankings if ranking.out_of_scope is not None]
    return Ranking(
        np.concatenate([ranking.scores for ranking in rankings])[back],
        np.concatenate(told)[back] if len(told) == len(rankings) else None,
    )
