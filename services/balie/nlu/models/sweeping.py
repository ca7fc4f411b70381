"""Throws away trainings whose examples stopped coming: the service fell, or the network, before the last."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from balie.kit.database import Database
from balie.kit.errors import Failure
from balie.nlu.models import store

_PATIENCE = timedelta(hours=1)

_log = structlog.get_logger()


@dataclass(frozen=True)
class Sweep:
    """Sweeps from time to time."""

    database: Database

    async def run(self, *, every_seconds: float) -> None:
        """Does a round, and another after each pause, until it is cancelled."""
        while True:
            try:
                await self.once()
            except Failure as failure:
                _log.warning("sweep held up", reason=failure.reason)
            await asyncio.sleep(every_seconds)

    async def once(self, patience: timedelta = _PATIENCE) -> int:
        """Returns how many half-received trainings were thrown away."""
        async with self.database.write() as tx:
            return await store.delete_unreceived(tx, datetime.now(UTC) - patience)
