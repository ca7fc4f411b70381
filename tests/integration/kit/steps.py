"""Steps that several tests of the kit take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from tests.fakes.migrations_example.tables import notes

from balie.kit.database import Database, Transaction
from balie.kit.eventlog import EventLog, Record

T = TypeVar("T")

TENANT = "acme"
TOPIC = "notes"
PATIENCE_SECONDS = 20.0  # far more than anything here takes: a test that hangs fails with its own name
MIGRATIONS = "tests.fakes.migrations_example"


def opened(url: str, **options: Any) -> AbstractAsyncContextManager[Database]:
    return Database.open(url, migrations=MIGRATIONS, **options)


class GivenUp(Exception):
    """A writer changed its mind."""


@asynccontextmanager
async def given_up(database: Database) -> AsyncIterator[Transaction]:
    """Yields a writing transaction that is rolled back at its end."""
    try:
        async with database.write() as tx:
            yield tx
            raise GivenUp
    except GivenUp:
        pass


async def add_note(tx: Transaction, note_id: str, *, tenant: str = TENANT) -> None:
    await tx.execute(sa.insert(notes).values(tenant=tenant, id=note_id, version=1))


async def note_ids(database: Database) -> list[str]:
    async with database.read() as tx:
        return [row.id for row in await tx.all(sa.select(notes.c.id).order_by(notes.c.id))]


async def append(
    database: Database, log: EventLog, *payloads: bytes, tenant: str = TENANT, topic: str = TOPIC
) -> None:
    """Appends in one transaction each."""
    for payload in payloads:
        async with database.write() as tx:
            await log.append(tx, tenant, topic, payload)


async def take(stream: AsyncIterator[T], count: int) -> list[T]:
    """Returns the next elements of a stream, which stays open."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(stream) for _ in range(count)]


async def followed(
    log: EventLog, count: int, *, after: int = 0, tenant: str = TENANT, topic: str = TOPIC
) -> list[Record]:
    """Returns the first records that a new follower sees."""
    return await take(log.follow(tenant, topic, after), count)


async def stays_pending(task: "asyncio.Task[T]", seconds: float = 0.2) -> bool:
    """Tells if a task, given time, has not ended."""
    await asyncio.wait({task}, timeout=seconds)
    return not task.done()


def positions(records: list[Record]) -> list[int]:
    return [record.position for record in records]


def payloads(records: list[Record]) -> list[bytes]:
    return [record.payload for record in records]
