"""Builds the NLU service, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog

from balie.api.nlu.v1 import encoder_service_pb2_grpc, nlu_service_pb2_grpc
from balie.encoders import EncoderBusy, EncoderSettings, open_encoder
from balie.encoders.batcher import BatchingEncoder
from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database
from balie.kit.errors import DependencyUnavailable
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.server import Serving
from balie.nlu.analyzer import Analyzer, Keywords, NoKeywords
from balie.nlu.calibrating import Promise
from balie.nlu.domain import TargetKind
from balie.nlu.encoding import Encoding
from balie.nlu.examples import Examples
from balie.nlu.keyword_file import Keyword, read_keywords, words_by_language
from balie.nlu.language import LanguageDetector
from balie.nlu.language_words import known_words
from balie.nlu.models import open_model
from balie.nlu.service import EncoderService, NluService
from balie.nlu.settings import NluSettings
from balie.nlu.signals import SignalReader
from balie.nlu.topics import every_topic
from balie.nlu.training import Job
from balie.nlu.training_data import read_examples

_log = structlog.get_logger()


@asynccontextmanager
async def lifespan(settings: NluSettings) -> AsyncGenerator[Serving, None]:
    """Reads the files, opens the database, loads the encoder and the model, trained first if there is none.

    Offers both services then.
    """
    examples = await asyncio.to_thread(read_examples, settings.intents_file, settings.languages)
    for note in examples.notes:
        _log.warning("training data", note=str(note))
    keywords = await _keywords(settings, examples)
    chosen = settings.encoder()
    opened = await asyncio.to_thread(open_encoder, chosen)
    artifact = await open_model(
        _job(settings, chosen), examples, opened.fingerprint, log_format=settings.log_format
    )
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.nlu.migrations")
        )
        log = EventLog(database, poll_seconds=settings.poll_seconds)
        chores = Chores(database, Ledger(), Trimming(log, every_topic, settings.keep_events))
        await stack.enter_async_context(running(chores.run(every_seconds=settings.chores_seconds)))
        encoder = BatchingEncoder.from_settings(opened, chosen)
        stack.push_async_callback(encoder.close)
        analyzer = Analyzer(
            encoder=encoder,
            artifact=artifact,
            detector=await asyncio.to_thread(_detector, settings, examples, keywords),
            keywords=await asyncio.to_thread(_finder, settings, keywords),
            signals=SignalReader(settings.languages),
            reader=stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="reader")),
        )

        async def ready() -> None:
            await database.check()
            with suppress(EncoderBusy):  # busy is not broken
                if not await analyzer.is_sound():
                    raise DependencyUnavailable("encoder")

        yield Serving(
            servicers=(
                (nlu_service_pb2_grpc.add_NluServiceServicer_to_server, NluService(analyzer)),
                (
                    encoder_service_pb2_grpc.add_EncoderServiceServicer_to_server,
                    EncoderService(Encoding(encoder)),
                ),
            ),
            ready=ready,
        )


async def _keywords(settings: NluSettings, examples: Examples) -> Sequence[Keyword]:
    if settings.keywords_file is None:
        return []
    keywords = await asyncio.to_thread(read_keywords, settings.keywords_file)
    known = set(examples.intents)
    for keyword in keywords:
        if keyword.target.kind is TargetKind.INTENT and keyword.target.name not in known:
            _log.warning("keyword points at an intent without examples", keyword=keyword.id)
    return keywords


def _job(settings: NluSettings, encoder: EncoderSettings) -> Job:
    return Job(
        intents_file=settings.intents_file.absolute(),
        model_folder=settings.model_folder.absolute(),
        languages=settings.languages,
        promise=Promise(settings.max_wrong, settings.max_wrong_choice, settings.max_wrong_delta),
        encoder=encoder,
    )


def _detector(settings: NluSettings, examples: Examples, keywords: Sequence[Keyword]) -> LanguageDetector:
    texts: list[Mapping[str, list[str]]] = [examples.texts_by_language, words_by_language(keywords)]
    words = known_words(settings.languages, texts)
    return LanguageDetector(settings.languages, words, floor=settings.language_floor)


def _finder(settings: NluSettings, keywords: Sequence[Keyword]) -> Keywords:
    if not keywords:
        return NoKeywords()
    from balie.nlu.keywords import KeywordFinder

    return KeywordFinder(keywords, settings.languages)
