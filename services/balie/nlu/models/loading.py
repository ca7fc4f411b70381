"""Loads a model beside those in use, and lets it serve only once it has shown that it can."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from balie.kit.registry import MissingExtra, UnknownPlugin
from balie.nlu.artifacts import Artifact, open_artifact
from balie.nlu.engines.port import Message
from balie.nlu.errors import EngineUnavailable, ModelDamaged, OptionWrong
from balie.nlu.measuring import scores_of
from balie.nlu.models.cache import ArtifactCache
from balie.nlu.models.domain import Model, ModelState
from balie.nlu.models.errors import (
    MemoryShort,
    ModelCorrupt,
    ModelOfAnotherEncoder,
    ModelStateInvalid,
    ModelUnusable,
)
from balie.nlu.models.messages import TextEncoder, messages_of
from balie.nlu.served import ServedModel

if TYPE_CHECKING:
    from balie.nlu.language import LanguageDetector

_TOLERANCE = 0.02
"""Most that the score of a probe may differ from that of the training: other processors round vectors otherwise."""

_SPARE_BYTES = 64 << 20
"""What must be left once a model is loaded, for the messages under way."""

_MARGIN = 1.25
"""How much more than was measured a model may take."""

_WARM_ROUNDS = 3

_log = structlog.get_logger()


class Loader:
    """Loads models, one at a time.

    Args:
        cache: where their files are.
        encoder: whose vectors they take.
        threads: does the loading, off the event loop.
        detector: tells languages; each model gets one that knows its words.
        warm: understands texts with a model from end to end.
        available_bytes: tells how much memory may still be taken, None when that is not known.
    """

    def __init__(
        self,
        *,
        cache: ArtifactCache,
        encoder: TextEncoder,
        threads: Executor,
        detector: "Callable[[Mapping[str, Sequence[str]]], LanguageDetector]",
        warm: Callable[[ServedModel, Sequence[str]], Awaitable[None]],
        available_bytes: Callable[[], int | None],
    ) -> None:
        self._cache = cache
        self._encoder = encoder
        self._threads = threads
        self._detector = detector
        self._warm = warm
        self._available_bytes = available_bytes
        self._turn = asyncio.Lock()

    @property
    def fingerprint(self) -> str:
        """Returns the fingerprint of the encoder whose vectors models are given."""
        return self._encoder.fingerprint

    async def load(self, model: Model, *, is_active: bool = False) -> ServedModel:
        """Returns a model that ranks as it did when it was trained.

        Args:
            model: which one.
            is_active: whether it was tested and activated before: then one whose engine is away for now is taken all
                the same, and serves without intents until the engine is back.

        Raises:
            ModelStateInvalid: it is not ready.
            ModelCorrupt: a file of it is not as it was written.
            ModelUnusable: it is of another encoder, its engine is not installed, or it fails its test.
            MemoryShort: it does not fit.
        """
        if model.state is not ModelState.READY:
            raise ModelStateInvalid(model.version, model.state, [ModelState.READY])
        async with self._turn:
            folder = await self._cache.get(model)
            self._check_encoder(model)
            self._check_memory(model)
            loop = asyncio.get_running_loop()
            served = await loop.run_in_executor(self._threads, self._opened, model.version, folder)
            try:
                await self._test(served, is_active=is_active)
            except BaseException:
                await loop.run_in_executor(self._threads, served.artifact.close)
                raise
            return served

    def _check_encoder(self, model: Model) -> None:
        wanted = model.manifest.origin.encoder_fingerprint if model.manifest else ""
        if wanted not in ("", self._encoder.fingerprint):
            raise ModelOfAnotherEncoder(model.version, wanted)

    def _check_memory(self, model: Model) -> None:
        available = self._available_bytes()
        if available is None or model.manifest is None:
            return
        measured = model.manifest.loaded_bytes or model.manifest.size_bytes
        needed = int(max(measured, model.manifest.size_bytes) * _MARGIN) + _SPARE_BYTES
        if needed > available:
            raise MemoryShort(model.version, needed_bytes=needed, available_bytes=available)

    def _opened(self, version: str, folder: Path) -> ServedModel:
        try:
            artifact = open_artifact(folder)
        except ModelDamaged as damaged:
            raise ModelCorrupt(version, damaged.file.name, damaged.problem) from None
        except (UnknownPlugin, MissingExtra, OptionWrong, EngineUnavailable) as error:
            raise ModelUnusable(version, f"cannot be loaded: {error}") from None
        except Exception as error:
            raise ModelUnusable(version, f"cannot be loaded: {type(error).__name__}") from error
        return ServedModel(artifact, self._detector(artifact.words))

    async def _test(self, served: ServedModel, *, is_active: bool) -> None:
        """Ranks the probes alone and compares, then understands them from end to end until everything is warm."""
        artifact = served.artifact
        texts = [probe.text for probe in artifact.probes]
        languages = [probe.language for probe in artifact.probes]
        messages = await messages_of(self._encoder, artifact, texts, languages)
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, _compare, artifact, messages)
        except EngineUnavailable as error:
            if not is_active:
                raise ModelUnusable(artifact.version, f"cannot rank: {error}") from None
            _log.error("model in use without its engine", model=artifact.version, problem=str(error))
        for _ in range(_WARM_ROUNDS):
            await self._warm(served, texts)


def _compare(artifact: Artifact, messages: Sequence[Message]) -> None:
    """Raises ModelUnusable unless the messages are ranked as the probes say, EngineUnavailable when they are not ranked."""
    expected = np.array([probe.scores for probe in artifact.probes], np.float32)
    try:
        found = scores_of(artifact.ranker.rank(messages))
    except EngineUnavailable:
        raise
    except Exception as error:
        raise ModelUnusable(artifact.version, f"cannot rank: {type(error).__name__}") from error
    if found.shape != expected.shape or not np.isfinite(found).all():
        raise ModelUnusable(artifact.version, "ranks by what are no scores")
    if (difference := float(np.abs(found - expected).max(initial=0.0))) > _TOLERANCE:
        raise ModelUnusable(
            artifact.version, f"ranks other than when it was trained, by up to {difference:.3f} of a score"
        )
