"""Keeps one collection's index equal to the store: built from a snapshot, then changed as the log tells."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from balie.faq import events
from balie.faq.domain import Collection, Entry, EntryState
from balie.faq.index.indexed_entry import IndexedEntry
from balie.faq.index.live_index import LiveIndex
from balie.faq.index.vectors import Vectors
from balie.faq.knowledge.store import Store
from balie.faq.retrieval.calibrating import Calibrations
from balie.kit.database import Database
from balie.kit.errors import CursorExpired, Failure
from balie.kit.eventlog import EventLog, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = structlog.get_logger()

_PAGE = 500  # entries read at a time while an index is built
_BATCH = 200  # events applied at a time
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class Parts:
    """What followers share.

    Attributes:
        workers: threads that change indexes, and may be busy for seconds.
    """

    database: Database
    store: Store
    log: EventLog
    vectors: Vectors
    calibrations: Calibrations
    workers: Executor


class CollectionFollower:
    """Follows one collection until it is gone.

    Attributes:
        live: the index.
        settled: set once the index is loaded, or the collection is gone.
        gone: whether the collection is gone.
    """

    def __init__(self, parts: Parts, tenant: str, collection: Collection) -> None:
        self._parts = parts
        self._tenant = tenant
        self._collection_id = collection.id
        self._topic = events.topic_of(collection.id)
        self._loaded = False
        self.live = LiveIndex(
            fingerprint=parts.vectors.fingerprint,
            dimensions=parts.vectors.dimensions,
            calibration=parts.calibrations.policy.default(),
            as_of=collection.changed_at,
        )
        self._calibration = parts.calibrations.of(tenant, collection.id, self.live, parts.vectors.fingerprint)
        self.settled = asyncio.Event()
        self.gone = False

    async def run(self) -> None:
        """Follows; whatever goes wrong is tried again, because an index that stopped would serve what is deleted."""
        calibrating = asyncio.create_task(self._persist(self._calibration.run))
        try:
            await self._persist(self._follow)
            self.gone = True
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
                _log.warning("index held up", collection_id=self._collection_id, reason=failure.reason)
            except Exception:  # noqa: BLE001  a bug here must not leave a stale index serving
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
        read = await self._read()
        if read is None:
            return False
        collection, entries = read
        texts = (phrasing for entry in entries for text in entry.content.texts for phrasing in text.asked())
        vectors = await self._parts.vectors.of_all(self._tenant, self._collection_id, texts)
        await self._in_thread(
            partial(
                self.live.load,
                {IndexedEntry.of(entry): _rows(entry, vectors) for entry in entries},
                languages=collection.content.languages,
                fallback=collection.content.fallback,
                generation=collection.generation,
                as_of=collection.changed_at,
            )
        )
        self.live.tell()
        await self._calibration.begin()
        self._loaded = True
        self.settled.set()
        _log.info(
            "index loaded",
            tenant=self._tenant,
            collection_id=self._collection_id,
            entries=len(entries),
            vectors=len(vectors),
            generation=collection.generation,
        )
        return True

    async def _read(self) -> tuple[Collection, list[Entry]] | None:
        """Returns the collection and its published entries as of its generation; None when it is gone."""
        store, entries = self._parts.store, list[Entry]()
        async with self._parts.database.read() as tx:
            collection = await store.collection(tx, self._tenant, self._collection_id)
            if collection is None:
                return None
            after = ""
            while True:
                page = await store.list_entries(
                    tx, self._tenant, self._collection_id, after=after, limit=_PAGE
                )
                entries += _published(page)
                if len(page) < _PAGE:
                    return collection, entries
                after = page[-1].id

    async def _apply_all(self) -> bool:
        """Returns True when the collection is gone."""
        followed = self._parts.log.follow(self._tenant, self._topic, self.live.generation)
        async with aclosing(followed) as records:
            async for first in records:
                if first.position <= self.live.generation:
                    continue  # was in the batch of one before it
                later = await self._parts.log.read(self._tenant, self._topic, first.position, _BATCH - 1)
                if await self._apply([first, *later]):
                    return True
        return False

    async def _apply(self, records: Sequence[Record]) -> bool:
        """Returns True when the collection is gone; else the index holds what these events tell of.

        What is read may be newer than they are; the events to come then find it done.
        """
        changes = [events.decode(record.payload) for record in records]
        ids = list({change.entry_id for change in changes if change.entry_id})
        async with self._parts.database.read() as tx:
            collection = await self._parts.store.collection(tx, self._tenant, self._collection_id)
            if collection is None and any(change.deleted and not change.entry_id for change in changes):
                return True
            found = await self._parts.store.entries(tx, self._tenant, self._collection_id, ids)
        present = _published(found.values())
        texts = {phrasing for entry in present for text in entry.content.texts for phrasing in text.asked()}
        vectors = await self._parts.vectors.of(self._tenant, self._collection_id, texts)
        await self._in_thread(
            partial(
                self.live.change,
                {change.entry_number for change in changes if change.entry_id},
                {IndexedEntry.of(entry): _rows(entry, vectors) for entry in present},
                languages=collection.content.languages if collection else None,
                fallback=collection.content.fallback if collection else (),
                generation=records[-1].position,
                as_of=records[-1].recorded_at,
            )
        )
        self.live.tell()
        self._calibration.changed()
        return False

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._parts.workers, work)


def _published(entries: Iterable[Entry]) -> list[Entry]:
    """Returns those that searches may find; the others are not even encoded."""
    return [entry for entry in entries if entry.content.state is EntryState.PUBLISHED]


def _rows(entry: Entry, vectors: "dict[str, NDArray[np.float32]]") -> "list[NDArray[np.float32]]":
    return [vectors[phrasing] for text in entry.content.texts for phrasing in text.asked()]
