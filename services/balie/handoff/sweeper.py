"""Does what is due by itself, at the start and then periodically, and draws whatever an event has missed.

Each replica sweeps. What is due is looked for without a lock, and looked at again under the desk's, so two never do the
same twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from balie.handoff import timers, waiting
from balie.handoff.domain import EventKind, Handoff
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.staffing.presence import become
from balie.handoff.staffing.profiles import Presence
from balie.kit.errors import Failure

_log = structlog.get_logger()

_AT_ONCE = 50  # handoffs in one transaction, so that no desk is held for long
PLACES_EVERY = timedelta(seconds=15)
"""How often contacts are told of their places, in the service."""


class Sweeper:
    """Looks after what no caller does: time.

    Args:
        journal: where changes are written.
        every_seconds: time between two sweeps.
        places_every: how often places are looked at, and how often one that has changed is told at most.
    """

    def __init__(
        self, journal: Journal[Floor], *, every_seconds: float, places_every: timedelta = PLACES_EVERY
    ) -> None:
        self._journal = journal
        self._every_seconds = every_seconds
        self._places_every = places_every
        self._looked_at_places: datetime | None = None

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
        """Does what is due now, of all tenants, offers what can be offered, and tells of places that have changed."""
        for tenant in await self._due():
            await self._guarded(tenant, self._sweep)
        now = self._journal.now()
        if self._looked_at_places is None or now - self._looked_at_places >= self._places_every:
            self._looked_at_places = now
            for tenant in sorted(await self._journal.storage.tenants_with_waiting()):
                await self._guarded(tenant, self._tell_places)

    async def _guarded(self, tenant: str, work: Callable[[str], Awaitable[bool]]) -> None:
        """Works at a tenant's desk until nothing is left, whatever goes wrong at another's."""
        try:
            while await work(tenant):  # others write at this desk in between
                pass
        except Failure as failure:
            # Another replica was faster, or the database is away: the next sweep does it.
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

    async def _sweep(self, tenant: str) -> bool:
        """Does what is due at one desk; returns whether there may be more."""
        async with self._journal.writing(tenant) as floor:
            found = await floor.due(now=self._journal.now(), limit=_AT_ONCE)
            for handoff in found:
                # Read anew: a step of one may have changed another, as that of a silent agent does.
                await self._step(floor, await floor.handoff(handoff.id))
            await self._journal.draw(floor)
        return len(found) == _AT_ONCE

    async def _step(self, floor: Floor, handoff: Handoff) -> None:
        """Takes all steps of a handoff that are due, one after the other."""
        while changes := timers.due(
            handoff, await self._journal.rulebook(floor, handoff), self._journal.now()
        ):
            for change in changes:
                handoff = await self._journal.record(floor, change)
                if change.kind is EventKind.AGENT_SILENT:
                    await become(self._journal, floor, change.agent_id, Presence.AWAY)

    async def _tell_places(self, tenant: str) -> bool:
        """Tells of places in line that have changed; returns whether there may be more."""
        now = self._journal.now()
        async with self._journal.writing(tenant) as floor:
            found = await floor.moved_up(told_before=now - self._places_every, limit=_AT_ONCE)
            for handoff in found:
                await self._journal.record(floor, waiting.position_told(handoff, now=now))
        return len(found) == _AT_ONCE
