"""Replicas of keyword work without NLU's server, over real databases."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from balie.kit.background import running
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.imports.progress import ImportProgress, Problem
from balie.kit.ledger import Ledger, Write
from balie.nlu.domain import Target, TargetKind
from balie.nlu.keywords.catalogue import FileKeywords, KeywordCatalogue
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.importing import KeywordImporter
from balie.nlu.keywords.keyword import Keyword, Pattern
from balie.nlu.keywords.live import LiveKeywords, Parts
from balie.nlu.keywords.stored import StoredKeyword
from balie.nlu.keywords.writing import KeywordWriter

TENANT = "acme"
LANGUAGES = ("nl", "de", "en")
PATIENCE_SECONDS = 20.0  # far more than anything here takes: a test that hangs fails with its own name


def keyword(
    key: str, *terms: str, target: str = "", patterns: Sequence[str] = (), language: str = "nl"
) -> Keyword:
    """Returns a keyword."""
    return Keyword(
        key,
        Target(TargetKind.VALUE, target or key),
        {language: terms} if terms else {},
        tuple(Pattern(expression) for expression in patterns),
    )


def write(tenant: str = TENANT, request_id: str = "", digest: str = "d") -> Write:
    """Returns a write, of its own unless an id is given."""
    return Write(tenant, "admin:local", "/test/Write", request_id or new_id(), digest)


@dataclass
class Replica:
    """One replica, and short words for what is done with it."""

    database: Database
    log: EventLog
    catalogue: KeywordCatalogue
    importer: KeywordImporter
    live: LiveKeywords

    async def put(self, content: Keyword, etag: str = "", tenant: str = TENANT) -> StoredKeyword:
        """Returns a keyword, stored."""
        return await self.catalogue.upsert(write(tenant), content, etag)

    async def drop(self, key: str, etag: str = "") -> int:
        """Returns the generation from which on a keyword is gone."""
        return await self.catalogue.delete(write(), key, etag)

    async def take(
        self, parts: Iterable[Keyword | Problem], *, dry_run: bool = False
    ) -> list[ImportProgress]:
        """Returns all that an import tells."""

        async def stream() -> AsyncGenerator[Keyword | Problem, None]:
            for part in parts:
                yield part

        return [step async for step in self.importer.run(TENANT, stream(), dry_run=dry_run)]

    async def found(self, text: str, generation: int = 0, tenant: str = TENANT) -> list[tuple[str, str]]:
        """Returns ids and targets of the keywords in a Dutch text, once a generation is looked for."""
        await self.live.reached(tenant, generation, wait_seconds=PATIENCE_SECONDS)
        matches = self.live.find(text, "nl", (), tenant)
        return [(match.keyword_id, match.target.name) for match in matches]


@asynccontextmanager
async def replica(url: str, file: Sequence[Keyword] = (), *, follows: bool = True) -> AsyncIterator[Replica]:
    """Opens a replica; one that does not follow sees what was there when it opened."""
    with ThreadPoolExecutor(1) as workers:
        async with Database.open(url, migrations="balie.nlu.migrations") as database:
            log, of_file = EventLog(database, poll_seconds=0.02), FileKeywords(file)
            writer = KeywordWriter(log)
            live = LiveKeywords(Parts(database, log, of_file, workers), KeywordFinder(file, LANGUAGES))
            await live.open()
            async with running(live.run() if follows else asyncio.Event().wait()):  # type: ignore[arg-type]
                yield Replica(
                    database=database,
                    log=log,
                    catalogue=KeywordCatalogue(database, Ledger(), writer, of_file),
                    importer=KeywordImporter(database, writer, of_file),
                    live=live,
                )
