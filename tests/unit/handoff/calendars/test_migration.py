"""Queues that were there before calendars go on without one."""

import importlib
from importlib.resources import as_file, files

import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection
from tests.unit.handoff.desks import TENANT, desks

from balie.handoff import tables
from balie.handoff.app import MIGRATIONS
from balie.handoff.staffing.profiles import QueueProfile
from balie.kit import engines, migrations
from balie.kit import tables as kit_tables

BEFORE = importlib.import_module(f"{MIGRATIONS}.versions.0003_calendars").down_revision


async def test_queues_of_before_have_no_calendar(database_url: str) -> None:
    await migrated_until_calendars(database_url)
    async with desks(database_url) as at:
        assert (await at.staff.queue(TENANT, "desk")).profile == QueueProfile("desk", "Desk")
    assert await migrations.drift(database_url, tables.metadata, kit_tables.metadata) == []


async def migrated_until_calendars(url: str) -> None:
    """Makes the database as it was before, with a queue."""

    def migrate(connection: Connection) -> None:
        with as_file(files(MIGRATIONS).joinpath("versions")) as versions:
            config = migrations._config(versions)
            config.attributes["connection"] = connection
            command.upgrade(config, BEFORE)

    engine = engines.migrating(engines.parse(url))
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        await connection.execute(
            sa.text(
                "INSERT INTO queues (tenant, id, display_name, max_wait_seconds, offer_timeout_seconds) "
                "VALUES (:tenant, 'desk', 'Desk', 600, 30)"
            ),
            {"tenant": TENANT},
        )
    await engine.dispose()
