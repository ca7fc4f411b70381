"""Builds model work for `balie.nlu.app`, in order."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from balie.encoders import EncoderSettings
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.nlu.analyzer import Analyzer
from balie.nlu.calibrating import Promise
from balie.nlu.domain import Utterance
from balie.nlu.encoding import StateEncoder
from balie.nlu.jobs import Task
from balie.nlu.language import LanguageDetector
from balie.nlu.models.cache import ArtifactCache
from balie.nlu.models.evaluating import Evaluator
from balie.nlu.models.intake import Intake
from balie.nlu.models.library import Library
from balie.nlu.models.loading import Loader
from balie.nlu.models.memory import available_bytes
from balie.nlu.models.replica import Parts, Replica
from balie.nlu.models.service import ModelService
from balie.nlu.models.start import Start
from balie.nlu.models.sweeping import Sweep
from balie.nlu.models.worker import Training, TrainingWorker
from balie.nlu.served import ServedModel, ServedModels
from balie.nlu.settings import NluSettings


@dataclass(frozen=True)
class Places:
    """What model work stands on."""

    settings: NluSettings
    encoder_settings: EncoderSettings
    database: Database
    log: EventLog
    ledger: Ledger
    encoder: StateEncoder
    served: ServedModels


@dataclass(frozen=True)
class ModelWork:
    """The pieces of model work that are started and served.

    Attributes:
        task: the service's own choice of how to train.
    """

    task: Task
    worker: TrainingWorker
    sweep: Sweep
    replica: Replica
    start: Start
    servicer: ModelService


async def model_work(
    stack: AsyncExitStack,
    places: Places,
    analyzer: Analyzer,
    detector: Callable[[Mapping[str, Sequence[str]]], LanguageDetector],
) -> ModelWork:
    """Returns model work, of which nothing runs yet.

    Args:
        stack: closes what is opened here.
        places: what it stands on.
        analyzer: warms models up, by understanding messages with them.
        detector: returns the detector of a model whose words are these, by language.
    """
    settings, database, log = places.settings, places.database, places.log

    async def warm(model: ServedModel, texts: Sequence[str]) -> None:
        await analyzer.analyze_with(model, [Utterance(text) for text in texts])

    cache = ArtifactCache(database, settings.model_folder.absolute())
    await cache.open()
    threads = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="models"))
    loader = Loader(
        cache=cache,
        encoder=places.encoder,
        threads=threads,
        detector=detector,
        warm=warm,
        available_bytes=available_bytes,
    )
    replica = Replica(Parts(database, log, cache, loader, places.served))
    training = Training(
        folder=cache.folder,
        encoder=places.encoder_settings,
        lease=timedelta(seconds=settings.lease_seconds),
        log_format=settings.log_format,
    )
    worker = TrainingWorker(database, log, training)
    library = Library(database, places.ledger, log, replica, poll_seconds=settings.poll_seconds)
    task = _task(settings)
    return ModelWork(
        task=task,
        worker=worker,
        sweep=Sweep(database),
        replica=replica,
        start=Start(database, log, replica, worker.wake),
        servicer=ModelService(
            library,
            Intake(database, places.ledger, log, worker.wake),
            Evaluator(library, loader, places.served, places.encoder, threads),
            replica,
            places.served,
            task,
        ),
    )


def _task(settings: NluSettings) -> Task:
    return Task(
        engine=settings.engine,
        options=settings.engine_options,
        languages=settings.languages,
        promise=Promise(
            settings.max_wrong,
            settings.max_wrong_choice,
            settings.max_wrong_delta,
            settings.expected_out_of_scope,
        ),
    )
