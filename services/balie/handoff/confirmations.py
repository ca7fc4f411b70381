"""Waiting for the gateway to make the owner of a conversation who a handoff says it is."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta

from balie.handoff import store
from balie.handoff.domain import Handoff
from balie.handoff.errors import OwnerNotConfirmed
from balie.handoff.events import TOPIC
from balie.handoff.feed import Feed
from balie.kit.database import Database
from balie.kit.eventlog import EventLog


class Confirmations:
    """Follows the log until a handoff is as it should be, whichever replica wrote it there."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log
        self._feed = Feed(database, log)

    async def wait(
        self, tenant: str, handoff_id: str, settled: Callable[[Handoff], bool], *, at_most: timedelta
    ) -> Handoff:
        """Returns the handoff once it is settled.

        Raises:
            HandoffNotFound: there is no such handoff.
            OwnerNotConfirmed: it is not settled in time.
        """
        async with self._database.read() as tx:
            head = await self._log.head(tenant, TOPIC, tx)
            handoff = await store.handoff(tx, tenant, handoff_id)
        if settled(handoff):
            return handoff
        try:
            async with (
                asyncio.timeout(at_most.total_seconds()) as scope,
                aclosing(self._feed.after(tenant, head)) as happenings,
            ):
                async for _, event in happenings:
                    if event.handoff_id == handoff_id:
                        handoff = await self._read(tenant, handoff_id)
                        if settled(handoff):
                            return handoff
        except TimeoutError:
            if not scope.expired():
                raise
        raise OwnerNotConfirmed(handoff_id)

    async def _read(self, tenant: str, handoff_id: str) -> Handoff:
        async with self._database.read() as tx:
            return await store.handoff(tx, tenant, handoff_id)
