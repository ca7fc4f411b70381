"""The way of a message: language, keywords, signals and letters, its vector where it is needed, the ranking and the verdict.

What a message costs is mostly its vector. It is left out where nobody needs it: for an example word for word, and where the
letters say enough to the model. A message whose embedding is asked for is encoded at once, and ranked by everything.
"""

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
    Understanding,
    Utterance,
    Verdict,
)
from balie.nlu.engines.port import Glance, Message
from balie.nlu.errors import EngineUnavailable
from balie.nlu.measuring import scores_of
from balie.nlu.ranking import best_of, glances_of, led_by, scores_of_known
from balie.nlu.ranking_queue import RankingQueue
from balie.nlu.verdicts import NEVER, Thresholds, verdict_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.language import LanguageDetector
    from balie.nlu.served import ServedModel, ServedModels
    from balie.nlu.signals import SignalReader


_NO_THRESHOLDS = Thresholds(match=NEVER, margin=0.0, floor=NEVER, version="")

_SELF_TEST = Utterance(
    "Waar is mijn bestelling? Where is my order? Wo ist meine Bestellung?", want_embedding=True
)


class TextEncoder(Protocol):
    """What the analyzer needs of an encoder: `balie.nlu.encoding.StateEncoder`."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""

    async def encode_states(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns shape (texts, states, dimensions), each of length 1: the vectors first."""


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
    known: int | None
    glance: Glance | None

    @property
    def is_enough(self) -> bool:
        """Returns whether the message can be ranked without its vector."""
        return self.known is not None or (self.glance is not None and self.glance.is_sure)


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
        waiting: a pool of several for engines that wait for an answer from elsewhere, so that one message does not wait
            for another's.
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
        waiting: Executor,
    ) -> None:
        self._encoder = encoder
        self._models = models
        self._detector = detector
        self._keywords = keywords
        self._signals = signals
        self._reader = reader
        self._queue = RankingQueue(reader, waiting)

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
        reading = asyncio.get_running_loop().run_in_executor(
            self._reader, self._read, tenant, model, utterances
        )
        wanted = [place for place, one in enumerate(utterances) if one.want_embedding]
        try:
            states = await self._states(utterances, wanted)
        except BaseException:
            reading.cancel()
            raise
        readings = await reading
        if model is not None and model.artifact.needs_vectors:
            missing = [
                place for place, one in enumerate(readings) if place not in states and not one.is_enough
            ]
            states |= await self._states(utterances, missing)
        ranked = await self._ranked(model, utterances, readings, states)
        vectors = {place: states[place][0] for place in wanted}
        return [
            self._understanding(model, one, intents, vectors.get(place))
            for place, (one, intents) in enumerate(zip(readings, ranked, strict=True))
        ]

    async def look_up(self, tenant: str, utterance: Utterance) -> tuple[Detection, list[KeywordMatch]]:
        """Returns the language of a message and its keywords, and nothing else of it."""
        with self._models.using(tenant) as model:
            (reading,) = await asyncio.get_running_loop().run_in_executor(
                self._reader, self._read, tenant, model, [utterance]
            )
        return reading.detection, reading.keywords

    async def is_sound(self) -> bool:
        """Tells whether a message can be understood from end to end, with numbers that are numbers."""
        (understanding,) = await self.analyze(DEFAULT_TENANT, [_SELF_TEST])
        return bool(np.isfinite([intent.score for intent in understanding.intents]).all())

    async def _states(
        self, utterances: Sequence[Utterance], places: Sequence[int]
    ) -> "dict[int, NDArray[np.float32]]":
        """Returns the vectors and earlier states of messages, by their places."""
        if not places:
            return {}
        found = await self._encoder.encode_states([utterances[place].text for place in places])
        return dict(zip(places, found, strict=True))

    async def _ranked(
        self,
        model: "ServedModel | None",
        utterances: Sequence[Utterance],
        readings: Sequence[_Reading],
        states: "dict[int, NDArray[np.float32]]",
    ) -> list[list[ScoredIntent] | None]:
        """Returns each message's intents, best first; None where the engine cannot answer."""
        if model is None:
            return [None] * len(utterances)
        artifact = model.artifact
        names, needs_vectors = artifact.manifest.intents, artifact.needs_vectors
        scores: dict[int, NDArray[np.floating]] = {}
        asked = []
        for place, one in enumerate(readings):
            if one.known is not None:
                scores[place] = scores_of_known(one.known, len(names))
            elif one.glance is not None and place not in states:
                scores[place] = one.glance.scores
            elif place in states or not needs_vectors:
                asked.append(place)
        if asked:
            messages = [
                Message(
                    utterances[place].text,
                    readings[place].detection.language,
                    states[place][0] if needs_vectors else None,
                    states[place] if needs_vectors else None,
                )
                for place in asked
            ]
            glances = [readings[place].glance for place in asked]
            try:
                ranking = await self._queue.rank(artifact.ranker, messages, glances)
            except EngineUnavailable:
                pass
            else:
                found = artifact.thresholds.scores.apply(scores_of(ranking))
                scores |= zip(asked, found, strict=True)
        return [
            best_of(names, scores[place]) if place in scores else None for place in range(len(utterances))
        ]

    def _read(
        self, tenant: str, model: "ServedModel | None", utterances: Sequence[Utterance]
    ) -> list[_Reading]:
        detector = model.detector if model else self._detector
        known: Sequence[int | None] = [None] * len(utterances)
        glances: Sequence[Glance | None] = known  # type: ignore[assignment]
        detections = [detector.detect(one.text, one.language_hint) for one in utterances]
        if model is not None:
            known = model.artifact.phrases.places_of([one.text for one in utterances])
            messages = [
                Message(one.text, detection.language)
                for one, detection in zip(utterances, detections, strict=True)
            ]
            glances = glances_of(model.artifact.ranker, messages)
        return [
            self._reading(tenant, *parts)
            for parts in zip(utterances, detections, known, glances, strict=True)
        ]

    def _reading(
        self,
        tenant: str,
        utterance: Utterance,
        detection: Detection,
        known: int | None,
        glance: Glance | None,
    ) -> _Reading:
        generation = self._keywords.generation(tenant)  # before: what is found may be newer, never older
        return _Reading(
            detection=detection,
            keywords=self._keywords.find(utterance.text, detection.language, utterance.contact_terms, tenant),
            keyword_generation=generation,
            signals=self._signals.read(utterance.text),
            known=known,
            glance=glance,
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
            intents=led_by(whole, intents),
            verdict=verdict,
            threshold=thresholds.match,
            signals=reading.signals,
            embedding=None if vector is None else Embedding(self._encoder.fingerprint, vector),
            model_version=model.artifact.version if model else "",
            calibration_version=thresholds.version,
            keyword_generation=reading.keyword_generation,
            no_match_reason=reason if verdict is Verdict.NO_MATCH else None,
        )
