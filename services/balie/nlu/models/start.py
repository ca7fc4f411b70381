"""The model of the service's own file of intents: there before anything is served, trained first when it has to be.

Replicas that start at once train it once: the first to claim it does, the others wait.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from balie.kit.database import Database, Transaction
from balie.kit.eventlog import EventLog
from balie.nlu.errors import TrainingFailed
from balie.nlu.example_lines import chunks
from balie.nlu.examples import Examples
from balie.nlu.jobs import Task
from balie.nlu.models import events, store
from balie.nlu.models.domain import Activation, Key, Model, ModelChange, ModelState
from balie.nlu.models.errors import ModelCorrupt
from balie.nlu.models.replica import Replica
from balie.nlu.served import SHARED
from balie.nlu.topics import MODELS

_LOOKING_SECONDS = 0.2
_NAME = "the service's file"
_KEPT_MODELS = 3
"""The one in use, and those to go back to with files or settings from before."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class FileModel:
    """Sees to the model of the file.

    Attributes:
        wake: tells the worker of this replica that there is work.
    """

    database: Database
    log: EventLog
    replica: Replica
    wake: Callable[[], None]

    async def ensure(self, task: Task, examples: Examples, encoder_fingerprint: str) -> str:
        """Returns the version of the model of these examples, once it is what tenants without one of their own have.

        Raises:
            TrainingFailed: it could not be trained.
            ModelUnusable, MemoryShort: it was trained and cannot be used.
        """
        origin = await asyncio.to_thread(task.origin, examples, encoder_fingerprint)
        key = (SHARED, origin.version())
        model = await self._trained(key, task, examples)
        try:
            await self.replica.prepare(SHARED, model)
        except ModelCorrupt as corrupt:
            _log.error("model refused", model=key[1], file=corrupt.metadata["file"], problem=corrupt.message)
            model = await self._trained(key, task, examples, anew=True)
            await self.replica.prepare(SHARED, model)
        async with self.database.write() as tx:
            await self._activate(tx, key)
        await self.replica.bring_up(SHARED)
        return key[1]

    async def _trained(self, key: Key, task: Task, examples: Examples, *, anew: bool = False) -> Model:
        async with self.database.write() as tx:
            await self._submit(tx, key, task, examples, anew=anew)
        self.wake()
        while True:
            async with self.database.read() as tx:
                model = await store.model(tx, key)
            if model is not None and model.state is ModelState.READY:
                return model
            if model is not None and model.state is ModelState.FAILED:
                raise TrainingFailed(
                    f"the model of the file could not be trained: "
                    f"{model.failure.message if model.failure else 'nobody knows why'}"
                )
            await asyncio.sleep(_LOOKING_SECONDS)

    async def _submit(self, tx: Transaction, key: Key, task: Task, examples: Examples, *, anew: bool) -> None:
        """Lets the model be trained unless it is there or being trained; one that failed is tried again."""
        if await store.add(tx, key, _NAME, task, datetime.now(UTC), ModelState.RECEIVING):
            for place, chunk in enumerate(chunks(examples.items)):
                await store.add_examples(tx, key, place, chunk)
        again = {ModelState.RECEIVING, ModelState.FAILED} | ({ModelState.READY} if anew else set())
        model = await store.model(tx, key, lock=True)
        if model is not None and model.state in again:
            await store.submit(tx, key, len(examples.items), datetime.now(UTC))

    async def _activate(self, tx: Transaction, key: Key) -> None:
        """Makes the model the one of the file, and throws away those of files long gone."""
        change = ModelChange(key[1], ModelState.READY, activated=True)
        history = await store.history(tx, SHARED, 1)
        if history and history[0].version == key[1]:
            return
        await self.log.append(tx, SHARED, MODELS, events.encode(change))
        latest = await store.active(tx, SHARED)
        number = latest.number + 1 if latest else 1
        await store.activate(tx, Activation(SHARED, number, key[1], datetime.now(UTC)))
        kept = list(dict.fromkeys([key[1], *await _recent(tx)]))[:_KEPT_MODELS]
        for old in await store.page(tx, SHARED, None, 1000):
            if old.version not in kept and old.state is not ModelState.TRAINING:
                await store.delete(tx, old.key)


async def _recent(tx: Transaction) -> list[str]:
    return [one.version for one in await store.history(tx, SHARED, 100)]
