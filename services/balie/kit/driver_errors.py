"""What a driver's error means: the database is away, another write came first, or our own mistake.

Only our own mistakes and broken constraints leave this module as SQLAlchemy's errors, with the values taken out of
their texts, since a value may be what a customer wrote.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from balie.kit.errors import DatabaseUnavailable, Failure, WriteConflict

# SQLSTATE classes: connection, authorisation, unknown database, resources, operator intervention, system error.
_AWAY_CLASSES = frozenset({"08", "28", "3D", "53", "57", "58"})
# A session that idled too long in a transaction, or was in one too long: the server ended the connection.
_AWAY_STATES = frozenset({"25P03", "25P04"})
_CONFLICT_CLASS = "40"  # serialisation failure, deadlock
_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY_STATE = "25006"
_VALUE_CLASSES = frozenset({"22", "23"})  # the server quotes values in data exceptions and broken constraints

_DRIVER_ERRORS = (
    DBAPIError,
    PoolTimeout,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_AWAY_SQLITE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,  # another process holds the file: within this one writers wait for each other
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)

_log = structlog.get_logger()


@contextmanager
def translated(*, writing: bool, connecting: bool = False) -> Iterator[None]:
    """Turns a driver's error about the database into a failure of the kit.

    Args:
        writing: in a writing transaction a read-only database means that it is away (a standby, a full or
            remounted disk); in a reading one it means that our own code tried to write.
        connecting: whatever goes wrong before the first statement means that the database is away.

    Raises:
        DatabaseUnavailable: the connection, the server or the disk failed; after a commit the outcome is unknown.
        WriteConflict: the database gave up this transaction for another one.
    """
    try:
        yield
    except (*_DRIVER_ERRORS, OSError) as error:
        failure = _failure_of(error, writing=writing)
        if failure is None and connecting:
            failure = DatabaseUnavailable()
        if failure is None:
            _take_values_out(error)
            raise
        cause = getattr(error, "orig", None) or error
        _log.warning(
            "database failed", reason=failure.reason, error=type(cause).__name__, code=_code_of(cause)
        )
        raise failure from None


def _failure_of(error: Exception, *, writing: bool) -> Failure | None:
    if not isinstance(error, DBAPIError):
        state = getattr(error, "sqlstate", None)
        return DatabaseUnavailable() if state is None else _failure_of_state(state, writing=writing)
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _failure_of_sqlite(cause, writing=writing) or (
            DatabaseUnavailable() if error.connection_invalidated else None
        )
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _failure_of_state(state, writing=writing)
    # Without a state it is the driver that speaks: a closed or confused connection, or a statement that another
    # version of this service made stale by migrating. All are gone when tried again.
    stale = type(cause).__name__ in {"InterfaceError", "InternalClientError", "InvalidCachedStatementError"}
    return DatabaseUnavailable() if stale or error.connection_invalidated else None


def _failure_of_state(state: str, *, writing: bool) -> Failure | None:
    if state[:2] == _CONFLICT_CLASS or state == _LOCK_NOT_AVAILABLE:
        return WriteConflict()
    if state[:2] in _AWAY_CLASSES or state in _AWAY_STATES or (writing and state == _READ_ONLY_STATE):
        return DatabaseUnavailable()
    return None


def _failure_of_sqlite(cause: sqlite3.Error, *, writing: bool) -> Failure | None:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    if code in _AWAY_SQLITE or (writing and code == sqlite3.SQLITE_READONLY):
        return DatabaseUnavailable()
    return None


def _code_of(cause: BaseException) -> str | None:
    return getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)


def _take_values_out(error: BaseException) -> None:
    """Replaces the server's text in an error and its causes, which `logging` would print with the traceback."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    if state is None or state[:2] not in _VALUE_CLASSES:
        return
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    constraint = getattr(chain[-1], "constraint_name", None)
    text = f"SQLSTATE {state}" + (f", constraint {constraint}" if constraint else "")
    for link in chain:
        link.args = (text, *link.args[1:])
        if isinstance(link, asyncpg.PostgresError):
            link.detail = None  # `str` of asyncpg's errors adds it: "Key (name)=(…) already exists"
