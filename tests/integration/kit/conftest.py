"""Fixtures for tests of the kit over real databases."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.kit.steps import opened

from balie.kit.database import Database
from balie.kit.eventlog import EventLog


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
def log(database: Database) -> EventLog:
    return EventLog(database, poll_seconds=0.05)
