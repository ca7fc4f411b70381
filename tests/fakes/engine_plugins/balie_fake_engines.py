"""An engine that a test tells what to do: to wait, to fail, to fall, to rank nonsense, to be large."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import Lesson, Message, Progress, Ranking
from balie.nlu.errors import EngineUnavailable, TrainingFailed

_PAUSE_SECONDS = 0.02


class Orders(EngineOptions):
    """What the engine is told."""

    wait_for: str = Field(default="", description="File that training waits for.")
    training: Literal["learn", "refuse", "raise", "fall"] = Field(
        default="learn", description="What training does."
    )
    ranking: Literal["same", "other", "nan", "away", "broken"] = Field(
        default="same", description="What ranking does outside of the training's own process."
    )
    loading: Literal["load", "raise"] = Field(default="load", description="What loading does there.")
    megabytes: int = Field(default=0, ge=0, description="Memory that a loaded model takes.")


class ObedientEngine:
    """Knows words: a message means the intent that most of its words were seen with."""

    needs_vectors: ClassVar[bool] = False

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._trains_here = False

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        return cls(read_options("obedient", Orders, options))

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> Ranking | None:
        self._trains_here = True
        progress("obeying", 0.5)
        while self._orders.wait_for and not Path(self._orders.wait_for).exists():
            time.sleep(_PAUSE_SECONDS)
        if self._orders.training == "refuse":
            raise TrainingFailed("these examples teach nothing: add others")
        if self._orders.training == "raise":
            raise ValueError("a customer's own words")
        if self._orders.training == "fall":
            os.kill(os.getpid(), signal.SIGKILL)
        words = [[word, example.intent] for example in lesson.examples for word in example.text.split()]
        (folder / "words.json").write_text(json.dumps(words))
        if self._orders.megabytes:
            (folder / "weight.bin").write_bytes(os.urandom(self._orders.megabytes << 20))
        return None

    def load(self, folder: Path, intents: Sequence[str]) -> "ObedientRanker":
        if self._orders.loading == "raise" and not self._trains_here:
            raise RuntimeError("a model that cannot be loaded")
        words = json.loads((folder / "words.json").read_text())
        weight = folder / "weight.bin"
        size = weight.read_bytes() if weight.exists() else b""
        return ObedientRanker(intents, words, size, "same" if self._trains_here else self._orders.ranking)


class VectorsEngine(ObedientEngine):
    """The same of an encoder's kind: its models belong to the encoder that they were trained with."""

    needs_vectors: ClassVar[bool] = True


class ObedientRanker:
    """Ranks as it is told."""

    def __init__(self, intents: Sequence[str], words: list[list[str]], weight: bytes, ranking: str) -> None:
        self.intents = list(intents)
        self._seen = Counter((word, intent) for word, intent in words)
        self._weight = np.frombuffer(weight, np.uint8).copy()
        self._ranking = ranking

    def rank(self, messages: Sequence[Message]) -> Ranking:
        if self._ranking == "away":
            raise EngineUnavailable("obedient", "is away")
        if self._ranking == "broken":
            raise KeyError("a customer's own words")
        counts = np.array(
            [
                [
                    1.0 + sum(self._seen[word, intent] for word in message.text.split())
                    for intent in self.intents
                ]
                for message in messages
            ]
        )
        scores = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
        if self._ranking == "other":
            scores = scores[:, ::-1].copy()
        if self._ranking == "nan":
            scores[:] = np.nan
        return Ranking(scores)

    def close(self) -> None:
        self._weight = self._weight[:0].copy()
