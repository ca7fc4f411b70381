"""Builds an index aside and puts it in the place of the one that serves, in one step.

The new one is loaded from the store and follows the log like any other; when it holds all that the old one holds, every
search from then on gets the new one, and those that are under way end with the old. None waits, and none sees both.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

import structlog

from balie.faq.domain import BuildProgress, BuildStep
from balie.faq.errors import CollectionNotFound, IndexRebuildFailed
from balie.faq.index.following import CollectionFollower
from balie.faq.index.serving import Served

if TYPE_CHECKING:
    from balie.faq.index.parts import Parts
    from balie.faq.knowledge.domain import Collection

_MOST_TROUBLES = 3
_LOOK_SECONDS = 0.1

_log = structlog.get_logger()


class Rebuild:
    """One index that is being built; whoever asks for another meanwhile joins it.

    Args:
        old: the index that serves.
        parts: of the new one.
        tenant: whose collection it is.
        collection: as it was found.
        turn: held while it is built, so that one index is built at a time.
        swap: puts the new one in its place, without a pause.
        why: for the log.
    """

    def __init__(
        self,
        old: Served,
        parts: "Parts",
        tenant: str,
        collection: "Collection",
        *,
        turn: asyncio.Semaphore,
        swap: Callable[[Served], None],
        why: str,
    ) -> None:
        self._old = old
        self._parts = parts
        self._tenant = tenant
        self._collection = collection
        self._turn = turn
        self._swap = swap
        self._why = why
        self._follower: CollectionFollower | None = None
        self.fingerprint = parts.vectors.fingerprint
        # An empty context: it belongs to no call, although one may have asked for it.
        self.task = asyncio.get_running_loop().create_task(self._run(), context=Context())
        self.task.add_done_callback(
            lambda task: task.cancelled() or task.exception()
        )  # somebody looks, or nobody

    @property
    def progress(self) -> BuildProgress:
        """Returns how far it is."""
        if self.task.done():
            return BuildProgress(BuildStep.DONE, 1.0)
        return self._follower.progress.now if self._follower else BuildProgress(BuildStep.WAITING)

    async def watch(self) -> AsyncGenerator[BuildProgress, None]:
        """Yields how far it is whenever that changes, DONE last; who stops early stops nothing.

        Raises:
            IndexRebuildFailed: it could not be built; the old one goes on serving.
            CollectionNotFound: the collection went meanwhile.
        """
        last: BuildProgress | None = None
        while not self.task.done():
            now = self.progress
            if now != last:
                yield now
                last = now
            await asyncio.wait({self.task}, timeout=_LOOK_SECONDS)
        if self.task.cancelled():
            raise IndexRebuildFailed(self._collection.id, problem="the service stops")
        self.task.result()
        yield self.progress

    async def _run(self) -> None:
        async with self._turn:
            _log.info("index rebuild begins", collection_id=self._collection.id, why=self._why)
            self._follower = CollectionFollower(
                self._parts,
                self._tenant,
                self._collection,
                from_files=False,
                anew=self._old.encoder.fingerprint
                == self.fingerprint,  # another encoder's are joined if they are there
            )
            fresh = Served(self._follower)
            try:
                await self._built(fresh, self._follower)
            except BaseException:
                await fresh.stop()
                raise
            self._swap(fresh)
        _log.info(
            "index rebuilt",
            collection_id=self._collection.id,
            kind=fresh.live.state().kind,
            fingerprint=self.fingerprint,
            generation=fresh.live.generation,
        )

    async def _built(self, fresh: Served, follower: CollectionFollower) -> None:
        """Returns when the new index is whole and holds all that the old one holds."""
        while not follower.settled.is_set():
            times, problem = follower.troubles
            if times >= _MOST_TROUBLES:
                raise IndexRebuildFailed(self._collection.id, problem=problem)
            with suppress(TimeoutError):
                await asyncio.wait_for(follower.settled.wait(), _LOOK_SECONDS)
        while not follower.gone and fresh.live.generation < (wanted := self._old.live.generation):
            with suppress(TimeoutError):  # a collection that goes is never reached
                await asyncio.wait_for(fresh.live.reached(wanted), _LOOK_SECONDS)
        if follower.gone:
            raise CollectionNotFound(self._collection.id)
