"""Lets models of parts of a lesson judge the rest of it, so that what they say there decides how they count.

Nothing depends on the order of the examples: they are sorted first, and go back to their places at the end.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.opinions import Opinions
from balie.nlu.engines.port import Lesson, Progress
from balie.nlu.errors import TrainingFailed
from balie.nlu.folds import FOLDS, folds_of, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.intp]

FEWEST_OUTSIDE = 20
"""Examples out of scope from which what tells them apart can be learned; with fewer, stand-ins are made as well."""
_GROUPS = 3
"""A third of the intents is left out at a time: so many that what is left is another desk, so few that it still is one."""

Asker = Callable[["Places"], Opinions]
"""Returns what fitted models think of the examples at some places."""

Fitter = Callable[["Places"], Asker]
"""Fits models to the examples at some places."""


class Course:
    """One lesson, and the parts of it that are learned from.

    Args:
        lesson: what there is to learn from, in any order.
        progress: is told what is being done.

    Attributes:
        lesson: the same, sorted.
        intent_count: how many classes are intents; they come first.
        class_count: one more when there are examples out of scope.
        classes: shape (examples,), the class of each.
        outside: shape (examples,), whether it is out of scope.
        languages: the language of each.
        makes_strangers: whether stand-ins for messages out of scope are made.
    """

    def __init__(self, lesson: Lesson, progress: Progress) -> None:
        order = np.array(sorted(range(len(lesson.examples)), key=lesson.examples.__getitem__), np.intp)
        self.back = np.argsort(order)
        self.lesson = rows_of(lesson, order)
        self.intent_count = len(lesson.intents)
        numbers = {name: place for place, name in enumerate(lesson.intents)}
        self.classes = np.array(
            [numbers.get(example.intent, self.intent_count) for example in self.lesson.examples], np.int64
        )
        self.outside = self.classes == self.intent_count
        self.class_count = self.intent_count + bool(self.outside.any())
        self.languages = [example.language for example in self.lesson.examples]
        self._present = np.unique(self.classes[~self.outside])
        self.makes_strangers = self.outside.sum() < FEWEST_OUTSIDE and self._present.size > _GROUPS
        self._steps = FOLDS + self.makes_strangers * _GROUPS + 1
        self._done = 0
        self._progress = progress

    def step(self, what: str) -> None:
        """Tells that another fit begins."""
        self._progress(what, 0.02 + 0.95 * self._done / self._steps)
        self._done += 1

    def held_out(self, fit: Fitter) -> Opinions:
        """Returns what models think of the examples that have not seen them.

        Raises:
            TrainingFailed: all examples are the same words.
        """
        folds = folds_of(self.lesson.examples)
        return self._judged(fit, folds, FOLDS, "cross-validating", np.ones(len(folds), np.bool_))

    def strangers(self, fit: Fitter) -> Opinions:
        """Returns what models think of the examples in scope that know nothing of their intent."""
        groups = np.where(self.outside, -1, np.searchsorted(self._present, self.classes) % _GROUPS)
        return self._judged(fit, groups, _GROUPS, "learning what is out of scope", ~self.outside)

    def _judged(
        self, fit: Fitter, groups: "NDArray[np.int64]", count: int, step: str, wanted: "NDArray[np.bool_]"
    ) -> Opinions:
        parts, places = [], []
        for group in range(count):
            held, kept = np.flatnonzero((groups == group) & wanted), np.flatnonzero(groups != group)
            if not held.size:
                self._done += 1
                continue
            if not kept.size:
                raise TrainingFailed(
                    "all examples are the same words: there is nothing to measure a model with"
                )
            self.step(step)
            parts.append(fit(kept)(held))
            places.append(held)
        return Opinions.joined(parts, np.argsort(np.concatenate(places)))
