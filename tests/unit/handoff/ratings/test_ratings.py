"""Ratings on both databases."""

import pytest
import sqlalchemy as sa
from tests.unit.handoff.desks import TENANT, Desks

from balie.handoff.errors import HandoffNotFound
from balie.handoff.ratings.ratings import Ratings
from balie.handoff.tables import ratings


async def test_the_first_rating_of_a_conversation_counts(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.take(await at.ask("talk"), "els")
    told = Ratings(at.journal)
    assert await told.record(TENANT, handoff.id, 4, given_at=at.clock.time) == 4
    assert await told.record(TENANT, handoff.id, 1, given_at=at.clock.time) == 4
    async with at.database.read() as tx:
        (row,) = await tx.all(sa.select(ratings))
    assert (row.conversation_id, row.handoff_id, row.queue_id, row.agent_id, row.rating) == (
        "talk",
        handoff.id,
        "desk",
        "els",
        4,
    )


async def test_a_rating_of_nothing_is_refused(at: Desks) -> None:
    with pytest.raises(HandoffNotFound):
        await Ratings(at.journal).record(TENANT, "nowhere", 4, given_at=at.clock.time)
