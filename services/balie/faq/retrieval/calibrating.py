"""Keeps a collection's calibration in step with it, in the background: no search waits for it."""

import asyncio
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from balie.faq.domain import Calibration
from balie.faq.index.live_index import LiveIndex
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.threshold import default, learn
from balie.faq.tables import calibrations
from balie.kit.database import Database

if TYPE_CHECKING:
    from balie.faq.retrieval.port import Retriever

_log = structlog.get_logger()

_LONGEST_DELAYS = 10
"""A collection that never stops changing is calibrated after so many delays all the same."""


class Calibrations:
    """Learns and keeps calibrations.

    Attributes:
        default: what is used until a collection's own is learned.

    Args:
        database: where the newest of each collection is kept, so that a restart begins with it.
        workers: threads that may be busy for seconds.
        policy: what the operator accepts.
        retriever: ranks, in every collection.
        delay_seconds: how long a collection must be unchanged before it is calibrated anew.
    """

    def __init__(
        self,
        database: Database,
        workers: Executor,
        policy: Policy,
        retriever: "Retriever",
        *,
        delay_seconds: float,
    ) -> None:
        self._database = database
        self._workers = workers
        self._delay_seconds = delay_seconds
        self._policy = policy
        self._retriever = retriever
        self._basis = policy.basis(retriever.version)
        self.default = default(retriever, policy)

    def of(
        self, tenant: str, collection_id: str, live: LiveIndex, fingerprint: str
    ) -> "CollectionCalibration":
        """Returns what keeps one collection's calibration."""
        return CollectionCalibration(self, (tenant, collection_id, fingerprint), live)

    async def load(self, key: tuple[str, str, str]) -> tuple[int, Calibration] | None:
        """Returns the kept calibration and the generation it was learned from; None without one of this policy."""
        tenant, collection_id, fingerprint = key
        query = sa.select(calibrations).where(
            calibrations.c.tenant == tenant,
            calibrations.c.collection_id == collection_id,
            calibrations.c.fingerprint == fingerprint,
            calibrations.c.basis == self._basis,
        )
        async with self._database.read() as tx:
            row = await tx.one(query)
        return (row.generation, Calibration(row.threshold, row.version)) if row else None

    async def learn(self, key: tuple[str, str, str], live: LiveIndex) -> Calibration:
        """Returns a new calibration of an index, after keeping it."""
        loop = asyncio.get_running_loop()
        generation = live.generation  # a change that comes meanwhile is learned from once more
        found = await loop.run_in_executor(self._workers, learn, live, self._retriever, self._policy)
        tenant, collection_id, fingerprint = key
        values = {
            "basis": self._basis,
            "generation": generation,
            "threshold": found.threshold,
            "version": found.version,
        }
        async with self._database.write() as tx:
            statement = tx.insert(calibrations).values(
                tenant=tenant, collection_id=collection_id, fingerprint=fingerprint, **values
            )
            await tx.execute(
                statement.on_conflict_do_update(index_elements=list(calibrations.primary_key), set_=values)
            )
        return found

    async def settled(self, changed: asyncio.Event) -> None:
        """Returns when nothing changed for a while, or changes do not stop."""
        for _ in range(_LONGEST_DELAYS):
            changed.clear()
            await asyncio.sleep(self._delay_seconds)
            if not changed.is_set():
                return


class CollectionCalibration:
    """Learns one collection's calibration anew whenever it changed."""

    def __init__(self, owner: Calibrations, key: tuple[str, str, str], live: LiveIndex) -> None:
        self._owner = owner
        self._key = key
        self._live = live
        self._changed = asyncio.Event()

    async def begin(self) -> None:
        """Uses the kept calibration, and learns a new one when the collection changed since, or there is none."""
        kept = await self._owner.load(self._key)
        if kept is not None:
            self._live.calibrate(kept[1])
        if kept is None or kept[0] != self._live.generation:
            self._changed.set()

    def changed(self) -> None:
        """Says that the collection changed."""
        self._changed.set()

    async def run(self) -> None:
        """Learns until it is cancelled; may be run again when it failed."""
        while True:
            await self._changed.wait()
            await self._owner.settled(self._changed)
            try:
                found = await self._owner.learn(self._key, self._live)
            except BaseException:
                self._changed.set()  # whoever runs this again finds it to be done
                raise
            self._live.calibrate(found)
            _log.info(
                "collection calibrated",
                tenant=self._key[0],
                collection_id=self._key[1],
                threshold=found.threshold,
                version=found.version,
            )
