"""SQLAlchemy engines for the two databases: how connections are set up and how their transactions begin."""

import asyncio
import json
import sqlite3
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, NullPool, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"

_MIGRATION_BUSY_SECONDS = 60.0  # how long a replica waits while another migrates a SQLite file
_WAL_RETRY_SECONDS = 0.02
_IDLE_IN_TRANSACTION_SECONDS = 60  # after that a replica that hangs loses its locks

# For every engine: errors do not repeat what a customer wrote, and what JSON cannot say is refused at once.
_ALWAYS: dict[str, Any] = {
    "hide_parameters": True,
    "json_serializer": partial(json.dumps, ensure_ascii=False, allow_nan=False),
}


@dataclass(frozen=True)
class Engines:
    """The engines of one open database; on PostgreSQL both share one pool.

    Attributes:
        reader: its transactions see one snapshot and cannot write.
        writer: its transactions may write.
        writers: how many transactions may write at once.
    """

    reader: AsyncEngine
    writer: AsyncEngine
    writers: int

    async def dispose(self) -> None:
        """Closes every connection that is not in use."""
        await self.reader.dispose()
        await self.writer.dispose()


def parse(url: str) -> URL:
    """Returns the parts of a database's address.

    Raises:
        ValueError: it is neither a SQLite file for aiosqlite nor a PostgreSQL database for asyncpg.
    """
    parts = make_url(url)
    if parts.drivername not in {SQLITE, POSTGRESQL}:
        raise ValueError(
            f"a database url begins with {SQLITE}:// or {POSTGRESQL}://, not {parts.drivername}://"
        )
    if parts.drivername == SQLITE and (not parts.database or ":memory:" in parts.database):
        raise ValueError(
            "a SQLite database is a file: its readers and its writer are connections of their own"
        )
    return parts


def serving(
    url: URL, *, application: str, connections: int, wait_seconds: float, statement_seconds: float
) -> Engines:
    """Returns engines for a service at work; nothing connects yet. `Database.open` says what the numbers mean."""
    if url.drivername == SQLITE:
        wait: dict[str, Any] = {
            "busy_seconds": wait_seconds,
            "poolclass": AsyncAdaptedQueuePool,
            "max_overflow": 0,
        }
        reader = _sqlite(url, begin="BEGIN", pragmas=("query_only=ON",), pool_size=connections, **wait)
        writer = _sqlite(url, begin="BEGIN IMMEDIATE", pool_size=1, **wait)
        return Engines(reader, writer, writers=1)
    engine = create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,  # after a fail-over the first caller gets a live connection, not a dead one
        connect_args={
            "timeout": statement_seconds,
            "command_timeout": statement_seconds,
            "server_settings": {
                "application_name": application,
                "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_SECONDS}s",
                "jit": "off",
            },
        },
        **_ALWAYS,
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(reader, engine, writers=connections)


def migrating(url: URL) -> AsyncEngine:
    """Returns an engine whose one connection may change the schema, and may take long.

    SQLite's foreign keys are not enforced on it: altering a table there means copying and dropping it, and with
    enforcement the drop would delete the rows that refer to it. The migration checks them at its end.
    """
    if url.drivername == POSTGRESQL:
        return create_async_engine(url, poolclass=NullPool, **_ALWAYS)
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = _sqlite(
        url,
        begin="BEGIN IMMEDIATE",
        busy_seconds=_MIGRATION_BUSY_SECONDS,
        pragmas=("foreign_keys=OFF",),
        poolclass=NullPool,
    )
    event.listen(engine.sync_engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: Any, _record: object) -> None:
    """Switches the file to a write-ahead log, which it keeps.

    Of two connections that switch a new file at once, SQLite refuses one immediately, however long its busy timeout
    is: both would wait for each other's lock. That one tries again.
    """
    deadline = time.monotonic() + _MIGRATION_BUSY_SECONDS
    cursor = connection.cursor()
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            await_only(asyncio.sleep(_WAL_RETRY_SECONDS))
    cursor.close()


def _sqlite(
    url: URL, *, begin: str, busy_seconds: float, pragmas: tuple[str, ...] = (), **options: Any
) -> AsyncEngine:
    engine = create_async_engine(url, **_ALWAYS, **options)
    always = (
        f"busy_timeout={round(busy_seconds * 1000)}",  # how long to wait for another process that holds the file
        "synchronous=FULL",  # per connection: an acknowledged commit survives the loss of power
        "foreign_keys=ON",
        "temp_store=MEMORY",  # containers have no writable folder for temporary files
        "trusted_schema=OFF",
    )

    # The driver's own implicit BEGIN is switched off and ours sent instead, as SQLAlchemy documents under
    # "Enabling Non-Legacy SQLite Transactional Modes": only so do SELECT and DDL run inside the transaction.
    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (*always, *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
