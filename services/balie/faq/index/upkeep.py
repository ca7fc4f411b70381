"""Looks after the indexes of a replica: opens those of new collections, builds anew what no longer suits, saves."""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from balie.kit.errors import Failure

if TYPE_CHECKING:
    from balie.faq.index.indexes import Indexes
    from balie.faq.index.serving import Served

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 60.0
"""An index that could not be built anew is tried again after this time."""

_KEEP_SECONDS = 60.0
"""How often it is said that the vectors which replicas share are used; they are kept for far longer."""

_LONGEST_DELAYS = 10
"""A collection that never stops changing is saved after so many delays all the same."""

_log = structlog.get_logger()


class Upkeep:
    """Goes round.

    Args:
        indexes: of the replica.
        save_seconds: how long a collection must be unchanged before its index is saved.
    """

    def __init__(self, indexes: "Indexes", *, save_seconds: float) -> None:
        self._indexes = indexes
        self._save_seconds = save_seconds
        self._tried: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Looks for new collections, and for indexes that do not suit, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._indexes.discover()
                await self.rebuild_unfit()
            except Failure as failure:
                _log.warning("indexes not looked after", reason=failure.reason)

    async def rebuild_unfit(self) -> None:
        """Begins to build anew those indexes that no longer suit what they hold."""
        now = time.monotonic()
        for key, served in self._indexes.all().items():
            why = served.live.unfit() if served.follower.settled.is_set() else ""
            if why and self._tried.get(key, 0.0) <= now:
                self._tried[key] = now + _AGAIN_SECONDS
                await self._indexes.rebuild(*key, why=why)

    async def run_keeping(self) -> None:
        """Keeps the vectors that replicas share from being deleted as unused, until it is cancelled."""
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            try:
                await self._indexes.keep()
            except Failure as failure:
                _log.warning("indexes not kept", reason=failure.reason)

    async def run_saving(self) -> None:
        """Saves indexes whose collections have settled, until it is cancelled."""
        seen: dict[Served, tuple[int, int]] = {}
        while True:
            await asyncio.sleep(self._save_seconds)
            now: dict[Served, tuple[int, int]] = {}
            for served in self._indexes.all().values():
                generation = served.live.generation
                before, delays = seen.get(served, (-1, 0))
                settled = generation == before or delays >= _LONGEST_DELAYS
                if settled:
                    await self._indexes.save_one(served)
                now[served] = (generation, 0 if settled else delays + 1)
            seen = now
