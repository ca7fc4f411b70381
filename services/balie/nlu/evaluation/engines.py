"""The teacher that evaluates an engine of this service: trained and calibrated as the service does it, in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.calibrating import Promise, calibrate
from balie.nlu.engines.port import Lesson, Message, Ranking
from balie.nlu.engines.registry import open_engine
from balie.nlu.evaluation.judging import judgement_of
from balie.nlu.evaluation.port import Judgement
from balie.nlu.measuring import held_out
from balie.nlu.phrases import Phrases
from balie.nlu.trainer import learn

if TYPE_CHECKING:
    from balie.nlu.engines.port import Engine, Progress, Ranker
    from balie.nlu.evaluation.vectors import Vectors
    from balie.nlu.examples import Example
    from balie.nlu.verdicts import Thresholds

_BATCH = 64


class EngineTeacher:
    """Trains an engine.

    Args:
        engine: its name.
        options: the engine's.
        promise: what thresholds have to keep.
        vectors: of texts, by the base encoder.

    Raises:
        UnknownPlugin: there is no engine of that name.
        MissingExtra: its library is not installed.
        OptionWrong: it does not take these options.
    """

    def __init__(self, engine: str, options: Mapping[str, str], promise: Promise, vectors: "Vectors") -> None:
        self._engine: Engine = open_engine(engine, options)
        self._promise = promise
        self._vectors = vectors

    @property
    def encoder_fingerprint(self) -> str:
        """Returns which encoder was used, empty when the engine needs none."""
        return self._vectors.encoder.fingerprint if self._engine.needs_vectors else ""

    def prepare(self, messages: "Sequence[Example]", progress: "Progress") -> None:
        """Encodes messages."""
        if self._engine.needs_vectors:
            self._vectors.add([message.text for message in messages], progress)

    def preparing_seconds(self, messages: "Sequence[Example]") -> float:
        """Returns how long encoding takes for one message, in seconds."""
        if not self._engine.needs_vectors:
            return 0.0
        return self._vectors.seconds_for_each([message.text for message in messages])

    def teach(
        self,
        examples: "Sequence[Example]",
        intents: Sequence[str],
        valid: "Sequence[Example]",
        progress: "Progress",
    ) -> "EngineJudge":
        """Returns the trained engine with thresholds.

        Raises:
            TrainingFailed: nothing can be learned from the examples.
        """
        states = self._of(examples)
        lesson = Lesson(examples, intents, None if states is None else states[:, 0], states)
        work = TemporaryDirectory(prefix="balie-eval-")
        home = Path(work.name) / "engine"
        home.mkdir()
        held = learn(self._engine, lesson, home, progress)
        ranker = self._engine.load(home, intents)
        if valid:
            held = held_out(ranked(ranker, valid, self._of(valid)), valid, intents)
        thresholds, phrases = calibrate(held, self._promise), Phrases.of(examples, intents)
        return EngineJudge(ranker, thresholds, phrases, self._vectors_or_none(), work)

    def _of(
        self, messages: "Sequence[Example]"
    ) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None":
        found = self._vectors_or_none()
        return None if found is None else found.of([message.text for message in messages])

    def _vectors_or_none(self) -> "Vectors | None":
        return self._vectors if self._engine.needs_vectors else None


class EngineJudge:
    """A trained engine with its thresholds.

    Args:
        ranker: ranks intents.
        thresholds: from where on a ranking counts.
        phrases: what it knows word for word.
        vectors: of texts; None when the engine needs none.
        work: holds what the engine learned; removed at the end.
    """

    def __init__(
        self,
        ranker: "Ranker",
        thresholds: "Thresholds",
        phrases: Phrases,
        vectors: "Vectors | None",
        work: "TemporaryDirectory[str]",
    ) -> None:
        self._ranker = ranker
        self._thresholds = thresholds
        self._phrases = phrases
        self._vectors = vectors
        self._work = work

    @property
    def intents(self) -> Sequence[str]:
        """Returns the intents' names, in the order of the scores."""
        return self._ranker.intents

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Returns the least score of a match, its least lead, and the least score of a choice."""
        found = self._thresholds
        return {"match": found.match, "margin": found.margin, "floor": found.floor}

    @property
    def calibration_version(self) -> str:
        """Returns the name of the calibration that set the thresholds."""
        return self._thresholds.version

    def judge(self, messages: "Sequence[Example]") -> Judgement:
        """Returns what is said of each message."""
        states = None if self._vectors is None else self._vectors.of([one.text for one in messages])
        known = self._phrases.places_of([one.text for one in messages])
        return judgement_of(ranked(self._ranker, messages, states), self._thresholds, known)

    def close(self) -> None:
        """Frees the engine, and removes what it wrote."""
        self._ranker.close()
        self._work.cleanup()


def ranked(
    ranker: "Ranker",
    messages: "Sequence[Example]",
    states: "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None",
) -> Ranking:
    """Returns how messages are ranked, in batches as a busy service would make them.

    Args:
        ranker: ranks.
        messages: one at least.
        states: shape (messages, states, dimensions), the vectors first; None when the ranker needs none.

    Raises:
        EngineUnavailable: it cannot answer.
    """
    asked = [
        Message(one.text, one.language or "und", *(() if states is None else (states[at, 0], states[at])))
        for at, one in enumerate(messages)
    ]
    parts = [ranker.rank(asked[start : start + _BATCH]) for start in range(0, len(asked), _BATCH)]
    told = [part.out_of_scope for part in parts if part.out_of_scope is not None]
    return Ranking(
        np.concatenate([part.scores for part in parts]),
        np.concatenate(told) if len(told) == len(parts) else None,
    )
