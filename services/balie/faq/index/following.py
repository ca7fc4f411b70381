"""Keeps one collection's index equal to the store: built from a snapshot, then changed as the log tells."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

import structlog

from balie.faq import events
from balie.faq.domain import BuildStep
from balie.faq.index.files import IndexFiles, Owner
from balie.faq.index.indexed_entry import IndexedEntry, published
from balie.faq.index.live_index import LiveIndex
from balie.faq.index.loading import Loader, newest_event
from balie.faq.index.parts import Parts
from balie.faq.index.port import VectorIndex
from balie.faq.index.progress import Progress
from balie.faq.knowledge.domain import Collection as StoredCollection
from balie.kit.errors import CursorExpired, Failure
from balie.kit.eventlog import Record

if TYPE_CHECKING:
    pass

_log = structlog.get_logger()

_BATCH = 200  # events applied at a time
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0


class CollectionFollower:
    """Follows one collection until it is gone.

    Args:
        parts: shared ones.
        tenant: whose collection it is.
        collection: as it was found.
        from_files: whether to begin with the saved index.
        anew: whether to begin with nothing of what an index that replicas share holds.

    Attributes:
        live: the index.
        settled: set once the index holds what was stored when it was loaded, or the collection is gone.
        gone: whether the collection is gone.
        progress: of the loading.
        troubles: attempts that failed since the last one that did not, and why the last one did.
        saved_generation: that is saved of this index; 0 when nothing is.
    """

    def __init__(
        self,
        parts: Parts,
        tenant: str,
        collection: StoredCollection,
        *,
        from_files: bool = True,
        anew: bool = False,
    ) -> None:
        self.parts = parts
        self._tenant = tenant
        self._collection_id = collection.id
        self._topic = events.topic_of(collection.id)
        self._loaded = False
        self._from_files = from_files
        self._anew = anew
        self.owner = Owner(tenant, collection.id, parts.vectors.fingerprint, parts.vectors.dimensions)
        self.live = LiveIndex(
            fingerprint=parts.vectors.fingerprint,
            dimensions=parts.vectors.dimensions,
            calibration=parts.calibrations.default,
            retriever=parts.retriever,
            as_of=collection.changed_at,
            kinds=parts.kinds,
        )
        self._calibration = parts.calibrations.of(tenant, collection.id, self.live, parts.vectors.fingerprint)
        self.settled = asyncio.Event()
        self.gone = False
        self.progress = Progress()
        self.troubles = (0, "")
        self.saved_generation = 0
        self._stored = 0  # the collection's generation when the index was loaded
        self._event_ids: dict[int, str] = {}  # of the generation that the index holds, and of the next

    async def save(self) -> None:
        """Saves the index as it is, if it is to be saved and changed since."""
        files = self.parts.files
        if files is None or not self._loaded or self.gone or self.saved_generation == self.live.generation:
            return
        self.saved_generation = await self.parts.in_thread(self.live.write, partial(self._write, files))
        _log.debug("index saved", collection_id=self._collection_id, generation=self.saved_generation)

    async def keep(self) -> bool:
        """Returns whether the vectors are still where they are kept for all replicas, after saying that they are used."""
        return not self._loaded or self.gone or await self.parts.in_thread(self.live.keep)

    def _write(
        self, files: IndexFiles, generation: int, index: VectorIndex, held: Collection[IndexedEntry]
    ) -> None:
        files.write(self.owner, generation, self._event_ids.get(generation, ""), index, held)

    async def run(self) -> None:
        """Follows; whatever goes wrong is tried again, because an index that stopped would serve what is deleted."""
        calibrating = asyncio.create_task(self._persist(self._calibration.run))
        try:
            await self._persist(self._follow)
            self.gone = True
            for kept in (self.parts.files, self.parts.shared):
                if kept:
                    await self.parts.in_thread(kept.forget, self._tenant, self._collection_id)
        finally:
            self.settled.set()
            calibrating.cancel()
            await asyncio.wait({calibrating})

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            before = self.live.generation
            try:
                await work()
                return
            except Failure as failure:
                self.troubles = (self.troubles[0] + 1, failure.reason)
                _log.warning("index held up", collection_id=self._collection_id, reason=failure.reason)
            except Exception as bug:  # noqa: BLE001  a bug here must not leave a stale index serving
                self.troubles = (self.troubles[0] + 1, type(bug).__name__)
                _log.exception("index failed", collection_id=self._collection_id)
            pause = _FIRST_PAUSE_SECONDS if self.live.generation > before else pause * 2
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))

    async def _follow(self) -> None:
        """Returns when the collection is gone."""
        while self._loaded or await self._load():
            try:
                if await self._apply_all():
                    return
            except CursorExpired:  # the log was trimmed past us: the next attempt starts from a snapshot
                self._loaded = False
                raise

    async def _load(self) -> bool:
        """Returns whether the collection is there, after building the index from it."""
        loader = Loader(self.parts, self.owner, self.progress)
        # Once: what a file brought into trouble is not to be read for ever.
        from_files, self._from_files = self._from_files, False
        loaded = await loader.load(from_files=from_files, anew=self._anew)
        if loaded is None:
            return False
        self._anew = False
        newest = await newest_event(self.parts.log, self._tenant, self._collection_id, loaded.generation)
        self._event_ids = {loaded.generation: newest.event_id if newest else ""}
        self.progress.begin(BuildStep.BUILDING)
        collection, saved = loaded.collection, loaded.saved
        await self.parts.in_thread(
            self.live.load,
            loaded.rows,
            languages=collection.content.languages,
            fallback=collection.content.fallback,
            generation=loaded.generation,
            as_of=loaded.as_of,
            base=saved.index if saved else None,
        )
        self.live.tell()
        self.saved_generation = saved.generation if saved and self.parts.files else 0
        await self._calibration.begin()
        self._loaded = True
        self.progress.begin(BuildStep.FOLLOWING)
        self._stored = collection.generation
        self._settle()
        _log.info(
            "index loaded",
            tenant=self._tenant,
            collection_id=self._collection_id,
            entries=len(loaded.rows),
            from_files=sum(not rows for rows in loaded.rows.values()),
            generation=loaded.generation,
        )
        if loaded.hashes is not None:
            await self.parts.vectors.forget_others(self._tenant, self._collection_id, loaded.hashes)
        return True

    def _settle(self) -> None:
        """Lets searches in once the index holds what was stored when it was loaded: a file may be older."""
        if self.live.generation >= self._stored:
            self.settled.set()

    async def _apply_all(self) -> bool:
        """Returns True when the collection is gone."""
        followed = self.parts.log.follow(self._tenant, self._topic, self.live.generation)
        async with aclosing(followed) as records:
            async for first in records:
                if first.position <= self.live.generation:
                    continue  # was in the batch of one before it
                later = await self.parts.log.read(self._tenant, self._topic, first.position, _BATCH - 1)
                if await self._apply([first, *later]):
                    return True
        return False

    async def _apply(self, records: Sequence[Record]) -> bool:
        """Returns True when the collection is gone; else the index holds what these events tell of.

        What is read may be newer than they are; the events to come then find it done.
        """
        changes = [events.decode(record.payload) for record in records]
        ids = list({change.entry_id for change in changes if change.entry_id})
        async with self.parts.database.read() as tx:
            collection = await self.parts.store.collection(tx, self._tenant, self._collection_id)
            if collection is None and any(change.deleted and not change.entry_id for change in changes):
                return True
            found = await self.parts.store.entries(tx, self._tenant, self._collection_id, ids)
        present = published(found.values())
        texts = {text for entry in present for text in entry.content.worded()}
        vectors = await self.parts.vectors.of(self._tenant, self._collection_id, texts)
        before = self.live.generation
        self._event_ids = {
            before: self._event_ids.get(before, ""),
            records[-1].position: records[-1].event_id,
        }
        await self.parts.in_thread(
            self.live.change,
            {change.entry_number for change in changes if change.entry_id},
            {IndexedEntry.of(entry): [vectors[text] for text in entry.content.worded()] for entry in present},
            languages=collection.content.languages if collection else None,
            fallback=collection.content.fallback if collection else (),
            generation=records[-1].position,
            as_of=records[-1].recorded_at,
        )
        self.live.tell()
        self._settle()
        await self.parts.in_thread(self.live.settle)
        self._calibration.changed()
        self.troubles = (0, "")
        return False
