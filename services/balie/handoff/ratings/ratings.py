"""What is done with ratings: the first of each conversation is kept."""

from datetime import datetime

import sqlalchemy as sa

from balie.handoff.domain import Handoff
from balie.handoff.journal import Journal
from balie.handoff.storage.sql import SqlFloor
from balie.handoff.tables import ratings
from balie.kit.database import Transaction


class Ratings:
    """The use case of ratings."""

    def __init__(self, journal: Journal[SqlFloor]) -> None:
        self._journal = journal

    async def record(self, tenant: str, handoff_id: str, rating: int, *, given_at: datetime) -> int:
        """Returns the rating of a handoff's conversation that counts, its first; this one when there was none.

        Raises:
            HandoffNotFound: there is no such handoff.
        """
        async with self._journal.writing(tenant) as floor:
            handoff = await floor.handoff(handoff_id)
            await _add(floor.tx, tenant, handoff, rating, given_at)
            return await _rating(floor.tx, tenant, handoff.asked.conversation_id)


async def _add(tx: Transaction, tenant: str, handoff: Handoff, rating: int, given_at: datetime) -> None:
    statement = tx.insert(ratings).values(
        tenant=tenant,
        conversation_id=handoff.asked.conversation_id,
        handoff_id=handoff.id,
        queue_id=handoff.asked.queue_id,
        agent_id=handoff.agent_id,
        rating=rating,
        given_at=given_at,
    )
    await tx.execute(
        statement.on_conflict_do_nothing(index_elements=[ratings.c.tenant, ratings.c.conversation_id])
    )


async def _rating(tx: Transaction, tenant: str, conversation_id: str) -> int:
    columns = ratings.c
    of_conversation = (columns.tenant == tenant, columns.conversation_id == conversation_id)
    return int(await tx.scalar(sa.select(columns.rating).where(*of_conversation)))
