"""Ends offers and waits that are over, at the start and then periodically, and draws whatever an event has missed.

Each replica sweeps. What is due is looked for without a lock, and looked at again under the desk's, so two never do the
same twice.
"""

import asyncio

import structlog

from balie.handoff import states
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.states import Step
from balie.kit.errors import Failure

_log = structlog.get_logger()


class Sweeper:
    """Looks after what no caller does: time.

    Args:
        journal: where changes are written.
        every_seconds: time between two sweeps.
    """

    def __init__(self, journal: Journal[Floor], *, every_seconds: float) -> None:
        self._journal = journal
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweeps at once, and again after each pause, until it is cancelled."""
        while True:
            try:
                await self.sweep()
            except Failure as failure:
                _log.warning("sweep failed", reason=failure.reason)
            except Exception:  # noqa: BLE001  a sweeper that stops strands everyone who waits
                _log.exception("sweep failed")
            await asyncio.sleep(self._every_seconds)

    async def sweep(self) -> None:
        """Does what is due now, of all tenants: ends waits, ends offers, offers what can be offered."""
        for tenant in await self._due():
            try:
                await self._sweep(tenant)
            except (
                Failure
            ) as failure:  # another replica was faster, or the database is away: the next sweep does it
                _log.warning("sweep failed", tenant=tenant, reason=failure.reason)
            except Exception:  # noqa: BLE001  one tenant's trouble must not strand those who wait at another's desk
                _log.exception("sweep failed", tenant=tenant)

    async def _due(self) -> list[str]:
        storage = self._journal.storage
        tenants = await storage.tenants_with_due(now=self._journal.now())
        for tenant in await storage.tenants_with_unoffered() - tenants:
            async with storage.reading(tenant) as floor:
                if await self._journal.pairings(floor):
                    tenants.add(tenant)
        return sorted(tenants)

    async def _sweep(self, tenant: str) -> None:
        async with self._journal.writing(tenant) as floor:
            now = self._journal.now()
            for handoff in await floor.out_of_time(now=now):
                ended = states.ended_waiting(handoff, Step.TAKE_MESSAGE, now=now)
                await self._journal.record(floor, ended)
            for handoff in await floor.expired_offers(now=now):
                await self._journal.record(floor, states.passed(handoff, Step.EXPIRE, now=now))
            await self._journal.draw(floor)
