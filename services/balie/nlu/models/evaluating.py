"""Measures a model on labelled examples, in the time that messages leave."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import numpy as np

from balie.encoders import EncoderBusy
from balie.nlu.engines.port import Message, Ranking
from balie.nlu.errors import EngineUnavailable
from balie.nlu.examples import Example
from balie.nlu.measuring import accuracy_by_language, figures_of, held_out
from balie.nlu.models.domain import Model
from balie.nlu.models.errors import ModelUnusable, TrainingDataInvalid
from balie.nlu.models.intake import MAX_EXAMPLES, Parts
from balie.nlu.models.library import Library
from balie.nlu.models.loading import Loader, TextEncoder
from balie.nlu.served import ServedModel, ServedModels

_BATCH = 16
"""Texts encoded at once: a message that arrives meanwhile waits for no more than these."""

_BUSY_SECONDS = 0.05


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on some examples.

    Attributes:
        figures: by name, as in a model's manifest.
        by_language: accuracy in scope of each language.
    """

    model_version: str
    calibration_version: str
    examples: int
    figures: Mapping[str, float]
    by_language: Mapping[str, float]


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
        vectors: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None] = [None] * len(examples)
        if served.artifact.needs_vectors:
            vectors = await self._encoded([example.text for example in examples])
        messages = [
            Message(example.text, example.language, vector)
            for example, vector in zip(examples, vectors, strict=True)
        ]
        rank = served.artifact.ranker.rank
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, rank, messages)
        except EngineUnavailable as error:
            raise ModelUnusable(served.artifact.version, f"cannot rank: {error}") from None

    async def _encoded(
        self, texts: Sequence[str]
    ) -> "Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]":
        while True:
            try:
                return list(await self._encoder.encode(texts))
            except EncoderBusy:  # messages go first
                await asyncio.sleep(_BUSY_SECONDS)


def _evaluation(served: ServedModel, examples: Sequence[Example], rankings: Sequence[Ranking]) -> Evaluation:
    artifact = served.artifact
    outside = [ranking.out_of_scope for ranking in rankings]
    whole = Ranking(
        np.concatenate([ranking.scores for ranking in rankings]),
        None if outside[0] is None else np.concatenate([one for one in outside if one is not None]),
    )
    held = held_out(whole, examples, artifact.manifest.intents)
    return Evaluation(
        model_version=artifact.version,
        calibration_version=artifact.thresholds.version,
        examples=len(examples),
        figures=figures_of(held, artifact.thresholds),
        by_language=accuracy_by_language(held, examples),
    )
