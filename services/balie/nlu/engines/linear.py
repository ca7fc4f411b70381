"""The engine `linear`: words and character n-grams alone, weighed by a linear support vector machine.

It needs no encoder, so that it learns thousands of examples in seconds and answers in a fraction of a millisecond; it knows
the words that it was taught and what shares letters with them, and no others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.engines.cross_fitting import Asker, Course
from balie.nlu.engines.judging import Judge, judged
from balie.nlu.engines.lexical_model import LexicalModel
from balie.nlu.engines.ngram_counts import NgramCounts
from balie.nlu.engines.opinions import Opinions
from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import HeldOutRanking, Lesson, Message, Progress, Ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_FILE = "lexical.npz"


class LinearEngine:
    """Learns from letters; it has no options."""

    needs_vectors: ClassVar[bool] = False
    recipe: ClassVar[str] = "linear.v1"

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine.

        Raises:
            OptionWrong: any option is unknown.
        """
        read_options("linear", EngineOptions, options)
        return cls()

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> HeldOutRanking:
        """Learns by cross-validation how sure margins are, and writes the machine of all examples.

        Raises:
            TrainingFailed: there is nothing to measure with.
        """
        course = Course(lesson, progress)
        progress("counting letters", 0.0)
        counts = NgramCounts.of([example.text for example in course.lesson.examples])

        def fit(places: "NDArray[np.intp]") -> Asker:
            model = LexicalModel.fit(counts.rows(places), course.classes[places], course.class_count)
            return lambda held: _opinions(model.margins_of(counts.rows(held)))

        found = judged(course, fit)
        course.step("fitting on everything")
        model = LexicalModel.fit(counts, course.classes, course.class_count)
        write_arrays(folder / _FILE, model.arrays())
        found.judge.write(folder)
        return found.held_out

    def load(self, folder: Path, intents: Sequence[str]) -> "LinearRanker":
        """Returns the ranker of a folder that `train` wrote.

        Raises:
            ModelDamaged: a file of it cannot be read.
        """
        model = LexicalModel.of_arrays(read_arrays(folder / _FILE))
        return LinearRanker(intents, model, Judge.read(folder))


class LinearRanker:
    """Ranks by letters; see `balie.nlu.engines.port.Ranker`."""

    def __init__(self, intents: Sequence[str], model: LexicalModel, judge: Judge) -> None:
        self._intents, self._model, self._judge = list(intents), model, judge

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._intents

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message."""
        opinions = _opinions(self._model.margins([message.text for message in messages]))
        languages = [message.language for message in messages]
        return self._judge.ranking(opinions, languages, len(self._intents))

    def close(self) -> None:
        """Does nothing: arrays are freed with the ranker."""


def _opinions(margins: "Floats") -> Opinions:
    return Opinions([margins], np.empty((len(margins), 0), np.float32))
