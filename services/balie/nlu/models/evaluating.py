"""Measures a model on labelled examples, in the time that messages leave."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import numpy as np

from balie.encoders import EncoderBusy
from balie.nlu.engines.port import Message, Ranking
from balie.nlu.errors import EngineUnavailable
from balie.nlu.evaluation.judging import judgement_of
from balie.nlu.evaluation.measuring import Measured, measure
from balie.nlu.evaluation.outcome import Outcome
from balie.nlu.examples import Example
from balie.nlu.models.domain import Model
from balie.nlu.models.errors import ModelUnusable, TrainingDataInvalid
from balie.nlu.models.intake import MAX_EXAMPLES, Parts
from balie.nlu.models.library import Library
from balie.nlu.models.loading import Loader
from balie.nlu.models.messages import TextEncoder, messages_of
from balie.nlu.served import ServedModel, ServedModels
from balie.nlu.training_data.languages import with_languages

_BATCH = 16
"""Texts encoded at once: a message that arrives meanwhile waits for no more than these."""

_BUSY_SECONDS = 0.05
_RESAMPLES = 200
"""Of the bootstrap: fewer than when nobody else waits for the processor, and intervals are a little rougher."""


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on some examples."""

    model_version: str
    calibration_version: str
    examples: int
    measured: Measured


@dataclass(frozen=True)
class EvaluationProgress:
    """How far an evaluation is; the last one has the result."""

    ranked: int
    total: int
    evaluation: Evaluation | None = None


class Evaluator:
    """Evaluates models.

    Args:
        library: finds them.
        loader: loads one that is not in use.
        served: those that are.
        encoder: encodes the examples.
        threads: ranks, off the event loop.
    """

    def __init__(
        self,
        library: Library,
        loader: Loader,
        served: ServedModels,
        encoder: TextEncoder,
        threads: Executor,
    ) -> None:
        self._library = library
        self._loader = loader
        self._served = served
        self._encoder = encoder
        self._threads = threads

    async def run(self, tenant: str, version: str, parts: Parts) -> AsyncGenerator[EvaluationProgress, None]:
        """Yields how far it is, and last the result.

        Args:
            tenant: whose model it is.
            version: of the model; the active one when empty.
            parts: the examples; read to their end first.

        Raises:
            ModelNotFound: there is no such model.
            ModelStateInvalid, ModelCorrupt, ModelUnusable, MemoryShort: it cannot be used.
            TrainingDataInvalid: there are no examples, or too many.
        """
        listed = await self._library.model(tenant, version)
        examples: list[Example] = []
        async with aclosing(parts):
            async for part in parts:
                examples += part
                if len(examples) > MAX_EXAMPLES:
                    raise TrainingDataInvalid(f"there are more than {MAX_EXAMPLES} examples")
        if not examples:
            raise TrainingDataInvalid("there are no examples")
        async with self._loaded(tenant, listed.model) as served:
            languages = served.artifact.manifest.origin.languages
            examples, _ = await asyncio.to_thread(with_languages, examples, languages)
            rankings: list[Ranking] = []
            for start in range(0, len(examples), _BATCH):
                yield EvaluationProgress(start, len(examples))
                rankings.append(await self._ranked(served, examples[start : start + _BATCH]))
            result = await asyncio.to_thread(_evaluation, served, examples, rankings)
        yield EvaluationProgress(len(examples), len(examples), result)

    @asynccontextmanager
    async def _loaded(self, tenant: str, model: Model) -> AsyncIterator[ServedModel]:
        """Yields a model: the one in use if it is that, else loaded for the occasion."""
        with self._served.using(tenant) as served:
            if served is not None and served.artifact.version == model.version:
                yield served
                return
        own = await self._loader.load(model)
        try:
            yield own
        finally:
            self._served.free(own)

    async def _ranked(self, served: ServedModel, examples: Sequence[Example]) -> Ranking:
        messages = await self._messages(served, examples)
        rank = served.artifact.ranker.rank
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, rank, messages)
        except EngineUnavailable as error:
            raise ModelUnusable(served.artifact.version, f"cannot rank: {error}") from None

    async def _messages(self, served: ServedModel, examples: Sequence[Example]) -> list[Message]:
        texts = [example.text for example in examples]
        languages = [example.language for example in examples]
        while True:
            try:
                return await messages_of(self._encoder, served.artifact, texts, languages)
            except EncoderBusy:  # messages of customers go first
                await asyncio.sleep(_BUSY_SECONDS)


def _evaluation(served: ServedModel, examples: Sequence[Example], rankings: Sequence[Ranking]) -> Evaluation:
    artifact = served.artifact
    outside = [ranking.out_of_scope for ranking in rankings]
    whole = Ranking(
        np.concatenate([ranking.scores for ranking in rankings]),
        None if outside[0] is None else np.concatenate([one for one in outside if one is not None]),
    )
    known = artifact.phrases.places_of([example.text for example in examples])
    judgement = judgement_of(whole, artifact.thresholds, known)
    outcome = Outcome(examples, artifact.manifest.intents, judgement)
    return Evaluation(
        model_version=artifact.version,
        calibration_version=artifact.thresholds.version,
        examples=len(examples),
        measured=measure(outcome, resamples=_RESAMPLES),
    )
