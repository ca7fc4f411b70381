"""Builds the NLU service, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from threadpoolctl import threadpool_limits

from balie.api.nlu.v1 import (
    encoder_service_pb2_grpc,
    keyword_service_pb2_grpc,
    model_service_pb2_grpc,
    nlu_service_pb2_grpc,
)
from balie.encoders import EncoderBusy, open_encoder
from balie.encoders.layers import LayeredEncoder
from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database
from balie.kit.errors import DependencyUnavailable
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.server import Serving
from balie.nlu.analyzer import Analyzer
from balie.nlu.encoding import Encoding, StateEncoder
from balie.nlu.examples import Examples
from balie.nlu.keywords.app import FileWords, keyword_work, keywords_of_file
from balie.nlu.keywords.keyword import words_by_language
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.models.app import ModelWork, Places, model_work
from balie.nlu.models.memory import give_back
from balie.nlu.served import SHARED, ServedModels
from balie.nlu.service import EncoderService, NluService
from balie.nlu.settings import NluSettings
from balie.nlu.signals import SignalReader
from balie.nlu.topics import every_topic
from balie.nlu.training_data import read_examples

_WAITING = 32
"""Messages that wait at once for an engine that is served elsewhere."""

_log = structlog.get_logger()

_NO_EXAMPLES = Examples(())


@asynccontextmanager
async def lifespan(settings: NluSettings) -> AsyncGenerator[Serving, None]:
    """Opens the database and the encoder, loads the models, that of the file trained first, and offers all services."""
    examples = await _examples(settings)
    keywords = await keywords_of_file(settings.keywords_file, examples)
    chosen = settings.encoder()
    opened = await asyncio.to_thread(open_encoder, chosen)
    async with AsyncExitStack() as stack:
        # Cores are kept busy by many messages: two threads for one product wait for each other, at four times the CPU.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.nlu.migrations")
        )
        log, ledger = EventLog(database, poll_seconds=settings.poll_seconds), Ledger()
        chores = Chores(database, ledger, Trimming(log, every_topic, settings.keep_events))
        encoder = StateEncoder(await asyncio.to_thread(LayeredEncoder, opened), chosen)
        stack.push_async_callback(encoder.close)
        served = ServedModels(give_back)
        stack.push_async_callback(served.close)
        words = [words_by_language(keywords)]
        detector = await asyncio.to_thread(_detector, settings, words)
        file_words = FileWords(keywords, examples, opened, settings.languages)
        keyword = await keyword_work(stack, database, log, ledger, file_words)
        analyzer = Analyzer(
            encoder=encoder,
            models=served,
            detector=detector,
            keywords=keyword.live,
            signals=SignalReader(settings.languages),
            reader=stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="reader")),
            waiting=stack.enter_context(ThreadPoolExecutor(_WAITING, thread_name_prefix="waiting")),
        )
        places = Places(settings, chosen, database, log, ledger, encoder, served)
        work = await model_work(
            stack, places, analyzer, lambda own: _knowing(settings, detector, [own, *words])
        )
        await stack.enter_async_context(
            running(
                chores.run(every_seconds=settings.chores_seconds),
                work.sweep.run(every_seconds=settings.chores_seconds),
                work.worker.run(),
            )
        )
        await _models_there(settings, work, served, examples, encoder.fingerprint)
        await stack.enter_async_context(running(work.replica.run(), keyword.live.run()))

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
                    keyword_service_pb2_grpc.add_KeywordServiceServicer_to_server,
                    keyword.servicer(analyzer),
                ),
                (
                    encoder_service_pb2_grpc.add_EncoderServiceServicer_to_server,
                    EncoderService(Encoding(encoder)),
                ),
            ),
            ready=ready,
        )


async def _models_there(
    settings: NluSettings, work: ModelWork, served: ServedModels, examples: Examples, fingerprint: str
) -> None:
    """Returns when every tenant's model is in use, as far as it can be, and that of the file is."""
    unusable = dict(await work.replica.open())
    if examples.items:
        unusable.pop(SHARED, None)  # the file tells what is to be there
    await work.start.train_again(unusable, fingerprint)
    if examples.items:
        version = await work.start.model_of_file(work.task, examples, fingerprint)
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


def _detector(settings: NluSettings, words: Sequence[Mapping[str, list[str]]]) -> LanguageDetector:
    known = known_words(settings.languages, words)
    return LanguageDetector(settings.languages, known, floor=settings.language_floor)


def _knowing(
    settings: NluSettings, detector: LanguageDetector, words: Sequence[Mapping[str, Sequence[str]]]
) -> LanguageDetector:
    return detector.knowing(known_words(settings.languages, words))
