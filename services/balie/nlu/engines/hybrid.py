"""The engine `hybrid`: a linear model over the sentence vector and the character n-grams, in one.

Learning is in `balie.nlu.learning` and needs scikit-learn; ranking is in `balie.nlu.intents` and needs NumPy alone.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import Lesson, Message, Progress, Ranking
from balie.nlu.errors import ModelDamaged
from balie.nlu.intents import IntentModel, Weights
from balie.nlu.lexical import BUCKETS

WEIGHTS_FILE = "weights.npz"


class HybridEngine:
    """Learns from vectors and letters; has no options."""

    needs_vectors: ClassVar[bool] = True
    recipe: ClassVar[str] = "chars.2-5.v1+linear-svc.c1.v1+cv5.v2"

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine.

        Raises:
            OptionWrong: an option is given; there are none.
        """
        read_options("hybrid", EngineOptions, options)
        return cls()

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking:
        """Learns by cross-validation, and writes the weights of a model of all examples.

        Raises:
            TrainingFailed: never by itself.
        """
        from balie.nlu.learning import learn

        learned = learn(lesson, progress)
        with (folder / WEIGHTS_FILE).open("wb") as file:
            np.savez(file, **asdict(learned.weights))
        return learned.held_out

    def load(self, folder: Path, intents: Sequence[str]) -> "HybridRanker":
        """Returns the ranker of a folder that `train` wrote."""
        path = folder / WEIGHTS_FILE
        try:
            with np.load(path, allow_pickle=False) as arrays:
                weights = Weights(**{name: arrays[name] for name in Weights.__annotations__})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            raise ModelDamaged(path, "cannot be read") from None
        classes = weights.bias.size
        fits = (
            weights.dense.shape[1:] == (classes,)
            and weights.lexical.shape == (BUCKETS, classes)
            and weights.idf.shape == (BUCKETS,)
            and weights.phrases.shape == weights.phrase_classes.shape
            and classes - len(intents) in (0, 1)
        )
        if not fits:
            raise ModelDamaged(path, "does not fit its manifest")
        return HybridRanker(IntentModel(intents, weights))


class HybridRanker:
    """Ranks by the weights; safe to call from several threads."""

    def __init__(self, model: IntentModel) -> None:
        self._model = model

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._model.intents

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message."""
        vectors = np.stack([message.vector for message in messages if message.vector is not None])
        wordings = [self._model.wording(message.text) for message in messages]
        return ranking_of(self._model.scores(vectors, wordings))

    def close(self) -> None:
        """Frees nothing: the weights go with the ranker."""


def ranking_of(scores: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> Ranking:
    """Returns scores whose rows lack what is out of scope as probabilities within scope, and that beside them."""
    inside = scores.sum(axis=1, keepdims=True)
    spread = np.full_like(scores, 1.0 / scores.shape[1])
    within = np.where(inside > 0, scores / np.where(inside > 0, inside, 1.0), spread)
    return Ranking(within.astype(np.float32), np.clip(1.0 - inside[:, 0], 0.0, 1.0).astype(np.float32))
