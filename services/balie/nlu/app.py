"""Builds the NLU service, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from balie.api.nlu.v1 import encoder_service_pb2_grpc, model_service_pb2_grpc, nlu_service_pb2_grpc
from balie.encoders import Encoder, EncoderBusy, EncoderSettings, KnowsWords, open_encoder
from balie.encoders.batcher import BatchingEncoder
from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database
from balie.kit.errors import DependencyUnavailable
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.server import Serving
from balie.nlu.analyzer import Analyzer, Keywords
from balie.nlu.calibrating import Promise
from balie.nlu.domain import TargetKind, Utterance
from balie.nlu.encoding import Encoding
from balie.nlu.examples import Examples
from balie.nlu.jobs import Task
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.keyword import Keyword, words_by_language
from balie.nlu.keywords.lexicon import Lexicon
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.models.cache import ArtifactCache
from balie.nlu.models.evaluating import Evaluator
from balie.nlu.models.intake import Intake
from balie.nlu.models.library import Library
from balie.nlu.models.loading import Loader
from balie.nlu.models.memory import available_bytes, give_back
from balie.nlu.models.replica import Parts, Replica
from balie.nlu.models.service import ModelService
from balie.nlu.models.start import FileModel
from balie.nlu.models.sweeping import Sweep
from balie.nlu.models.worker import Training, TrainingWorker
from balie.nlu.served import ServedModel, ServedModels
from balie.nlu.service import EncoderService, NluService
from balie.nlu.settings import NluSettings
from balie.nlu.signals import SignalReader
from balie.nlu.topics import every_topic
from balie.nlu.training_data import read_examples

_log = structlog.get_logger()

_NO_EXAMPLES = Examples(())


@asynccontextmanager
async def lifespan(settings: NluSettings) -> AsyncGenerator[Serving, None]:
    """Opens the database and the encoder, loads the models, that of the file trained first, and offers all services."""
    examples = await _examples(settings)
    keywords = await _keywords(settings, examples)
    chosen = settings.encoder()
    opened = await asyncio.to_thread(open_encoder, chosen)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.nlu.migrations")
        )
        log, ledger = EventLog(database, poll_seconds=settings.poll_seconds), Ledger()
        chores = Chores(database, ledger, Trimming(log, every_topic, settings.keep_events))
        encoder = BatchingEncoder.from_settings(opened, chosen)
        stack.push_async_callback(encoder.close)
        served = ServedModels(give_back)
        stack.push_async_callback(served.close)
        words = [words_by_language(keywords)]
        detector = await asyncio.to_thread(_detector, settings, words)
        analyzer = Analyzer(
            encoder=encoder,
            models=served,
            detector=detector,
            keywords=await asyncio.to_thread(_finder, settings, examples, keywords, opened),
            signals=SignalReader(settings.languages),
            reader=stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="reader")),
        )
        places = _Places(settings, chosen, database, log, ledger, encoder, served)
        work = await _model_work(stack, places, analyzer, detector, words)
        await stack.enter_async_context(
            running(
                chores.run(every_seconds=settings.chores_seconds),
                work.sweep.run(every_seconds=settings.chores_seconds),
                work.worker.run(),
            )
        )
        await _models_there(settings, work, served, examples, encoder.fingerprint)
        await stack.enter_async_context(running(work.replica.run()))

        async def ready() -> None:
            await database.check()
            with suppress(EncoderBusy):  # busy is not broken
                if not await analyzer.is_sound():
                    raise DependencyUnavailable("encoder")

        yield Serving(
            servicers=(
                (nlu_service_pb2_grpc.add_NluServiceServicer_to_server, NluService(analyzer)),
                (model_service_pb2_grpc.add_ModelServiceServicer_to_server, work.servicer),
                (
                    encoder_service_pb2_grpc.add_EncoderServiceServicer_to_server,
                    EncoderService(Encoding(encoder)),
                ),
            ),
            ready=ready,
        )


@dataclass(frozen=True)
class _Places:
    """What model work stands on."""

    settings: NluSettings
    encoder_settings: EncoderSettings
    database: Database
    log: EventLog
    ledger: Ledger
    encoder: BatchingEncoder
    served: ServedModels


@dataclass(frozen=True)
class _ModelWork:
    """The pieces of model work that others need."""

    worker: TrainingWorker
    sweep: Sweep
    replica: Replica
    file: FileModel
    servicer: ModelService


async def _model_work(
    stack: AsyncExitStack,
    places: _Places,
    analyzer: Analyzer,
    detector: LanguageDetector,
    words: Sequence[Mapping[str, list[str]]],
) -> _ModelWork:
    settings, database, log = places.settings, places.database, places.log

    def knowing(own: Mapping[str, Sequence[str]]) -> LanguageDetector:
        return detector.knowing(known_words(settings.languages, [own, *words]))

    async def warm(model: ServedModel, texts: Sequence[str]) -> None:
        await analyzer.analyze_with(model, [Utterance(text) for text in texts])

    cache = ArtifactCache(database, settings.model_folder.absolute())
    await cache.open()
    threads = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="models"))
    loader = Loader(
        cache=cache,
        encoder=places.encoder,
        threads=threads,
        detector=knowing,
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
    return _ModelWork(
        worker=worker,
        sweep=Sweep(database),
        replica=replica,
        file=FileModel(database, log, replica, worker.wake),
        servicer=ModelService(
            library,
            Intake(database, places.ledger, log, worker.wake),
            Evaluator(library, loader, places.served, places.encoder, threads),
            replica,
            places.served,
            _task(settings),
        ),
    )


async def _models_there(
    settings: NluSettings, work: _ModelWork, served: ServedModels, examples: Examples, fingerprint: str
) -> None:
    """Returns when every tenant's model is in use, as far as it can be, and that of the file is."""
    await work.replica.open()
    if examples.items:
        version = await work.file.ensure(_task(settings), examples, fingerprint)
        _log.info("the file's model is in use", model=version)
    elif not served.count:
        _log.warning(
            "there is no model: messages are understood without intents until one is activated",
            advice="balie nlu train FILE --activate",
        )


