"""The indexes of this replica, one for each collection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from balie.faq.domain import IndexUpkeep
from balie.faq.errors import CollectionNotFound
from balie.faq.index.following import CollectionFollower
from balie.faq.index.live_index import LiveIndex
from balie.faq.index.parts import Parts
from balie.faq.index.rebuilding import Rebuild
from balie.faq.index.serving import Served
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.domain import Collection
from balie.kit.database import Transaction

_Key = tuple[str, str]

_log = structlog.get_logger()


class Indexes:
    """Opens an index for every collection there is, and for those that come when they are first asked for.

    Attributes:
        wanted_fingerprint: of the encoder that is installed, whose vectors all are to hold; for those who watch.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._served: dict[_Key, Served] = {}
        self._working: set[Served] = set()
        self._rebuilds: dict[_Key, Rebuild] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(1)
        self.wanted_fingerprint = parts.vectors.fingerprint

    async def open(self) -> None:
        """Returns when every collection's index is loaded, and what is saved of others is deleted."""
        async with self._parts.database.read() as tx:
            there = await self._parts.store.every_collection(tx)
        if self._parts.files:
            await self._parts.in_thread(self._parts.files.keep, there)
        if self._parts.shared:
            await self._parts.in_thread(self._parts.shared.keep_only, there)
        await self.discover()
        for served in list(self._served.values()):
            await served.follower.settled.wait()

    async def discover(self) -> None:
        """Begins to follow those collections that are new, so that their index is there before it is asked for."""
        async with self._parts.database.read() as tx:
            for key in await self._parts.store.every_collection(tx):
                if key not in self._served:
                    await self._open(key, tx)

    def all(self) -> dict[_Key, Served]:
        """Returns the indexes that serve, by tenant and collection."""
        return dict(self._served)

    async def left(self, fingerprint: str) -> None:
        """Returns when no index is at work with an encoder, those on their way out included."""
        while tasks := [served.task for served in self._working if served.encoder.fingerprint == fingerprint]:
            await asyncio.wait(tasks)

    async def of(self, tenant: str, collection_id: str) -> LiveIndex:
        """Returns a collection's index, loaded; whoever works with it for long takes `using`.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        async with self.using(tenant, collection_id) as served:
            return served.live

    @asynccontextmanager
    async def using(self, tenant: str, collection_id: str) -> AsyncIterator[Served]:
        """Yields a collection's index, loaded, which stays at work within the block, and its encoder with it.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        key = (tenant, collection_id)
        if key not in self._served:
            async with self._parts.database.read() as tx:
                await self._open(key, tx)
        if key not in self._served:
            raise CollectionNotFound(collection_id)
        # Another one may take its place while it is waited for.
        while (served := self._served.get(key)) and not served.follower.settled.is_set():
            await served.follower.settled.wait()
        if served is None or served.follower.gone:
            raise CollectionNotFound(collection_id)
        with served.used():
            yield served

    async def upkeep(self, tenant: str, collection_id: str) -> IndexUpkeep:
        """Returns what is done about a collection's index.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        async with self.using(tenant, collection_id) as served:
            rebuild = self._rebuilds.get((tenant, collection_id))
            saved = served.follower.saved_generation
            return IndexUpkeep(rebuild.progress if rebuild else None, self.wanted_fingerprint, saved)

    async def rebuild(
        self, tenant: str, collection_id: str, *, why: str, vectors: Vectors | None = None
    ) -> Rebuild:
        """Returns the building of a new index, begun now unless one is under way.

        Args:
            tenant: whose collection it is.
            collection_id: its id.
            why: for the log.
            vectors: of the encoder that the new index is for; the present one without it.

        Raises:
            CollectionNotFound: there is no such collection.
        """
        key = (tenant, collection_id)
        async with self.using(tenant, collection_id) as served, self._parts.database.read() as tx:
            collection = await self._parts.store.collection(tx, tenant, collection_id)
            if collection is None:
                raise CollectionNotFound(collection_id)
            if key in self._rebuilds:
                return self._rebuilds[key]
            parts = replace(self._parts, vectors=vectors) if vectors else served.follower.parts

            def swap(fresh: Served) -> None:
                self._keep(key, fresh)
                self._retire(served)

            self._rebuilds[key] = rebuild = Rebuild(
                served, parts, tenant, collection, turn=self._turn, swap=swap, why=why
            )
            rebuild.task.add_done_callback(lambda _: self._rebuilds.pop(key, None))
            return rebuild

    def use(self, vectors: Vectors) -> None:
        """Gives collections that come from now on another encoder's vectors."""
        self._parts = replace(self._parts, vectors=vectors)

    async def save(self) -> None:
        """Saves those indexes that changed since they were last saved."""
        for served in list(self._served.values()):
            await self.save_one(served)

    async def save_one(self, served: Served) -> None:
        """Saves an index if it changed since it was last saved; that it cannot be is told of in the log."""
        try:
            await served.follower.save()
        except OSError as error:
            _log.warning("index not saved", collection_id=served.follower.owner.collection_id, why=str(error))

    async def keep(self) -> None:
        """Says of indexes that replicas share that they are used, and builds anew what was deleted all the same."""
        for key, served in self.all().items():
            if not await served.follower.keep():
                await self.rebuild(*key, why="its vectors are gone from the database")

    async def close(self) -> None:
        """Ends all that goes on, and saves what changed."""
        tasks = [*self._retiring, *(rebuild.task for rebuild in self._rebuilds.values())]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        serving = dict(self._served)
        await asyncio.gather(*[served.stop() for served in self._working])
        self._served = serving  # they have ended, and can be saved
        await self.save()

    async def _open(self, key: _Key, tx: Transaction) -> None:
        collection = await self._parts.store.collection(tx, *key)
        if collection is not None and key not in self._served:  # another call may have been faster
            self._start(key, collection)

    def _start(self, key: _Key, collection: Collection) -> None:
        self._keep(key, Served(CollectionFollower(self._parts, key[0], collection)))

    def _keep(self, key: _Key, served: Served) -> None:
        """Gives searches an index from now on, until its follower ends."""
        self._served[key] = served
        self._working.add(served)

        def ended(_: asyncio.Task[None]) -> None:
            self._working.discard(served)
            if self._served.get(key) is served:
                del self._served[key]

        served.task.add_done_callback(ended)

    def _retire(self, served: Served) -> None:
        task = asyncio.get_running_loop().create_task(served.retire())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
