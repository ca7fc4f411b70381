"""Builds the FAQ service, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from balie.api.faq.v1 import faq_service_pb2_grpc, knowledge_service_pb2_grpc, review_service_pb2_grpc
from balie.encoders import EncoderSettings, EncoderUnavailable, open_encoder
from balie.encoders.batcher import BatchingEncoder
from balie.encoders.folder.manifest import Manifest
from balie.faq.feedback.forgetting import Forgetting
from balie.faq.feedback.grouping import Grouping
from balie.faq.feedback.ratings import Ratings
from balie.faq.feedback.remembering import Remembering
from balie.faq.feedback.reviewing import Review
from balie.faq.feedback.service import ReviewService
from balie.faq.feedback.store import QuestionStore
from balie.faq.index.encoder_change import EncoderChange, Source
from balie.faq.index.faiss_index import use_one_thread
from balie.faq.index.files import IndexFiles
from balie.faq.index.indexes import Indexes
from balie.faq.index.kinds import Kinds
from balie.faq.index.parts import Parts
from balie.faq.index.pgvector_index import PgVectorIndexes
from balie.faq.index.pgvector_server import VectorServer
from balie.faq.index.upkeep import Upkeep
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.exporting import Exporter
from balie.faq.knowledge.history import History
from balie.faq.knowledge.importing import Importer
from balie.faq.knowledge.knowledge import Knowledge
from balie.faq.knowledge.service import KnowledgeService
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter
from balie.faq.retrieval.calibrating import Calibrations
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.registry import open_retriever
from balie.faq.retrieval.search import Search
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
    """Opens the database and the encoder, loads every index, and offers the services; closes them in reverse."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.faq.migrations")
        )
        chosen = settings.encoder()
        encoder = await _opened(chosen)
        searching = stack.enter_context(_threads("search", settings.search_threads))
        background = stack.enter_context(_threads("index", _BACKGROUND_THREADS))
        store, ledger = Store(), Ledger()
        log = EventLog(database, poll_seconds=settings.poll_seconds)
        vectors = Vectors(database, encoder)
        history = History(settings.keep_revisions)
        writer = EntryWriter(store, log, vectors, history)
        retriever = open_retriever(settings.retriever, settings.retriever_options)
        calibrations = Calibrations(
            database,
            background,
            _policy(settings),
            retriever,
            delay_seconds=settings.calibration_delay_seconds,
        )
        shared = await _shared(settings, stack)
        files = IndexFiles(settings.index_folder) if settings.index_folder and not shared else None
        kinds = _kinds(settings)
        indexes = Indexes(
            Parts(database, store, log, vectors, calibrations, retriever, background, kinds, files, shared)
        )
        change = EncoderChange(
            indexes, database, encoder, _source(chosen), seconds=settings.encoder_watch_seconds
        )
        stack.push_async_callback(change.close)
        stack.push_async_callback(indexes.close)
        await indexes.open()
        questions = QuestionStore()
        grouping = Grouping(
            database, store, questions, lambda: change.current, likeness=settings.group_likeness
        )
        remembering = Remembering(
            database, store, questions, grouping, switched_on=settings.remember_questions
        )
        stack.push_async_callback(remembering.close)
        forgetting = Forgetting(database, store, days=settings.keep_questions_days)
        trimming = Trimming(log, store.topics, settings.keep_events)
        chores = Chores(database, ledger, trimming, [forgetting.once])
        upkeep = Upkeep(indexes, save_seconds=settings.index_save_seconds)
        await stack.enter_async_context(
            running(
                upkeep.run(),
                upkeep.run_saving(),
                upkeep.run_keeping(),
                change.run(),
                remembering.run(),
                grouping.run(),
                chores.run(every_seconds=settings.chores_seconds),
            )
        )
        search = Search(indexes, searching)
        knowledge = Knowledge(database, ledger, store, writer, history)
        ratings = Ratings(database, ledger, store, questions, grouping)
        review = Review(database, ledger, store, questions, writer, search, remembering)
        importer, exporter = Importer(database, store, writer), Exporter(database, store)
        faq = FaqService(search, remembering, ratings)
        known = KnowledgeService(knowledge, importer, exporter, search, indexes)
        yield Serving(
            servicers=(
                (faq_service_pb2_grpc.add_FaqServiceServicer_to_server, faq),
                (knowledge_service_pb2_grpc.add_KnowledgeServiceServicer_to_server, known),
                (review_service_pb2_grpc.add_ReviewServiceServicer_to_server, ReviewService(review, ratings)),
            ),
            ready=database.check,
        )


async def _opened(chosen: EncoderSettings) -> BatchingEncoder:
    opened = await asyncio.to_thread(open_encoder, chosen)
    return BatchingEncoder.from_settings(opened, chosen)


def _source(chosen: EncoderSettings) -> Source:
    """Returns what tells which encoder is installed; only one that is read from a folder is ever another."""

    def fingerprint() -> str | None:
        if chosen.name != "onnx":
            return None
        try:
            return Manifest.read(chosen.folder).fingerprint
        except EncoderUnavailable:  # in the middle of being changed, or taken away: what is loaded goes on
            return None

    return Source(fingerprint, lambda: _opened(chosen))


def _kinds(settings: FaqSettings) -> Kinds:
    return Kinds(
        choice=settings.index_kind,
        fp16_from=settings.index_fp16_from,
        ivf_from=settings.index_ivf_from,
        train_from=settings.index_train_from,
        most_wear=settings.index_most_wear,
    )


async def _shared(settings: FaqSettings, stack: AsyncExitStack) -> PgVectorIndexes | None:
    """Returns where replicas keep their vectors together; None when each keeps its own."""
    if settings.index_kind != "pgvector":
        return None
    connections = settings.search_threads + _BACKGROUND_THREADS
    server = stack.enter_context(VectorServer(settings.vectors_url(), connections=connections))
    await asyncio.to_thread(server.check)
    return PgVectorIndexes(server, graph_from=settings.index_graph_from)


def _threads(name: str, count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix=name, initializer=use_one_thread)


def _policy(settings: FaqSettings) -> Policy:
    return Policy(
        max_wrong=settings.max_wrong,
        delta=settings.max_wrong_delta,
        expected_unanswerable=settings.expected_unanswerable,
        max_questions=settings.calibration_questions,
    )
