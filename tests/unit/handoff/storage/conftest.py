"""A storage of each kind: what one does, all do."""

from collections.abc import AsyncIterator

import pytest

from balie.handoff.app import MIGRATIONS
from balie.handoff.floor import Floor, Storage
from balie.handoff.storage.memory import MemoryStorage
from balie.handoff.storage.sql import SqlStorage
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[Storage[Floor]]:
    """An empty storage."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    url = request.getfixturevalue(f"{request.param}_urls")()
    async with Database.open(url, migrations=MIGRATIONS) as database:
        yield SqlStorage(database, EventLog(database, poll_seconds=0.02), Ledger())
