"""Fixtures for all tests: fresh databases.

What they need is imported when a test asks for them, so that tests of the base install run without it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.required import pytest_runtest_makereport  # noqa: F401 - a hook of every run

if TYPE_CHECKING:
    from tests.databases import PostgresDatabases


@pytest.fixture(scope="session")
def postgresql_databases() -> "Iterator[PostgresDatabases]":
    from tests.databases import NoPostgres, PostgresDatabases, postgres_server

    try:
        with postgres_server() as server:
            databases = PostgresDatabases(server)
            yield databases
            databases.drop()
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def pgvector_databases() -> "Iterator[PostgresDatabases]":
    from tests.databases import NoPostgres, PostgresDatabases, pgvector_server

    try:
        with pgvector_server() as server:
            databases = PostgresDatabases(server)
            yield databases
            databases.drop()
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def pgvector_url(pgvector_databases: "PostgresDatabases") -> Iterator[str]:
    """The url of an empty database on a server with pgvector; mark the test `pgvector`."""
    with pgvector_databases.lent() as lend:
        yield lend()


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """SQLite files begin as copies of migrated ones from now on."""
    from tests import databases

    with databases.sqlite_templates(tmp_path_factory.mktemp("templates")):
        yield


@pytest.fixture
def sqlite_urls(tmp_path: Path, sqlite_templates: None) -> Callable[[], str]:
    """Makes urls of SQLite databases that do not exist yet."""
    from tests.databases import sqlite_databases

    return sqlite_databases(tmp_path)


@pytest.fixture
def postgresql_urls(postgresql_databases: "PostgresDatabases") -> Iterator[Callable[[], str]]:
    """Makes urls of empty PostgreSQL databases."""
    with postgresql_databases.lent() as lend:
        yield lend


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_urls(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes urls of fresh databases, each time another: the test runs on SQLite and on PostgreSQL."""
    make: Callable[[], str] = request.getfixturevalue(f"{request.param}_urls")
    return make


@pytest.fixture
def database_url(database_urls: Callable[[], str]) -> str:
    """The url of a fresh database: the test runs on SQLite and on PostgreSQL."""
    return database_urls()


@pytest.fixture
def sqlite_url(sqlite_urls: Callable[[], str]) -> str:
    """The url of a fresh SQLite database, for what only SQLite has."""
    return sqlite_urls()


@pytest.fixture
def postgresql_url(postgresql_urls: Callable[[], str]) -> str:
    """The url of a fresh PostgreSQL database, for what only PostgreSQL has; mark the test `postgres`."""
    return postgresql_urls()
