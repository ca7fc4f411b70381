"""Forgets what customers wrote once its days are over: questions for review, and comments on answers."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from balie.faq.feedback.membership import forget
from balie.faq.knowledge.store import Store
from balie.faq.tables import feedback, questions
from balie.kit.database import Database


class Forgetting:
    """A chore.

    Args:
        database: where it is forgotten.
        collections: gives the lock of a collection.
        days: how long everything is kept.
    """

    def __init__(self, database: Database, collections: Store, *, days: int) -> None:
        self._database = database
        self._collections = collections
        self._days = days

    async def once(self, now: datetime | None = None) -> None:
        """Forgets what is too old now, or at another moment."""
        before = (now or datetime.now(UTC)) - timedelta(days=self._days)
        old = sa.select(questions.c.tenant, questions.c.collection_id).where(questions.c.asked_at < before)
        async with self._database.read() as tx:
            keys = [(row.tenant, row.collection_id) for row in await tx.all(old.distinct())]
        for key in keys:
            async with self._database.write() as tx:
                if await self._collections.collection(tx, *key, lock=True) is not None:
                    await forget(tx, key, (questions.c.asked_at < before,))
        async with self._database.write() as tx:
            await tx.execute(
                sa.update(feedback)
                .where(feedback.c.given_at < before, feedback.c.comment != "")
                .values(comment="")
            )
