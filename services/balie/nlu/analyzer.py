"""The way of a message: language, keywords, signals and letters, then its vector, then the ranking and the verdict."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from balie.nlu.domain import (
    Detection,
    Embedding,
    KeywordMatch,
    NoMatchReason,
    ScoredIntent,
    Signals,
    TargetKind,
    Understanding,
    Utterance,
    Verdict,
)
from balie.nlu.verdicts import verdict_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.artifacts import Artifact
    from balie.nlu.intents import Wording
    from balie.nlu.language import LanguageDetector
    from balie.nlu.signals import SignalReader

MOST_INTENTS = 10

_SELF_TEST = Utterance("Waar is mijn bestelling? Where is my order? Wo ist meine Bestellung?")


class TextEncoder(Protocol):
    """What the analyzer needs of an encoder: `balie.encoders.batcher.BatchingEncoder`."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions)."""


class Keywords(Protocol):
    """Finds keywords; called from one thread at a time."""

    def find(self, text: str, language: str) -> list[KeywordMatch]:
        """Returns the keywords of a text in a language."""


class NoKeywords:
    """Finds nothing: there is no file of keywords."""

    def find(self, text: str, language: str) -> list[KeywordMatch]:
        """Returns no keywords."""
        return []


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What is known of a message before its vector is."""

    detection: Detection
    keywords: list[KeywordMatch]
    signals: Signals
    wording: "Wording"


class Analyzer:
    """Understands messages.

    Args:
        encoder: encodes, and batches messages that arrive together.
        artifact: ranks intents; made with this encoder.
        detector: tells languages.
        keywords: finds keywords.
        signals: reads signals.
        reader: a pool of one thread for reading texts, so that long ones do not hold up the event loop; one is
            enough, as reading is Python that holds the interpreter's lock.
    """

    def __init__(
        self,
        *,
        encoder: TextEncoder,
        artifact: "Artifact",
        detector: "LanguageDetector",
        keywords: Keywords,
        signals: "SignalReader",
        reader: Executor,
    ) -> None:
        self._encoder = encoder
        self._artifact = artifact
        self._detector = detector
        self._keywords = keywords
        self._signals = signals
        self._reader = reader

    async def analyze(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """Returns what is understood of each message, in the order given.

        Raises:
            EncoderBusy: too many texts wait for the encoder.
            ServerStopping: the encoder is closed.
        """
        texts = [utterance.text for utterance in utterances]
        reading = asyncio.get_running_loop().run_in_executor(self._reader, self._read, utterances)
        try:
            vectors = await self._encoder.encode(texts)
        except BaseException:
            reading.cancel()
            raise
        readings = await reading
        scores = self._artifact.model.scores(vectors, [one.wording for one in readings])
        return [
            self._understanding(one, row, vector if utterance.want_embedding else None)
            for utterance, one, row, vector in zip(utterances, readings, scores, vectors, strict=True)
        ]

    async def is_sound(self) -> bool:
        """Tells whether a message can be understood from end to end, with numbers that are numbers."""
        (understanding,) = await self.analyze([_SELF_TEST])
        return bool(np.isfinite([intent.score for intent in understanding.intents]).all())

    def _read(self, utterances: Sequence[Utterance]) -> list[_Reading]:
        return [self._read_one(utterance) for utterance in utterances]

    def _read_one(self, utterance: Utterance) -> _Reading:
        detection = self._detector.detect(utterance.text, utterance.language_hint)
        return _Reading(
            detection=detection,
            keywords=self._keywords.find(utterance.text, detection.language),
            signals=self._signals.read(utterance.text),
            wording=self._artifact.model.wording(utterance.text),
        )

    def _understanding(
        self, reading: _Reading, scores: "NDArray[np.float32]", vector: "NDArray[np.float32] | None"
    ) -> Understanding:
        intents = self._artifact.model.ranked(scores, MOST_INTENTS)
        thresholds = self._artifact.thresholds
        whole = [match for match in reading.keywords if match.whole_message]
        verdict = Verdict.MATCH if whole else verdict_of(intents, thresholds)
        return Understanding(
            detection=reading.detection,
            keywords=reading.keywords,
            intents=_led_by(whole, intents),
            verdict=verdict,
            threshold=thresholds.match,
            signals=reading.signals,
            embedding=None if vector is None else Embedding(self._encoder.fingerprint, vector),
            model_version=self._artifact.version,
            calibration_version=thresholds.version,
            no_match_reason=NoMatchReason.BELOW_THRESHOLD if verdict is Verdict.NO_MATCH else None,
        )


def _led_by(whole: Sequence[KeywordMatch], ranked: list[ScoredIntent]) -> list[ScoredIntent]:
    """Returns the ranking, led by the intent that a keyword names which is all of the message: known, not guessed."""
    name = next((match.target.name for match in whole if match.target.kind is TargetKind.INTENT), None)
    if name is None:
        return ranked
    others = [ScoredIntent(intent.name, 0.0) for intent in ranked if intent.name != name]
    return [ScoredIntent(name, 1.0), *others][:MOST_INTENTS]
