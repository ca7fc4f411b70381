"""The way of a message: language, keywords and signals, beside them its vector, then the ranking and the verdict."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from balie.kit.caller import DEFAULT_TENANT
from balie.nlu.domain import (
    ContactTerms,
    Detection,
    Embedding,
    KeywordMatch,
    NoMatchReason,
    Rule,
    ScoredIntent,
    Signals,
    TargetKind,
    Understanding,
    Utterance,
    Verdict,
)
from balie.nlu.engines.port import Message
from balie.nlu.errors import EngineUnavailable
from balie.nlu.measuring import scores_of
from balie.nlu.verdicts import NEVER, Thresholds, verdict_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.language import LanguageDetector
    from balie.nlu.served import ServedModel, ServedModels
    from balie.nlu.signals import SignalReader

MOST_INTENTS = 10

_NO_THRESHOLDS = Thresholds(match=NEVER, margin=0.0, floor=NEVER, version="")

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

    def find(
        self, text: str, language: str, contact: Sequence[ContactTerms], tenant: str
    ) -> list[KeywordMatch]:
        """Returns a tenant's keywords in a text of a language, and those that count for its contact alone."""

    def generation(self, tenant: str) -> int:
        """Returns the generation of the tenant's keywords that is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What is known of a message before its vector is."""

    detection: Detection
    keywords: list[KeywordMatch]
    keyword_generation: int
    signals: Signals


