"""The PostgreSQL database that keeps vectors: connections for threads, and what has to be there before anything else.

The driver is the one that the stores use, which needs an event loop: one of its own runs in a thread, and whoever wants
something of the database waits for it there.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import asyncpg
import structlog

from balie.faq.errors import VectorDatabaseUnavailable, VectorDatabaseUnfit
from balie.kit.engines import parse

SCHEMA = "balie_vectors"
"""Of all tables here: no backup needs it, as everything in it can be made again."""

_LEAST_VERSION = (0, 8)
"""The first that goes on looking in a graph until as many are found as were asked for."""

_SEARCH_EFFORT = 100
_SETUP_LOCK = 4_051_867_213
_ATTEMPTS = 3
_CLOSING_SECONDS = 5.0

_BROKEN = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what comes of a connection that breaks within a transaction
    OSError,
    TimeoutError,
)

T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]

_log = structlog.get_logger()


class VectorServer:
    """Connections to the database; a context that closes them.

    Args:
        url: `postgresql+asyncpg://user@host/name`.
        connections: most at once.
        statement_seconds: longest time of a statement, and of connecting.
    """

    def __init__(self, url: str, *, connections: int = 8, statement_seconds: float = 30.0) -> None:
        self._dsn = parse(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connections = connections
        self._seconds = statement_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="vectors", daemon=True)
        self._opening = asyncio.Lock()
        self._asking = threading.Lock()
        self._closed = False
        self._pool: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._asking:
            self._closed = (
                True  # threads that are still at work, such as on a calibration, are refused from here on
            )
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def check(self) -> None:
        """Returns when the database answers and has what is needed.

        Raises:
            VectorDatabaseUnavailable: it does not answer.
            VectorDatabaseUnfit: it lacks something; the message says how to get it.
        """
        self.run(lambda connection: connection.execute("SELECT 1"))

    def run(self, work: "Work[T]") -> T:
        """Returns what a piece of work returns that is done with a connection; it may be done more than once.

        Raises:
            VectorDatabaseUnavailable: the database does not answer, or not as it should.
            VectorDatabaseUnfit: it lacks something.
        """
        with self._asking:
            if self._closed:
                raise VectorDatabaseUnavailable
            asked = asyncio.run_coroutine_threadsafe(self._run(work), self._loop)
        return asked.result()

    async def _run(self, work: "Work[T]") -> T:
        for attempt in range(_ATTEMPTS):
            try:
                pool = await self._opened()
                async with pool.acquire(timeout=self._seconds) as connection:
                    return await _done(work, connection)
            except asyncpg.DeadlockDetectedError:  # with another replica that writes the same
                if attempt == _ATTEMPTS - 1:
                    raise VectorDatabaseUnavailable from None
            except _BROKEN as error:
                if not self._closed:
                    _log.warning("database of vectors", problem=f"{type(error).__name__}: {error}")
                raise VectorDatabaseUnavailable from error
        raise AssertionError

    async def _opened(self) -> Any:
        """Returns the pool, made when it is first needed: the database may come later than the service."""
        async with self._opening:
            if self._pool is None:
                connection = await asyncpg.connect(
                    self._dsn, timeout=self._seconds, command_timeout=self._seconds
                )
                try:
                    place = await _set_up(connection)
                finally:
                    await connection.close()

                async def prepare(connection: Any) -> None:
                    await _prepare(connection, place)

                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=1,
                    max_size=self._connections,
                    timeout=self._seconds,
                    command_timeout=self._seconds,
                    init=prepare,
                    reset=_nothing,  # what `init` sets is to stay, and nothing else is set but within transactions
                )
            return self._pool

    async def _close(self) -> None:
        """Closes the pool, and returns when whoever waits for an answer has one."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CLOSING_SECONDS)
            except TimeoutError:
                self._pool.terminate()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=_CLOSING_SECONDS)


async def _done(work: "Work[T]", connection: Any) -> T:
    """Returns what a piece of work returns; a connection whose state is not known afterwards is not used again."""
    try:
        return await work(connection)
    except asyncpg.PostgresError:
        raise
    except BaseException:
        connection.terminate()
        raise


async def _set_up(connection: Any) -> str:
    """Returns where the extension is, after making what is not there.

    Raises:
        VectorDatabaseUnfit: it cannot be made.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SETUP_LOCK)
        place = await _extension(connection)
        if await connection.fetchval("SELECT to_regclass($1)", f"{SCHEMA}.editions") is None:
            if await connection.fetchval("SELECT to_regnamespace($1)", SCHEMA) is None:
                await _make_schema(connection)
            await connection.execute(
                f"CREATE TABLE {SCHEMA}.editions ("
                "number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, "
                "collection_id text NOT NULL, fingerprint text NOT NULL, dimensions integer NOT NULL, "
                "generation bigint NOT NULL DEFAULT 0, is_whole boolean NOT NULL DEFAULT false, "
                "used_at timestamptz NOT NULL DEFAULT now())"
            )
    return place


async def _make_schema(connection: Any) -> None:
    try:
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    except asyncpg.InsufficientPrivilegeError:
        raise VectorDatabaseUnfit(
            f"the user may not make the schema {SCHEMA}: let an administrator run "
            f"`CREATE SCHEMA {SCHEMA} AUTHORIZATION …` with the user's name"
        ) from None


async def _extension(connection: Any) -> str:
    """Returns the schema of the extension, installed if that can be."""
    query = (
        "SELECT extversion, nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
        "WHERE extname = 'vector'"
    )
    found = await connection.fetchrow(query)
    if found is None:
        if await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'") is None:
            raise VectorDatabaseUnfit(
                "the server has no pgvector: install it (Debian and Ubuntu: the package postgresql-15-pgvector for "
                "PostgreSQL 15; other systems: https://github.com/pgvector/pgvector#installation)"
            )
        try:
            await connection.execute("CREATE EXTENSION vector")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError):
            raise VectorDatabaseUnfit(
                "pgvector is not switched on in this database, and the user may not do it: let an administrator run "
                "`CREATE EXTENSION vector` there"
            ) from None
        found = await connection.fetchrow(query)
    if tuple(int(part) for part in found["extversion"].split(".")[:2]) < _LEAST_VERSION:
        raise VectorDatabaseUnfit(
            f"pgvector is {found['extversion']}, needed is 0.8 or newer: install it and run `ALTER EXTENSION vector UPDATE`"
        )
    return str(found["nspname"])


async def _prepare(connection: Any, place: str) -> None:
    await connection.execute(
        "SELECT set_config('search_path', current_setting('search_path') || ', ' || quote_ident($1), false)",
        place,
    )
    await connection.set_type_codec("halfvec", schema=place, encoder=bytes, decoder=bytes, format="binary")
    # After the first use of the type: only then does the server know these settings.
    await connection.execute("SELECT '[1]'::halfvec")
    await connection.execute(f"SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = {_SEARCH_EFFORT}")


async def _nothing(_: Any) -> None:
    """Takes the place of what a pool does with a connection that comes back."""
