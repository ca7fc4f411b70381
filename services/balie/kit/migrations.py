"""Brings a database to the schema its service was written for.

A service owns a package `balie.<service>.migrations` with a folder `versions` of plain Alembic revisions and nothing
else. They only go forward. All that are missing run in one transaction, under a lock that all replicas share.
"""

from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import cast

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from balie.kit import engines
from balie.kit.columns import Text, UtcDateTime
from balie.kit.driver_errors import translated

_ADVISORY_LOCK = 0x62616C6965  # "balie": one number for all services, as each has its own database


class SchemaUnknown(RuntimeError):
    """The database was migrated by a newer version of the service than this one."""


async def upgrade(url: URL, package: str) -> None:
    """Applies the revisions of `package` that the database lacks, all or none.

    Replicas that start at once wait for each other: the first migrates, the others find nothing to do.

    Raises:
        DatabaseUnavailable: the database does not answer.
        SchemaUnknown: the database is ahead of this code.
    """
    engine = engines.migrating(url)
    try:
        with translated(writing=True), as_file(files(package).joinpath("versions")) as versions:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, package, versions)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, package: str, versions: Path) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:  # SQLite's BEGIN IMMEDIATE has taken the lock already
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    config = _config(versions)
    directory = ScriptDirectory.from_config(config)
    applied = set(MigrationContext.configure(connection).get_current_heads())
    unknown = applied - {script.revision for script in directory.walk_revisions()}
    if unknown:
        raise SchemaUnknown(
            f"the database is at revision {', '.join(sorted(unknown))}, which this {package} does not know: "
            "run the version that migrated it, or a newer one"
        )
    if applied == set(directory.get_heads()):
        return  # most starts are of a service that was here before
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise RuntimeError(f"a migration of {package} left rows whose foreign key points nowhere")


def _config(versions: Path) -> Config:
    config = Config()
    options = {
        "script_location": Path(__file__).parent / "alembic",
        "version_locations": versions,
        "path_separator": "newline",
    }
    for name, value in options.items():
        config.set_main_option(name, str(value).replace("%", "%%"))  # the parser interpolates
    return config


async def drift(url: str, *metadata: sa.MetaData) -> list[str]:
    """Returns how a migrated database differs from the tables the code declares; empty when it does not.

    For a test of each service: its own metadata and `balie.kit.tables.metadata` against its migrations.
    """

    def differences(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection)
        return [str(difference) for difference in compare_metadata(context, cast(sa.MetaData, metadata))]

    engine = engines.migrating(engines.parse(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(differences)
    finally:
        await engine.dispose()


def create_kit_tables(op: ModuleType) -> None:
    """Creates the kit's tables as of version 1, for the first revision of every service.

    Frozen: a later version of these tables gets a function of its own, which a later revision calls.

    Args:
        op: `alembic.op`.
    """
    op.create_table(
        "log_head",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("topic", Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic", name="log_head_pk"),
    )
    op.create_table(
        "log",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("topic", Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("event_id", Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic", "position", name="log_pk"),
        sa.UniqueConstraint("tenant", "topic", "event_id", name="log_event_id_uq"),
    )
    op.create_table(
        "requests",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("caller", Text, nullable=False),
        sa.Column("rpc", Text, nullable=False),
        sa.Column("request_id", Text, nullable=False),
        sa.Column("digest", Text, nullable=False),
        sa.Column("result", Text),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "caller", "rpc", "request_id", name="requests_pk"),
    )
    op.create_index("requests_recorded_at_ix", "requests", ["recorded_at"])
    op.create_table(
        "cursors",
        sa.Column("tenant", Text, nullable=False),
        sa.Column("follower", Text, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("cursor", Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "follower", "source", name="cursors_pk"),
    )