class Analyzer:
    """Understands messages.

    Args:
        encoder: encodes, and batches messages that arrive together.
        models: those that rank intents; made with this encoder.
        detector: tells languages where there is no model.
        keywords: finds keywords.
        signals: reads signals.
        reader: a pool of one thread for reading texts and ranking, so that long ones do not hold up the event loop; one
            is enough, as reading is Python that holds the interpreter's lock.
    """

    def __init__(
        self,
        *,
        encoder: TextEncoder,
        models: "ServedModels",
        detector: "LanguageDetector",
        keywords: Keywords,
        signals: "SignalReader",
        reader: Executor,
    ) -> None:
        self._encoder = encoder
        self._models = models
        self._detector = detector
        self._keywords = keywords
        self._signals = signals
        self._reader = reader

    async def analyze(self, tenant: str, utterances: Sequence[Utterance]) -> list[Understanding]:
        """Returns what is understood of each message, in the order given; all with the same model.

        Raises:
            EncoderBusy: too many texts wait for the encoder.
            ServerStopping: the encoder is closed.
        """
        with self._models.using(tenant) as model:
            return await self.analyze_with(model, utterances, tenant)

    async def analyze_with(
        self,
        model: "ServedModel | None",
        utterances: Sequence[Utterance],
        tenant: str = DEFAULT_TENANT,
    ) -> list[Understanding]:
        """As `analyze`, with one model, which the caller keeps from being freed; without any, nothing is ranked."""
        detector = model.detector if model else self._detector
        reading = asyncio.get_running_loop().run_in_executor(
            self._reader, self._read, tenant, detector, utterances
        )
        try:
            vectors = await self._vectors(model, utterances)
        except BaseException:
            reading.cancel()
            raise
        readings = await reading
        ranked = await self._ranked(model, utterances, readings, vectors)
        return [
            self._understanding(model, one, intents, vectors.get(place) if utterance.want_embedding else None)
            for place, (utterance, one, intents) in enumerate(zip(utterances, readings, ranked, strict=True))
        ]

    async def look_up(self, tenant: str, utterance: Utterance) -> tuple[Detection, list[KeywordMatch]]:
        """Returns the language of a message and its keywords, and nothing else of it."""
        with self._models.using(tenant) as model:
            detector = model.detector if model else self._detector
            (reading,) = await asyncio.get_running_loop().run_in_executor(
                self._reader, self._read, tenant, detector, [utterance]
            )
        return reading.detection, reading.keywords

    async def is_sound(self) -> bool:
        """Tells whether a message can be understood from end to end, with numbers that are numbers."""
        (understanding,) = await self.analyze(DEFAULT_TENANT, [_SELF_TEST])
        return bool(np.isfinite([intent.score for intent in understanding.intents]).all())

    async def _vectors(
        self, model: "ServedModel | None", utterances: Sequence[Utterance]
    ) -> "dict[int, NDArray[np.float32]]":
        """Returns the vectors of those messages for which one is needed, by their places."""
        ranked = model is not None and model.artifact.needs_vectors
        places = [place for place, one in enumerate(utterances) if ranked or one.want_embedding]
        if not places:
            return {}
        found = await self._encoder.encode([utterances[place].text for place in places])
        return dict(zip(places, found, strict=True))

    async def _ranked(
        self,
        model: "ServedModel | None",
        utterances: Sequence[Utterance],
        readings: Sequence[_Reading],
        vectors: "dict[int, NDArray[np.float32]]",
    ) -> list[list[ScoredIntent] | None]:
        """Returns each message's intents, best first; None for all of them when the engine cannot answer."""
        if model is None:
            return [None] * len(utterances)
        messages = [
            Message(utterance.text, one.detection.language, vectors.get(place))
            for place, (utterance, one) in enumerate(zip(utterances, readings, strict=True))
        ]
        rank = model.artifact.ranker.rank
        try:
            ranking = await asyncio.get_running_loop().run_in_executor(self._reader, rank, messages)
        except EngineUnavailable:
            return [None] * len(utterances)
        names = model.artifact.manifest.intents
        return [_best(names, row) for row in scores_of(ranking)]

    def _read(
        self, tenant: str, detector: "LanguageDetector", utterances: Sequence[Utterance]
    ) -> list[_Reading]:
        return [self._read_one(tenant, detector, utterance) for utterance in utterances]

    def _read_one(self, tenant: str, detector: "LanguageDetector", utterance: Utterance) -> _Reading:
        detection = detector.detect(utterance.text, utterance.language_hint)
        generation = self._keywords.generation(tenant)  # before: what is found may be newer, never older
        found = self._keywords.find(utterance.text, detection.language, utterance.contact_terms, tenant)
        return _Reading(
            detection=detection,
            keywords=found,
            keyword_generation=generation,
            signals=self._signals.read(utterance.text),
        )

    def _understanding(
        self,
        model: "ServedModel | None",
        reading: _Reading,
        ranked: list[ScoredIntent] | None,
        vector: "NDArray[np.float32] | None",
    ) -> Understanding:
        thresholds = model.artifact.thresholds if model else _NO_THRESHOLDS
        whole = [match for match in reading.keywords if match.whole_message and match.rule is not Rule.FUZZY]
        intents = ranked or []
        verdict = Verdict.MATCH if whole else verdict_of(intents, thresholds)
        reason = NoMatchReason.BELOW_THRESHOLD
        if ranked is None:
            reason = NoMatchReason.ENGINE_UNAVAILABLE if model else NoMatchReason.NO_MODEL
        return Understanding(
            detection=reading.detection,
            keywords=reading.keywords,
            intents=_led_by(whole, intents),
            verdict=verdict,
            threshold=thresholds.match,
            signals=reading.signals,
            embedding=None if vector is None else Embedding(self._encoder.fingerprint, vector),
            model_version=model.artifact.version if model else "",
            calibration_version=thresholds.version,
            keyword_generation=reading.keyword_generation,
            no_match_reason=reason if verdict is Verdict.NO_MATCH else None,
        )


def _best(names: Sequence[str], scores: "NDArray[np.float32]") -> list[ScoredIntent]:
    """Returns the best intents of one row of scores, best first, ties by name; the names are sorted."""
    order = np.argsort(-scores, kind="stable")[:MOST_INTENTS]
    return [ScoredIntent(names[place], float(scores[place])) for place in order]


def _led_by(whole: Sequence[KeywordMatch], ranked: list[ScoredIntent]) -> list[ScoredIntent]:
    """Returns the ranking, led by the intent that a keyword names which is all of the message: known, not guessed."""
    name = next((match.target.name for match in whole if match.target.kind is TargetKind.INTENT), None)
    if name is None:
        return ranked
    others = [ScoredIntent(intent.name, 0.0) for intent in ranked if intent.name != name]
    return [ScoredIntent(name, 1.0), *others][:MOST_INTENTS]