async def _examples(settings: NluSettings) -> Examples:
    if settings.intents_file is None:
        return _NO_EXAMPLES
    examples = await asyncio.to_thread(read_examples, settings.intents_file, settings.languages)
    for note in examples.notes:
        _log.warning("training data", note=str(note))
    return examples


async def _keywords(settings: NluSettings, examples: Examples) -> Sequence[Keyword]:
    if settings.keywords_file is None:
        return []
    keywords = await asyncio.to_thread(read_keywords, settings.keywords_file)
    known = set(examples.intents)
    for keyword in keywords:
        if examples.items and keyword.target.kind is TargetKind.INTENT and keyword.target.name not in known:
            _log.warning("keyword points at an intent without examples", keyword=keyword.id)
    return keywords


def _task(settings: NluSettings) -> Task:
    return Task(
        engine=settings.engine,
        options=settings.engine_options,
        languages=settings.languages,
        promise=Promise(settings.max_wrong, settings.max_wrong_choice, settings.max_wrong_delta),
    )


def _detector(settings: NluSettings, words: Sequence[Mapping[str, list[str]]]) -> LanguageDetector:
    known = known_words(settings.languages, words)
    return LanguageDetector(settings.languages, known, floor=settings.language_floor)


def _finder(
    settings: NluSettings, examples: Examples, keywords: Sequence[Keyword], encoder: Encoder
) -> Keywords:
    texts: list[Mapping[str, list[str]]] = [examples.texts_by_language, words_by_language(keywords)]
    everywhere = encoder.words() if isinstance(encoder, KnowsWords) else ()
    lexicon = Lexicon(known_words(settings.languages, texts), everywhere)
    return KeywordFinder(keywords, settings.languages, lexicon)
