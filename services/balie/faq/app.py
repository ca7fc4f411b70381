"""Builds the FAQ service, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from balie.api.faq.v1 import faq_service_pb2_grpc, knowledge_service_pb2_grpc
from balie.encoders import open_encoder
from balie.encoders.batcher import BatchingEncoder
from balie.faq.index.following import Parts
from balie.faq.index.indexes import Indexes
from balie.faq.index.vector_index import use_one_thread
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.exporting import Exporter
from balie.faq.knowledge.history import History
from balie.faq.knowledge.importing import Importer
from balie.faq.knowledge.knowledge import Knowledge
from balie.faq.knowledge.service import KnowledgeService
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter
from balie.faq.retrieval.calibrating import Calibrations
from balie.faq.retrieval.search import Search
from balie.faq.retrieval.threshold import Policy
from balie.faq.service import FaqService
from balie.faq.settings import FaqSettings
from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.server import Serving

_BACKGROUND_THREADS = 2


@asynccontextmanager
async def lifespan(settings: FaqSettings) -> AsyncIterator[Serving]:
    """Opens the database and the encoder, loads every index, and offers both services; closes them in reverse."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.faq.migrations")
        )
        encoder = await _encoder(stack, settings)
        searching = stack.enter_context(_threads("search", settings.search_threads))
        background = stack.enter_context(_threads("index", _BACKGROUND_THREADS))
        store, ledger = Store(), Ledger()
        log = EventLog(database, poll_seconds=settings.poll_seconds)
        vectors = Vectors(database, encoder)
        history = History(settings.keep_revisions)
        writer = EntryWriter(store, log, vectors, history)
        calibrations = Calibrations(
            database, background, _policy(settings), delay_seconds=settings.calibration_delay_seconds
        )
        indexes = Indexes(Parts(database, store, log, vectors, calibrations, background))
        stack.push_async_callback(indexes.close)
        await indexes.open()
        chores = Chores(database, ledger, Trimming(log, store.topics, settings.keep_events))
        await stack.enter_async_context(
            running(indexes.run(), chores.run(every_seconds=settings.chores_seconds))
        )
        search = Search(indexes, encoder, searching)
        knowledge = Knowledge(database, ledger, store, writer, history)
        yield Serving(
            servicers=(
                (faq_service_pb2_grpc.add_FaqServiceServicer_to_server, FaqService(search)),
                (
                    knowledge_service_pb2_grpc.add_KnowledgeServiceServicer_to_server,
                    KnowledgeService(
                        knowledge,
                        Importer(database, store, writer),
                        Exporter(database, store),
                        search,
                    ),
                ),
            ),
            ready=database.check,
        )


async def _encoder(stack: AsyncExitStack, settings: FaqSettings) -> BatchingEncoder:
    chosen = settings.encoder()
    opened = await asyncio.to_thread(open_encoder, chosen)
    encoder = BatchingEncoder.from_settings(opened, chosen)
    stack.push_async_callback(encoder.close)
    return encoder


def _threads(name: str, count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix=name, initializer=use_one_thread)


def _policy(settings: FaqSettings) -> Policy:
    return Policy(
        max_wrong=settings.max_wrong,
        delta=settings.max_wrong_delta,
        expected_unanswerable=settings.expected_unanswerable,
        default_threshold=settings.default_threshold,
        max_questions=settings.calibration_questions,
    )
