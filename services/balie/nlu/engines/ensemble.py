"""The engine `ensemble`, the default: models of letters and of vectors, mixed by what each is worth.

What each model is worth, what tells a message out of scope, and when letters alone are enough is learned from examples
that were held out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field

from balie.nlu.engines.early_exit import NEVER, EarlyExit, shares_of
from balie.nlu.engines.ensemble_learning import Learned, learn
from balie.nlu.engines.judging import Judge
from balie.nlu.engines.members import Members
from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.engines.port import Glance, HeldOutRanking, Lesson, Message, Progress, Ranking
from balie.nlu.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_EARLY_EXIT_FILE = "early_exit.json"


class EnsembleOptions(EngineOptions):
    """What the ensemble can be told."""

    early_exit: bool = Field(
        default=True,
        description="Whether messages whose letters say enough are not encoded, unless the embedding is asked for.",
    )


class EnsembleEngine:
    """Learns everything; see `EnsembleOptions`."""

    needs_vectors: ClassVar[bool] = True
    recipe: ClassVar[str] = "ensemble.v2"

    def __init__(self, options: EnsembleOptions | None = None) -> None:
        self._options = options or EnsembleOptions()

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Self:
        """Returns the engine that the options describe.

        Raises:
            OptionWrong: an option is unknown, or its value makes no sense.
        """
        return cls(read_options("ensemble", EnsembleOptions, options))

    def train(self, lesson: Lesson, folder: Path, progress: Progress) -> HeldOutRanking:
        """Learns by cross-validation, and writes the models of all examples.

        Raises:
            TrainingFailed: there are no vectors, or nothing to measure with.
        """
        learned = learn(lesson, progress)
        _write(folder, learned, early_exit=self._options.early_exit)
        return learned.held_out

    def load(self, folder: Path, intents: Sequence[str]) -> "EnsembleRanker":
        """Returns the ranker of a folder that `train` wrote.

        Raises:
            ModelDamaged: a file of it cannot be read.
        """
        path = folder / _EARLY_EXIT_FILE
        try:
            early = EarlyExit(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise ModelDamaged(path, "cannot be read") from None
        return EnsembleRanker(intents, Members.read(folder, len(intents)), Judge.read(folder), early)


class EnsembleRanker:
    """A trained ensemble; see `balie.nlu.engines.port.Ranker` and `GlancingRanker`."""

    def __init__(
        self,
        intents: Sequence[str],
        members: Members,
        judge: Judge,
        early: EarlyExit,
    ) -> None:
        self._intents = list(intents)
        self._members, self._judge, self._early = members, judge, early

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._intents

    def rank(self, messages: Sequence[Message]) -> Ranking:
        """Returns what is thought of each message, which has its vector and states."""
        return self._ranked(messages, self._members.lexical.margins([message.text for message in messages]))

    def glance(self, messages: Sequence[Message]) -> list[Glance]:
        """Returns what the letters of each message say."""
        margins = self._members.lexical.margins([message.text for message in messages])
        shares = shares_of(margins, self._early.sharpness)[:, : len(self._intents)]
        sure = shares.max(axis=1) >= self._early.least
        return [Glance(*one) for one in zip(shares, sure.tolist(), margins, strict=True)]

    def rank_on(self, messages: Sequence[Message], glances: Sequence[Glance]) -> Ranking:
        """Returns what `rank` returns; the letters are not looked at again."""
        return self._ranked(messages, np.stack([np.asarray(glance.kept, np.float32) for glance in glances]))

    def close(self) -> None:
        """Does nothing: arrays are freed with the ranker."""

    def _ranked(self, messages: Sequence[Message], margins: "Floats") -> Ranking:
        states = np.stack([message.states for message in messages if message.states is not None])
        languages = [message.language for message in messages]
        return self._judge.ranking(self._members.of(margins, states), languages, len(self._intents))


def _write(folder: Path, learned: Learned, *, early_exit: bool) -> None:
    learned.members.write(folder)
    learned.judge.write(folder)
    early = asdict(learned.early) | ({} if early_exit else {"least": NEVER, "share": 0.0})
    (folder / _EARLY_EXIT_FILE).write_text(json.dumps(early, indent=2) + "\n", encoding="utf-8")
