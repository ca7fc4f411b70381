"""How an ensemble learns: models of parts of the lesson judge the rest of it, and what they say there decides how they count.

Nothing depends on the order of the examples. Where a lesson has no examples out of scope, three further models, each
without a third of the intents, see the examples of these as messages of another desk.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.early_exit import EarlyExit, shares_of
from balie.nlu.engines.members import Members, Opinions, Table, network_pays
from balie.nlu.engines.mixing import Mixture
from balie.nlu.engines.ngram_counts import NgramCounts
from balie.nlu.engines.port import HeldOutRanking, Lesson, Progress, Ranking
from balie.nlu.engines.scope import Scope, signs_of
from balie.nlu.errors import TrainingFailed
from balie.nlu.folds import FOLDS, folds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_FEWEST_OUTSIDE = 20
"""Examples out of scope from which what tells them apart can be learned; with fewer, stand-ins are made as well."""
_GROUPS = 3
"""A third of the intents is left out at a time: so many that what is left is another desk, so few that it still is one."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What an ensemble learned.

    Attributes:
        scope: None when nothing tells what is out of scope: a lesson without such, and of two intents or one.
    """

    members: Members
    mixture: Mixture
    scope: Scope | None
    early: EarlyExit
    held_out: HeldOutRanking


class _Course:
    """One lesson, and what has been learned from parts of it."""

    def __init__(self, lesson: Lesson, progress: Progress) -> None:
        if lesson.states is None:
            raise TrainingFailed("the engine ensemble learns from vectors, and was given none")
        self.intent_count = len(lesson.intents)
        numbers = {name: place for place, name in enumerate(lesson.intents)}
        self.classes = np.array(
            [numbers.get(example.intent, self.intent_count) for example in lesson.examples], np.int64
        )
        self.outside = self.classes == self.intent_count
        self.class_count = self.intent_count + bool(self.outside.any())
        texts = [example.text for example in lesson.examples]
        progress("counting letters", 0.0)
        self.table = Table(texts, NgramCounts.of(texts), lesson.states, self.classes)
        self.languages = [example.language for example in lesson.examples]
        self.folds = folds_of(lesson.examples)
        self.with_network = network_pays(len(texts))
        self.makes_strangers = self.outside.sum() < _FEWEST_OUTSIDE and self.intent_count > _GROUPS
        self._steps = FOLDS + self.makes_strangers * _GROUPS + 1
        self._done = 0
        self._progress = progress

    def fit(self, places: "NDArray[np.intp]", step: str) -> Members:
        """Returns the models of some of the examples."""
        self._progress(step, 0.02 + 0.95 * self._done / self._steps)
        self._done += 1
        return Members.fit(
            self.table.rows(places), self.class_count, self.intent_count, with_network=self.with_network
        )

    def held_out(self) -> Opinions:
        """Returns what models think of the examples that have not seen them."""
        return self._judged(self.folds, FOLDS, "cross-validating", np.ones(len(self.classes), np.bool_))

    def strangers(self) -> Opinions:
        """Returns what models think of the examples in scope that know nothing of their intent."""
        groups = np.where(self.outside, -1, self.classes % _GROUPS)
        return self._judged(groups, _GROUPS, "learning what is out of scope", ~self.outside)

    def _judged(
        self, groups: "NDArray[np.int64]", count: int, step: str, wanted: "NDArray[np.bool_]"
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
            parts.append(self.fit(kept, step).of_table(self.table.rows(held)))
            places.append(held)
        return Opinions.joined(parts, np.argsort(np.concatenate(places)))


def learn(lesson: Lesson, progress: Progress) -> Learned:
    """Returns what a lesson with vectors teaches.

    Raises:
        TrainingFailed: there are no vectors, or nothing to measure with.
    """
    course = _Course(lesson, progress)
    opinions = course.held_out()
    mixture = Mixture.fit(opinions.logits, course.classes, course.languages)
    mixed = mixture.mixed(opinions.logits, course.languages)
    count, inside = course.intent_count, ~course.outside
    strangers = course.strangers() if course.makes_strangers else None
    scope, stranger_ranking = None, None
    signs = signs_of(opinions, mixed, count)
    if strangers is not None:
        spoken = [one for one, is_inside in zip(course.languages, inside, strict=True) if is_inside]
        unknown = mixture.mixed(strangers.logits, spoken)
        stranger_signs = signs_of(strangers, unknown, count)
        scope = Scope.fit(signs[inside], np.concatenate([stranger_signs, signs[~inside]]))
        outside = np.empty(len(inside), np.float32)
        outside[inside] = scope.out_of_scope(stranger_signs)
        outside[~inside] = scope.out_of_scope(signs[~inside])
        scores = shares_of(mixed[:, :count], 1.0)
        scores[inside] = shares_of(unknown[:, :count], 1.0)
        stranger_ranking = Ranking(scores, outside)
    elif course.outside.sum() >= _FEWEST_OUTSIDE:
        scope = Scope.fit(signs[inside], signs[~inside])
    early = EarlyExit.fit(
        opinions.logits[0],
        mixed[:, :count].argmax(axis=1),
        course.classes,
        count,
        None if strangers is None else strangers.logits[0],
    )
    members = course.fit(np.arange(len(course.classes)), "fitting on everything")
    ranking = HeldOutRanking(
        shares_of(mixed[:, :count], 1.0),
        None if scope is None else scope.out_of_scope(signs),
        stranger_ranking,
    )
    return Learned(members, mixture, scope, early, ranking)
