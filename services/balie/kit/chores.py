"""What is thrown away from time to time: results of old requests, events that every follower has long seen, and more."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trimming:
    """Which events are thrown away.

    Attributes:
        log: where they are.
        topics: reads tenant and topic of all that are trimmed.
        keep: events kept of each topic, its newest.
    """

    log: EventLog
    topics: Callable[[Transaction], Awaitable[Iterable[tuple[str, str]]]]
    keep: int


class Chores:
    """Cleans up in the background.

    Args:
        database: where it is cleaned up.
        ledger: whose old results go.
        trimming: which events go; none when absent.
        others: what else a service throws away; each opens its own transactions.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        trimming: Trimming | None = None,
        others: Sequence[Callable[[], Awaitable[object]]] = (),
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._trimming = trimming
        self._others = others

    async def run(self, *, every_seconds: float) -> None:
        """Does a round, and another after each pause, until it is cancelled."""
        while True:
            try:
                await self.once()
            except Failure as failure:
                _log.warning("chores held up", reason=failure.reason)
            except Exception:  # noqa: BLE001  who stops cleaning up fills the disk, and is not missed until then
                _log.exception("chores held up")
            await asyncio.sleep(every_seconds)

    async def once(self) -> None:
        """Does one round."""
        async with self._database.write() as tx:
            await self._ledger.forget(tx, datetime.now(UTC) - self._ledger.keep)
        if self._trimming is not None:
            await self._trim(self._trimming)
        for other in self._others:
            await other()

    async def _trim(self, trimming: Trimming) -> None:
        async with self._database.read() as tx:
            topics = await trimming.topics(tx)
        for tenant, topic in topics:
            through = await trimming.log.head(tenant, topic) - trimming.keep
            if through > 0:
                async with self._database.write() as tx:
                    await trimming.log.trim(tx, tenant, topic, through)
