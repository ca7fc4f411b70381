"""A service's database: one code path over SQLite and PostgreSQL.

A writing transaction never loses what it acknowledged and never leaves a lock behind: a cancelled one is rolled back
before its task ends, and one with a failed statement cannot be committed by mistake.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from balie.kit import engines
from balie.kit.cancellation import see_through
from balie.kit.columns import Json, Text, UtcDateTime
from balie.kit.errors import DatabaseUnavailable, WriteConflict
from balie.kit.migrations import upgrade
from balie.kit.transaction import Transaction, TransactionSpoiled, transaction

__all__ = ["Database", "Json", "Text", "Transaction", "TransactionSpoiled", "UtcDateTime", "WriteConflict"]

_CLOSING_SECONDS = 5.0

_log = structlog.get_logger()


class Database:
    """An open database; services get it from `Database.open` in their composition root.

    Attributes:
        dialect: "sqlite" or "postgresql".
    """

    def __init__(self, pools: engines.Engines, *, connections: int, wait_seconds: float) -> None:
        self.dialect = pools.writer.dialect.name
        self._pools = pools
        self._wait_seconds = wait_seconds
        # Turns are taken in the order of asking, before a connection is asked of the pool: 64 writers of a SQLite
        # file wait here, where a cancelled one leaves no trace, and not in SQLite's busy loop.
        self._writing_turns = asyncio.Semaphore(pools.writers)
        self._reading_turns = asyncio.Semaphore(connections) if pools.writers == 1 else self._writing_turns
        self._tasks: set[asyncio.Task[Any] | None] = set()
        self._idle = asyncio.Event()
        self._closed = False

    @staticmethod
    @asynccontextmanager
    async def open(
        url: str,
        *,
        migrations: str,
        connections: int = 8,
        wait_seconds: float = 10.0,
        statement_seconds: float = 30.0,
    ) -> AsyncIterator["Database"]:
        """Migrates the database, opens it, and closes it after the last transaction has ended.

        Args:
            url: `sqlite+aiosqlite:////path/file.sqlite3` or `postgresql+asyncpg://user@host/name`.
            migrations: package that holds the service's `versions`, such as `balie.gateway.migrations`.
            connections: transactions at once; on SQLite readers, beside its one writer.
            wait_seconds: how long a transaction waits for its turn, and on SQLite for another process that holds
                the file, before the database counts as unavailable.
            statement_seconds: longest time of one statement on PostgreSQL, and of connecting to it.

        Raises:
            DatabaseUnavailable: the database does not answer.
            SchemaUnknown: a newer version of the service has migrated it.
            ValueError: the url names neither of the two.
        """
        parts = engines.parse(url)
        await upgrade(parts, migrations)
        pools = engines.serving(
            parts,
            application=migrations.removesuffix(".migrations"),
            connections=connections,
            wait_seconds=wait_seconds,
            statement_seconds=statement_seconds,
        )
        database = Database(pools, connections=connections, wait_seconds=wait_seconds)
        try:
            yield database
        finally:
            await see_through(database._close())

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Returns a transaction that sees one snapshot, taken at its first statement, and cannot write.

        Raises:
            RuntimeError: this task is inside a transaction of this database already.
        """
        return self._transaction(self._pools.reader, self._reading_turns, writing=False)

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Returns a transaction that commits when its block ends and rolls back when an exception leaves it.

        On SQLite it holds the file's only write lock from its beginning, so work that waits for anything else does
        not belong in it. On PostgreSQL it is READ COMMITTED: lock the rows on which a decision rests. When
        DatabaseUnavailable comes from the commit, nobody knows if it happened: a replay of the request id tells.

        Raises:
            RuntimeError: this task is inside a transaction of this database already.
        """
        return self._transaction(self._pools.writer, self._writing_turns, writing=True)

    async def check(self) -> None:
        """Returns when the database answers a query.

        Raises:
            DatabaseUnavailable: it does not.
        """
        async with self.read() as tx:
            await tx.execute(sa.text("SELECT 1 FROM log_head LIMIT 1"))

    @asynccontextmanager
    async def _transaction(
        self, engine: AsyncEngine, turns: asyncio.Semaphore, *, writing: bool
    ) -> AsyncIterator[Transaction]:
        with self._registered():
            await self._turn(turns)
            try:
                async with transaction(engine, writing=writing) as tx:
                    yield tx
            finally:
                turns.release()

    @contextmanager
    def _registered(self) -> Iterator[None]:
        """Keeps each task to one transaction at a time.

        A second one would not see what the first has written, would wait for its locks for ever, and could take the
        last connection that the first ones of others are waiting for.
        """
        if self._closed:
            raise DatabaseUnavailable
        task = asyncio.current_task()
        if task in self._tasks:
            raise RuntimeError("a transaction inside a transaction: hand the outer one on instead")
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)
            if not self._tasks:
                self._idle.set()

    async def _turn(self, turns: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turns.acquire()
        except TimeoutError:
            _log.warning("no turn in the database", waited_seconds=self._wait_seconds)
            raise DatabaseUnavailable from None

    async def _close(self) -> None:
        self._closed = True
        self._idle.clear()
        if self._tasks:
            try:
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await self._idle.wait()
            except TimeoutError:
                _log.error("database closed under running transactions", transactions=len(self._tasks))
        await self._pools.dispose()
