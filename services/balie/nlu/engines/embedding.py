"""The engine `embedding`: the encoder's vectors alone, by a linear model, a kernel and the nearest examples.

It goes by what is meant where the encoder knows the language, and not by the letters that stand there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.engines.cross_fitting import Asker, Course
from balie.nlu.engines.judging import Judge, judged
from balie.nlu.engines.kernel_model import KernelModel
from balie.nlu.engines.nearest_model import NearestModel
from balie.nlu.engines.opinions import Opinions
from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import HeldOutRanking, Lesson, Message, Progress, Ranking
from balie.nlu.engines.vector_model import VectorModel
from balie.nlu.errors import TrainingFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_VECTORS_FILE, _KERNEL_FILE, _NEAREST_FILE = "vectors.npz", "kernel.npz", "nearest.npz"


class EmbeddingEngine:
    """Learns from vectors; it has no options."""

    needs_vectors: ClassVar[bool] = True
    recipe: ClassVar[str] = "embedding.v2"

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine.

        Raises:
            OptionWrong: any option is unknown.
        """
        read_options("embedding", EngineOptions, options)
        return cls()

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> HeldOutRanking:
        """Learns by cross-validation what each model is worth, and writes those of all examples.

        Raises:
            TrainingFailed: there are no vectors, or nothing to measure with.
        """
        course = Course(lesson, progress)
        states = course.lesson.states
        if states is None:
            raise TrainingFailed("the engine embedding learns from vectors, and was given none")
        texts = [example.text for example in course.lesson.examples]

        def fitted(places: "NDArray[np.intp]") -> _Models:
            return _Models.fit(
                states[places],
                course.classes[places],
                course.class_count,
                [texts[place] for place in places],
            )

        def fit(places: "NDArray[np.intp]") -> Asker:
            models = fitted(places)
            return lambda held: models.opinions(states[held])

        found = judged(course, fit)
        course.step("fitting on everything")
        fitted(np.arange(len(texts))).write(folder)
        found.judge.write(folder)
        return found.held_out

    def load(self, folder: Path, intents: Sequence[str]) -> "EmbeddingRanker":
        """Returns the ranker of a folder that `train` wrote.

        Raises:
            ModelDamaged: a file of it cannot be read.
        """
        return EmbeddingRanker(intents, _Models.read(folder), Judge.read(folder))


class EmbeddingRanker:
    """Ranks by vectors; see `balie.nlu.engines.port.Ranker`."""

    def __init__(self, intents: Sequence[str], models: "_Models", judge: Judge) -> None:
        self._intents, self._models, self._judge = list(intents), models, judge

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._intents

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message, which has its vector and states."""
        states = np.stack([message.states for message in messages if message.states is not None])
        languages = [message.language for message in messages]
        return self._judge.ranking(self._models.opinions(states), languages, len(self._intents))

    def close(self) -> None:
        """Does nothing: arrays are freed with the ranker."""


@dataclass(frozen=True, eq=False)
class _Models:
    """The fitted models; safe to ask from several threads."""

    vectors: VectorModel
    kernel: KernelModel
    nearest: NearestModel

    @staticmethod
    def fit(
        states: "Floats",
        classes: "NDArray[np.int64]",
        class_count: int,
        texts: Sequence[str],
    ) -> "_Models":
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return _Models(
                VectorModel.fit(states, classes, class_count),
                KernelModel.fit(states, classes, class_count, texts),
                NearestModel.fit(states[:, 0], classes, class_count, texts),
            )

    def opinions(self, states: "Floats") -> Opinions:
        near = self.nearest.logits(states[:, 0])
        logits = [self.vectors.logits(states), self.kernel.logits(states), near]
        return Opinions(logits, near.max(axis=1, keepdims=True))

    def write(self, folder: Path) -> None:
        write_arrays(folder / _VECTORS_FILE, self.vectors.arrays())
        write_arrays(folder / _KERNEL_FILE, self.kernel.arrays())
        write_arrays(folder / _NEAREST_FILE, self.nearest.arrays())

    @staticmethod
    def read(folder: Path) -> "_Models":
        return _Models(
            VectorModel.of_arrays(read_arrays(folder / _VECTORS_FILE)),
            KernelModel.of_arrays(read_arrays(folder / _KERNEL_FILE)),
            NearestModel.of_arrays(read_arrays(folder / _NEAREST_FILE)),
        )
