"""A desk on each database."""

from collections.abc import AsyncIterator

import pytest
from tests.unit.handoff.desks import Desks, desks


@pytest.fixture
async def at(database_url: str) -> AsyncIterator[Desks]:
    """A desk with one queue, `desk`, and nobody at it."""
    async with desks(database_url) as opened:
        await opened.queue()
        yield opened
