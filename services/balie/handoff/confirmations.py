"""Waiting for the gateway to make the owner of a conversation who a handoff says it is."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol

from balie.handoff.domain import Handoff
from balie.handoff.errors import OwnerNotConfirmed
from balie.handoff.feed import Feed
from balie.handoff.floor import Floor, Storage


class Confirmations(Protocol):
    """Waits for the gateway."""

    async def wait(
        self, tenant: str, handoff_id: str, settled: Callable[[Handoff], bool], *, at_most: timedelta
    ) -> Handoff:
        """Returns the handoff once it is settled.

        Raises:
            HandoffNotFound: there is no such handoff.
            OwnerNotConfirmed: it is not settled in time.
        """


class FollowedConfirmations:
    """Follows the log until a handoff is as it should be, whichever replica wrote it there."""

    def __init__(self, storage: Storage[Floor], feed: Feed) -> None:
        self._storage = storage
        self._feed = feed

    async def wait(
        self, tenant: str, handoff_id: str, settled: Callable[[Handoff], bool], *, at_most: timedelta
    ) -> Handoff:
        """Returns the handoff once it is settled.

        Raises:
            HandoffNotFound: there is no such handoff.
            OwnerNotConfirmed: it is not settled in time.
        """
        async with self._storage.reading(tenant) as floor:
            head = await floor.head()
            handoff = await floor.handoff(handoff_id)
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
        async with self._storage.reading(tenant) as floor:
            return await floor.handoff(handoff_id)
