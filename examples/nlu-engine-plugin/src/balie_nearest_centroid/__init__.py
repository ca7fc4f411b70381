"""An intent engine for Balie: an intent is the mean of its examples' sentence vectors, and the nearest one is meant."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import OUT_OF_SCOPE, Lesson, Message, Progress, Ranking

MEANS_FILE = "means.npy"
OPTIONS_FILE = "options.json"


class NearestCentroidOptions(EngineOptions):
    """What an operator can set: `balie nlu train --engine nearest_centroid --option sharpness=8`."""

    sharpness: float = Field(
        default=12.0, gt=0, le=100, description="How much a small lead counts, above 0 to 100."
    )


class NearestCentroidEngine:
    """Learns the mean vector of each intent."""

    needs_vectors: ClassVar[bool] = True

    def __init__(self, options: NearestCentroidOptions) -> None:
        self._options = options

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine that the options describe."""
        return cls(read_options("nearest_centroid", NearestCentroidOptions, options))

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> None:
        """Writes the means, one row for each intent and a last one for what is out of scope."""
        assert lesson.vectors is not None
        progress("taking means", 0.0)
        means = np.zeros((len(lesson.intents) + 1, lesson.vectors.shape[1]), np.float32)
        for row, intent in enumerate((*lesson.intents, OUT_OF_SCOPE)):
            # Sums depend on the order of what is added, and engines may not: the examples are sorted first.
            places = sorted(
                (example.language, example.text, place)
                for place, example in enumerate(lesson.examples)
                if example.intent == intent
            )
            if places:  # none when this part of a lesson lacks the intent
                mean = lesson.vectors[[place for _, _, place in places]].mean(axis=0, dtype=np.float64)
                means[row] = mean / (np.linalg.norm(mean) or 1.0)
        np.save(folder / MEANS_FILE, means)
        (folder / OPTIONS_FILE).write_text(json.dumps(self._options.model_dump()), encoding="utf-8")
        progress("means written", 1.0)

    def load(self, folder: Path, intents: Sequence[str]) -> "NearestCentroidRanker":
        """Returns the ranker; whatever it needs was written into the folder."""
        options = NearestCentroidOptions.model_validate_json((folder / OPTIONS_FILE).read_bytes())
        return NearestCentroidRanker(np.load(folder / MEANS_FILE), intents, options.sharpness)


class NearestCentroidRanker:
    """Compares vectors with means; changes nothing while it ranks, so that threads may share it."""

    def __init__(self, means: np.ndarray, intents: Sequence[str], sharpness: float) -> None:
        self.intents = intents
        self._means = means
        self._sharpness = sharpness

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message."""
        vectors = np.stack([message.vector for message in messages])
        # Row by row: a product of matrices is rounded otherwise for one message than for many.
        cosines = np.stack([self._means @ vector for vector in vectors])
        powers = np.exp(self._sharpness * (cosines[:, :-1] - cosines[:, :-1].max(axis=1, keepdims=True)))
        lead = cosines[:, :-1].max(axis=1) - np.maximum(cosines[:, -1], 0.0)
        return Ranking(
            scores=(powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
            out_of_scope=np.clip(1.0 - lead, 0.0, 1.0).astype(np.float32),
        )

    def close(self) -> None:
        """Has nothing to free."""
