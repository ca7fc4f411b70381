"""Puts open questions into groups, in the background.

What waits for a group is in the database, so that a crash, a busy encoder or another replica that wrote it lose nothing.
Writers of one collection's groups come one after another: they hold the collection's row.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import structlog

from balie.faq.feedback.clustering import place
from balie.faq.feedback.domain import QuestionGroup, State
from balie.faq.feedback.membership import make_room, refresh
from balie.faq.feedback.store import Key, QuestionStore, numbers
from balie.faq.index.vectors import TextEncoder
from balie.faq.knowledge.store import Store
from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.ids import new_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_BATCH = 64  # questions placed under one hold of the collection's lock
_ENCODED = 8  # texts given to the encoder at a time: a customer who waits for it waits for no more than these
_LOOK_SECONDS = 5.0
_PAUSE_SECONDS = 1.0

_log = structlog.get_logger()


class Grouping:
    """Groups questions.

    Args:
        database: where they are.
        collections: gives the lock of a collection.
        store: reads and writes questions and groups.
        encoder: returns the encoder of the moment, which tells what means about the same.
        likeness: least cosine similarity to a group's leader with which a question joins it.
    """

    def __init__(
        self,
        database: Database,
        collections: Store,
        store: QuestionStore,
        encoder: Callable[[], TextEncoder],
        *,
        likeness: float,
    ) -> None:
        self._database = database
        self._collections = collections
        self._store = store
        self._encoder = encoder
        self._likeness = likeness
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Says that questions may wait."""
        self._woken.set()

    async def run(self) -> None:
        """Groups until it is cancelled: when it is woken, and from time to time for what other replicas wrote."""
        while True:
            self._woken.clear()
            try:
                while await self.once():
                    pass
            except Failure as failure:
                _log.warning("questions not grouped yet", reason=failure.reason)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # noqa: BLE001  whatever it is, what waits is still there
                _log.exception("questions not grouped yet")
                await asyncio.sleep(_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._woken.wait()

    async def once(self) -> bool:
        """Groups some of the questions that wait, the oldest, and returns whether there were any."""
        async with self._database.read() as tx:
            waiting = await self._store.waiting(tx, _BATCH)
        for key in sorted({key for key, _, _ in waiting}):
            texts = {question_id: text for own, question_id, text in waiting if own == key}
            await self._group(key, texts)
        return bool(waiting)

    async def _group(self, key: Key, texts: dict[str, str]) -> None:
        """Groups questions of one collection, given by id."""
        encoder = self._encoder()
        async with self._database.read() as tx:
            stale = {
                row.leader_id: row.text
                for row in await self._store.leaders(tx, key)
                if row.fingerprint != encoder.fingerprint
            }
        wanted = texts | stale
        vectors: dict[str, Vector] = {}
        for some in _batches(list(wanted)):
            rows = await encoder.encode([wanted[name] for name in some])
            vectors |= dict(zip(some, rows, strict=True))
        async with self._database.write() as tx:
            if await self._collections.collection(tx, *key, lock=True) is None:
                return  # deleted since, and its questions with it
            await self._place(tx, key, encoder, vectors, sorted(texts))

    async def _place(
        self,
        tx: Transaction,
        key: Key,
        encoder: TextEncoder,
        vectors: "dict[str, Vector]",
        ids: Sequence[str],
    ) -> None:
        fingerprint = encoder.fingerprint
        leaders = await self._store.leaders(tx, key)
        known: list[Vector] = []
        for row in leaders:
            if row.fingerprint == fingerprint:
                known.append(numbers(row.vector))
            elif row.leader_id in vectors:
                known.append(vectors[row.leader_id])
                await self._store.save_vector(tx, key, row.leader_id, fingerprint, vectors[row.leader_id])
            else:
                return  # a group got another leader meanwhile: the next round knows it
        waiting = await self._store.ungrouped(tx, key, ids)  # another replica may have been faster
        if not waiting:
            return
        empty = np.empty((0, encoder.dimensions), np.float32)
        places = place(
            np.stack(known) if known else empty,
            np.stack([vectors[question_id] for question_id, _ in waiting]),
            self._likeness,
        )
        groups = [row.id for row in leaders]
        for (question_id, asked_at), number in zip(waiting, places, strict=True):
            if number == len(groups):
                groups.append(await self._found(tx, key, question_id, asked_at))
                await self._store.save_vector(tx, key, question_id, fingerprint, vectors[question_id])
            elif number < len(leaders) and leaders[number].state == State.DONE.value:
                await self._reopen(tx, key, leaders[number].id, asked_at)
            await self._store.join(tx, key, question_id, groups[number])
        grown = {groups[number] for number in places}
        await refresh(tx, key, grown)
        await make_room(tx, key, grown)

    async def _found(self, tx: Transaction, key: Key, question_id: str, asked_at: datetime) -> str:
        tenant, collection_id = key
        group = QuestionGroup(
            collection_id=collection_id,
            id=new_id(),
            leader_id=question_id,
            state=State.NEW,
            revision=1,
            size=1,
            first_at=asked_at,
            last_at=asked_at,
            updated_at=datetime.now(UTC),
        )
        await self._store.add_group(tx, tenant, group)
        return group.id

    async def _reopen(self, tx: Transaction, key: Key, group_id: str, asked_at: datetime) -> None:
        """Makes a group new again that was asked for after it was done: what was done did not help."""
        group = await self._store.group(tx, key, group_id)
        if group is not None and group.state is State.DONE and asked_at > group.updated_at:
            await self._store.save_state(tx, key, group_id, State.NEW, datetime.now(UTC))


def _batches(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + _ENCODED] for start in range(0, len(names), _ENCODED)]
