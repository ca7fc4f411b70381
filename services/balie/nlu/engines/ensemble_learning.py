"""How an ensemble learns: models of parts of the lesson judge the rest of it, and what they say there decides how they count."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.cross_fitting import Asker, Course
from balie.nlu.engines.early_exit import EarlyExit
from balie.nlu.engines.judging import Judge, judged
from balie.nlu.engines.members import Members, Table
from balie.nlu.engines.ngram_counts import NgramCounts
from balie.nlu.engines.port import HeldOutRanking, Lesson, Progress
from balie.nlu.errors import TrainingFailed
from balie.nlu.measuring import scores_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Learned:
    """What an ensemble learned."""

    members: Members
    judge: Judge
    early: EarlyExit
    held_out: HeldOutRanking


def learn(lesson: Lesson, progress: Progress) -> Learned:
    """Returns what a lesson with vectors teaches.

    Raises:
        TrainingFailed: there are no vectors, or nothing to measure with.
    """
    course = Course(lesson, progress)
    if course.lesson.states is None:
        raise TrainingFailed("the engine ensemble learns from vectors, and was given none")
    texts = [example.text for example in course.lesson.examples]
    progress("counting letters", 0.0)
    table = Table(texts, NgramCounts.of(texts), course.lesson.states, course.classes)

    def fitted(rows: Table) -> Members:
        return Members.fit(rows, course.class_count, course.intent_count)

    def fit(places: "NDArray[np.intp]") -> Asker:
        members = fitted(table.rows(places))
        return lambda held: members.of_table(table.rows(held))

    found = judged(course, fit)
    strangers = None
    if found.strangers is not None and found.strange_ranking is not None:
        strangers = found.strangers.logits[0], scores_of(found.strange_ranking)
    early = EarlyExit.fit(found.opinions.logits[0], scores_of(found.ranking), course.classes, strangers)
    course.step("fitting on everything")
    return Learned(fitted(table), found.judge, early, found.held_out)
