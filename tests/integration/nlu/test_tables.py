"""The tables are what the migrations make."""

from balie.kit.database import Database
from balie.kit.migrations import drift
from balie.kit.tables import metadata as kit_metadata
from balie.nlu.tables import metadata


async def test_the_migrations_make_the_tables(database_url: str) -> None:
    async with Database.open(database_url, migrations="balie.nlu.migrations"):
        assert await drift(database_url, metadata, kit_metadata) == []
