"""One transaction: its statements, and how it begins and ends under errors and cancellation."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import CursorResult, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from balie.kit.cancellation import see_through
from balie.kit.driver_errors import translated

_log = structlog.get_logger()


@dataclass
class _State:
    writing: bool
    spoiled: bool = False
    actions: list[Callable[[], None]] = field(default_factory=list)


class TransactionSpoiled(RuntimeError):
    """A statement of the transaction failed, the error was swallowed, and the transaction was used again.

    PostgreSQL would answer the commit of such a transaction with a silent rollback, and SQLite would keep the other
    half. Whoever expects a constraint to be hit says so in the statement: `on_conflict_do_nothing`.
    """


class Transaction:
    """The statements of one transaction, one after another. Made by `Database.read` and `Database.write`."""

    def __init__(self, connection: AsyncConnection, state: "_State") -> None:
        self._connection = connection
        self._state = state

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Returns the result of one statement, all rows fetched.

        Raises:
            DatabaseUnavailable: the database does not answer.
            WriteConflict: the database gave this transaction up for another one.
            sqlalchemy.exc.IntegrityError: a constraint was broken; the transaction can only be left.
        """
        if self._state.spoiled:
            raise TransactionSpoiled("a statement of this transaction failed before")
        try:
            with translated(writing=self._state.writing):
                step = self._connection.execute(statement, parameters)
                return await (see_through(step) if _runs_on(self._connection.dialect.name) else step)
        except BaseException:
            self._state.spoiled = True
            raise

    async def one(self, statement: Executable) -> Row[Any] | None:
        """Returns the only row, None when there is none."""
        return (await self.execute(statement)).one_or_none()

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """Returns all rows."""
        return (await self.execute(statement)).all()

    async def scalar(self, statement: Executable) -> Any:
        """Returns the first column of the only row, None when there is none."""
        return (await self.execute(statement)).scalar_one_or_none()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Returns an INSERT that knows `on_conflict_do_nothing`, `on_conflict_do_update` and `returning`."""
        return sqlite.insert(table) if self._connection.dialect.name == "sqlite" else postgresql.insert(table)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs a short action once this transaction is on disk; never when it is rolled back."""
        if not self._state.writing:
            raise RuntimeError("a reading transaction has no commit to wait for")
        self._state.actions.append(action)


@asynccontextmanager
async def transaction(engine: AsyncEngine, *, writing: bool) -> AsyncIterator[Transaction]:
    """Yields a transaction, then commits it; rolls it back when an exception or a cancellation leaves the block.

    Its connection has come to rest when this returns: rolled back and in the pool, or dropped.
    """
    connection = await _begin(engine, writing=writing)
    state = _State(writing)
    try:
        yield Transaction(connection, state)
        await see_through(_commit(connection, state))
    finally:
        await see_through(_leave(connection))


async def _commit(connection: AsyncConnection, state: _State) -> None:
    if not state.writing:
        return
    if state.spoiled:
        raise TransactionSpoiled("a statement of this transaction failed: it cannot be committed")
    with translated(writing=state.writing):
        await connection.commit()
    for action in state.actions:
        try:
            action()
        except Exception:  # noqa: BLE001  the write stands, and its caller must not come to believe otherwise
            _log.exception("action after commit failed")


async def _leave(connection: AsyncConnection) -> None:
    try:
        await connection.rollback()  # nothing is left to roll back after a commit
    except Exception:  # noqa: BLE001  whatever it is, the server rolls back when the connection is gone
        await connection.invalidate()
    await connection.close()


async def _begin(engine: AsyncEngine, *, writing: bool) -> AsyncConnection:
    connection = engine.connect()
    try:
        with translated(writing=writing, connecting=True):
            step = _started(connection)
            await (see_through(step) if _runs_on(engine.dialect.name) else step)
    except BaseException:
        if connection.sync_connection is not None:
            await see_through(connection.close())
        raise
    return connection


async def _started(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()


def _runs_on(dialect: str) -> bool:
    """Tells if a statement runs on, in the driver's thread, when the task that sent it is cancelled.

    That task then waits for it. A statement of PostgreSQL can wait long for another transaction; there SQLAlchemy
    gives up the connection instead.
    """
    return dialect == "sqlite"
