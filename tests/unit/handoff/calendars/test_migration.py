"""Queues that were there before calendars go on without one."""

import importlib

import sqlalchemy as sa
from tests.unit.handoff.desks import TENANT, desks

from balie.handoff import tables
from balie.handoff.app import MIGRATIONS
from balie.kit import tables as kit_tables
from balie.kit.migrations import drift

BEFORE = importlib.import_module(f"{MIGRATIONS}.versions.0003_calendars").down_revision


async def test_queues_of_before_have_no_calendar(database_url: str) -> None:
    async with desks(database_url) as at:
        await at.queue()
        before = await at.staff.queue(TENANT, "desk")
        async with at.database.write() as tx:  # as the schema was before
            for statement in (
                "DROP INDEX queues_calendar_ix",
                "ALTER TABLE queues DROP COLUMN calendar_id",
                "DROP TABLE calendars",
                f"UPDATE alembic_version SET version_num = '{BEFORE}'",
            ):
                await tx.execute(sa.text(statement))
    async with desks(database_url) as at:
        assert await at.staff.queue(TENANT, "desk") == before
        assert before.profile.calendar_id == ""
    assert await drift(database_url, tables.metadata, kit_tables.metadata) == []
