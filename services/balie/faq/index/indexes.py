"""The indexes of this replica, one for each collection."""

import asyncio
from contextvars import Context

import structlog

from balie.faq.domain import Collection
from balie.faq.errors import CollectionNotFound
from balie.faq.index.following import CollectionFollower, Parts
from balie.faq.index.live_index import LiveIndex
from balie.kit.database import Transaction
from balie.kit.errors import Failure

_Key = tuple[str, str]

_DISCOVERY_SECONDS = 1.0

_log = structlog.get_logger()


class Indexes:
    """Opens an index for every collection there is, and for those that come when they are first asked for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._followers: dict[_Key, CollectionFollower] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Returns when every collection's index is loaded."""
        await self.discover()
        for follower in list(self._followers.values()):
            await follower.settled.wait()

    async def discover(self) -> None:
        """Begins to follow those collections that are new, so that their index is there before it is asked for."""
        async with self._parts.database.read() as tx:
            for key in await self._parts.store.every_collection(tx):
                if key not in self._followers:
                    await self._open(key, tx)

    async def run(self) -> None:
        """Looks for new collections until it is cancelled."""
        while True:
            await asyncio.sleep(_DISCOVERY_SECONDS)
            try:
                await self.discover()
            except Failure as failure:
                _log.warning("collections not looked for", reason=failure.reason)

    async def of(self, tenant: str, collection_id: str) -> LiveIndex:
        """Returns a collection's index, loaded.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        key = (tenant, collection_id)
        if key not in self._followers:
            async with self._parts.database.read() as tx:
                await self._open(key, tx)
        if key not in self._followers:
            raise CollectionNotFound(collection_id)
        follower = self._followers[key]
        await follower.settled.wait()
        if follower.gone:
            raise CollectionNotFound(collection_id)
        return follower.live

    async def close(self) -> None:
        """Ends all followers."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _open(self, key: _Key, tx: Transaction) -> None:
        collection = await self._parts.store.collection(tx, *key)
        if collection is not None and key not in self._followers:  # another call may have been faster
            self._start(key, collection)

    def _start(self, key: _Key, collection: Collection) -> None:
        follower = CollectionFollower(self._parts, key[0], collection)
        self._followers[key] = follower
        # An empty context: it belongs to no call, although one may have caused it.
        task = asyncio.get_running_loop().create_task(follower.run(), context=Context())
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if self._followers.get(key) is follower:
                del self._followers[key]

        task.add_done_callback(ended)
