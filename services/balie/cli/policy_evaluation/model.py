"""NLU in this process: a model trained as the service trains it, and an analyzer that understands messages with it."""

import shutil
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from balie.encoders import EncoderSettings
from balie.encoders.layers import LayeredEncoder
from balie.nlu.analyzer import Analyzer
from balie.nlu.artifacts import Artifact, open_artifact
from balie.nlu.domain import ContactTerms, KeywordMatch, Understanding, Utterance
from balie.nlu.encoding import StateEncoder
from balie.nlu.errors import ModelDamaged
from balie.nlu.example_lines import chunks
from balie.nlu.examples import Examples
from balie.nlu.jobs import Job, Task
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.served import ServedModel, ServedModels
from balie.nlu.settings import NluSettings
from balie.nlu.signals import SignalReader
from balie.nlu.trainer import train

if TYPE_CHECKING:
    from balie.nlu.engines.port import Progress

_ENGINES_THAT_WAIT = 8


def trained(
    task: Task,
    examples: Examples,
    encoder: LayeredEncoder,
    settings: EncoderSettings,
    home: Path,
    progress: "Progress",
) -> Artifact:
    """Returns the model of some examples, trained as the service does it; one that is there is not trained again.

    Args:
        task: what is learned, and what the thresholds have to keep.
        examples: what from.
        encoder: of the messages that it will understand.
        settings: how the training opens that encoder.
        home: folder of models, each under its version; stays as long as the model is used.
        progress: is told the step and the share that is done.

    Raises:
        TrainingFailed: nothing can be learned from the examples.
        EncoderUnavailable: the encoder cannot be loaded.
        OSError: the folder cannot be written.
    """
    version = task.origin(examples, encoder.fingerprint).version()
    model = home / version
    found = _kept(model)
    if found is not None:
        return found
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="training-", dir=home) as work:
        folder = Path(work) / "model"
        folder.mkdir()
        paths = _written(examples, Path(work))
        train(Job(version=version, task=task, examples=paths, folder=folder, encoder=settings), progress)
        folder.replace(model)
    return open_artifact(model)


def _kept(folder: Path) -> Artifact | None:
    """Returns the model of a folder; None when there is none, and a damaged one makes room."""
    if not folder.is_dir():
        return None
    try:
        return open_artifact(folder)
    except ModelDamaged:
        shutil.rmtree(folder)
        return None


def _written(examples: Examples, folder: Path) -> tuple[Path, ...]:
    paths = []
    for place, chunk in enumerate(chunks(examples.items)):
        paths.append(folder / f"examples-{place}")
        paths[-1].write_bytes(chunk)
    return tuple(paths)


class Understander:
    """Understands messages with one model.

    Args:
        analyzer: NLU's own.
        model: ranks intents, and knows their words.
    """

    def __init__(self, analyzer: Analyzer, model: ServedModel) -> None:
        self._analyzer = analyzer
        self._model = model

    async def understand(self, tenant: str, utterance: Utterance) -> Understanding:
        """Returns what is understood of a message."""
        (found,) = await self._analyzer.analyze_with(self._model, [utterance], tenant)
        return found


@asynccontextmanager
async def serving(
    artifact: Artifact, encoder: LayeredEncoder, settings: EncoderSettings, languages: Sequence[str]
) -> AsyncIterator[Understander]:
    """Builds of a model what the service builds of it, without keywords: a desk of intents alone has none."""
    floor: float = NluSettings.model_fields["language_floor"].default
    detector = LanguageDetector(languages, known_words(languages, [artifact.words]), floor=floor)
    async with AsyncExitStack() as stack:
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        states = StateEncoder(encoder, settings)
        stack.push_async_callback(states.close)
        analyzer = Analyzer(
            encoder=states,
            models=ServedModels(),
            detector=detector,
            keywords=_NoKeywords(),
            signals=SignalReader(languages),
            reader=stack.enter_context(ThreadPoolExecutor(1)),
            waiting=stack.enter_context(ThreadPoolExecutor(_ENGINES_THAT_WAIT)),
        )
        yield Understander(analyzer, ServedModel(artifact, detector))


class _NoKeywords:
    """Finds nothing."""

    def find(
        self, text: str, language: str, contact: Sequence[ContactTerms], tenant: str
    ) -> list[KeywordMatch]:
        """Returns no keyword."""
        return []

    def generation(self, tenant: str) -> int:
        """Returns that nobody has written any."""
        return 0
