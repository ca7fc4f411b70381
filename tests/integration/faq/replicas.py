"""Replicas of the FAQ service without its server, over real databases and an encoder that is told from its texts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes.words_encoder import WordsEncoder

from balie.faq.domain import Answer, Answers, Calibration, Question
from balie.faq.index.faiss_index import use_one_thread
from balie.faq.index.files import IndexFiles
from balie.faq.index.indexes import Indexes
from balie.faq.index.kinds import Kinds
from balie.faq.index.parts import Parts
from balie.faq.index.pgvector_index import PgVectorIndexes
from balie.faq.index.pgvector_server import VectorServer
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.domain import CollectionContent, Entry, EntryContent, EntryText
from balie.faq.knowledge.history import History
from balie.faq.knowledge.importing import Importer
from balie.faq.knowledge.knowledge import Knowledge
from balie.faq.knowledge.store import Store
from balie.faq.knowledge.writing import EntryWriter
from balie.faq.retrieval.calibrating import Calibrations
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.port import PARTS, Retriever
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever
from balie.faq.retrieval.search import Search
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger, Write

TENANT = "acme"
FERRY = "ferry"
PATIENCE_SECONDS = 20.0  # far more than anything here takes: a test that hangs fails with its own name
NEVER = 600.0  # of a calibration: it takes far longer than what the others show
SOON = 0.05
POLICY = Policy(max_wrong=0.05, delta=0.1, expected_unanswerable=0.3)


@dataclass
class Replica:
    """One replica, and short words for what is done with it."""

    database: Database
    log: EventLog
    ledger: Ledger
    store: Store
    vectors: Vectors
    indexes: Indexes
    knowledge: Knowledge
    importer: Importer
    searching: Search
    encoder: WordsEncoder

    async def collect(
        self, name: str = FERRY, languages: Sequence[str] = ("en", "nl"), tenant: str = TENANT
    ) -> int:
        """Returns the generation of a collection that it creates or changes."""
        content = CollectionContent(name, name, tuple(languages))
        return (await self.knowledge.upsert_collection(write(tenant), content, "")).own_generation

    async def trust(self, threshold: float, collection: str = FERRY) -> None:
        """Gives answers from a confidence on; a replica with a long delay learns no other."""
        (await self.indexes.of(TENANT, collection)).calibrate(Calibration(threshold, "test"))

    async def put(self, entry_id: str, *asked: str, collection: str = FERRY, tenant: str = TENANT) -> Entry:
        """Returns an entry, stored, with a question and phrasings in English."""
        return await self.knowledge.upsert_entry(write(tenant), collection, content(entry_id, *asked), "")

    async def drop(self, entry_id: str, collection: str = FERRY) -> int:
        """Returns the generation from which on an entry is gone."""
        return await self.knowledge.delete_entry(write(), collection, entry_id)

    async def search(self, text: str, **changes: Any) -> Answers:
        """Returns what a search finds."""
        tenant = changes.pop("tenant", TENANT)
        wait_seconds = changes.pop("wait_seconds", PATIENCE_SECONDS)
        values: dict[str, Any] = {
            "collection_id": FERRY,
            "text": text,
            "embedding": None,
            "language": "",
            "top_k": 5,
            "entry_ids": (),
            "min_generation": 0,
            "want_parts": True,
        }
        return await self.searching.answers(tenant, Question(**(values | changes)), wait_seconds=wait_seconds)

    async def found(self, text: str, **changes: Any) -> list[str]:
        """Returns the ids of the entries a search finds, best first."""
        return [answer.entry_id for answer in (await self.search(text, **changes)).answers]

    async def ids(self, collection: str = FERRY) -> tuple[dict[str, int], list[int]]:
        """Returns what the index holds: entries' numbers by id, and vectors' ids."""
        return (await self.indexes.of(TENANT, collection)).ids()

    async def words(self, collection: str = FERRY) -> set[int]:
        """Returns the keys of the texts that the index finds by their words."""
        return (await self.indexes.of(TENANT, collection)).look(lambda view: view.words.keys())


@asynccontextmanager
async def replica(
    url: str,
    encoder: WordsEncoder | None = None,
    *,
    policy: Policy = POLICY,
    delay_seconds: float = NEVER,
    kinds: Kinds | None = None,
    folder: Path | None = None,
    clock: Callable[[], datetime] | None = None,
    keep_revisions: int = 50,
    retriever: Retriever | None = None,
    vectors_url: str = "",
) -> AsyncIterator[Replica]:
    """Opens a replica, its indexes loaded, and closes it.

    Args:
        url: of its database.
        encoder: its own when absent.
        policy: of its calibrations.
        delay_seconds: before it calibrates; `SOON` for who waits for that, or wants it to go on beside the rest.
        kinds: of its indexes.
        folder: where it saves them; not at all when absent.
        clock: tells the moment at which an entry must be valid.
        keep_revisions: of each entry.
        retriever: ranks; the one that ships when absent.
        vectors_url: of the database where replicas keep their vectors together; each keeps its own when absent.
    """
    encoder = encoder or WordsEncoder()
    retriever = retriever or open_retriever(DEFAULT_RETRIEVER, {})
    with (
        ThreadPoolExecutor(2, initializer=use_one_thread) as workers,
        ThreadPoolExecutor(2, initializer=use_one_thread) as searchers,
        VectorServer(vectors_url) if vectors_url else nullcontext() as server,
    ):
        async with Database.open(url, migrations="balie.faq.migrations") as database:
            log, store, ledger = EventLog(database, poll_seconds=0.02), Store(), Ledger()
            vectors = Vectors(database, encoder)
            history = History(keep_revisions)
            writer = EntryWriter(store, log, vectors, history)
            calibrations = Calibrations(database, workers, policy, retriever, delay_seconds=delay_seconds)
            files = IndexFiles(folder) if folder else None
            shared = PgVectorIndexes(server, graph_from=8) if server else None
            indexes = Indexes(
                Parts(
                    database,
                    store,
                    log,
                    vectors,
                    calibrations,
                    retriever,
                    workers,
                    kinds or Kinds(),
                    files,
                    shared,
                )
            )
            try:
                await indexes.open()
                yield Replica(
                    database,
                    log,
                    ledger,
                    store,
                    vectors,
                    indexes,
                    Knowledge(database, ledger, store, writer, history),
                    Importer(database, store, writer),
                    Search(indexes, searchers, clock or (lambda: datetime.now(UTC))),
                    encoder,
                )
            finally:
                await indexes.close()


def content(entry_id: str, *asked: str, language: str = "en") -> EntryContent:
    """Returns an entry's content in one language."""
    question, *phrasings = asked or (entry_id,)
    return EntryContent(entry_id, (EntryText(language, question, tuple(phrasings), f"about {entry_id}"),))


def likeness(answer: Answer) -> float:
    """Returns the cosine similarity of a question and the nearest way to ask for an answer."""
    return answer.parts[PARTS.index("question")]


def write(tenant: str = TENANT, request_id: str | None = None, digest: str = "") -> Write:
    """Returns a write that nobody asked for before."""
    return Write(tenant, "admin:local", "/test", request_id or new_id(), digest)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns when something holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await asyncio.sleep(0.01)
