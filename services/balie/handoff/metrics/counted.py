"""Metrics, counted when they are asked for, and not again within a few seconds."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from balie.handoff.metrics import totals
from balie.handoff.metrics.totals import Span, Totals
from balie.kit.database import Database, Transaction

_SETTLED_AFTER = timedelta(days=1)
"""Age at which nothing is added to what happened, so that it is counted once and remembered."""
_SETTLE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What was counted at a moment.

    Attributes:
        counted_at: when.
        gauges: what is now.
        counters: what ever came to an end.
    """

    counted_at: datetime
    gauges: Totals
    counters: Totals


class Counted:
    """Counts metrics of all tenants.

    What is older than a day is counted once in the life of a process, so that a scrape reads the last day alone.

    Args:
        database: where the desks are.
        now: the clock.
        fresh: how long metrics are good for.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime], fresh: timedelta) -> None:
        self._database = database
        self._now = now
        self._fresh = fresh
        self._settled = Totals()
        self._settled_until: datetime | None = None
        self._last: Metrics | None = None
        self._lock = asyncio.Lock()

    async def metrics(self) -> Metrics:
        """Returns metrics that are not older than they may be; several who ask at once get the same.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        async with self._lock:
            now = self._now()
            if self._last is None or now - self._last.counted_at >= self._fresh:
                self._last = await self._count(now)
            return self._last

    async def _count(self, now: datetime) -> Metrics:
        async with self._database.read() as tx:
            until = now - _SETTLED_AFTER
            if self._settled_until is None or until - self._settled_until >= _SETTLE_EVERY:
                self._settled.update(await _happened(tx, Span(self._settled_until, until)))
                self._settled_until = until
            counters = await _happened(tx, Span(self._settled_until))
            counters.update(self._settled)
            return Metrics(now, await totals.open_now(tx, now=now), counters)


async def _happened(tx: Transaction, span: Span) -> Totals:
    found = Totals()
    for tenant in await totals.tenants(tx):
        found.update(await totals.happened(tx, tenant, span))
    return found
