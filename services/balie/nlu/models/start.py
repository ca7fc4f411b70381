"""The models that are to be there before anything is served, trained first when they have to be.

That is the model of the service's own file of intents, and those active ones that this service cannot use as they are:
made with another encoder than it has now, or corrupt. Replicas that start at once train each of them once: the first to
claim it does, the others wait.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure
from balie.kit.eventlog import EventLog
from balie.nlu.artifacts import VERSION_CHARACTERS
from balie.nlu.errors import TrainingFailed
from balie.nlu.example_lines import chunks
from balie.nlu.examples import Examples
from balie.nlu.jobs import Task
from balie.nlu.models import events, store
from balie.nlu.models.domain import Activation, Key, Model, ModelChange, ModelState
from balie.nlu.models.errors import ModelCorrupt, ModelOfAnotherEncoder
from balie.nlu.models.replica import Replica
from balie.nlu.served import SHARED
from balie.nlu.topics import MODELS

_LOOKING_SECONDS = 0.2
_NAME = "the service's file"
_KEPT_MODELS = 3
"""The one in use, and those to go back to with files or settings from before."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Start:
    """Sees to the models of a start.

    Attributes:
        wake: tells the worker of this replica that there is work.
    """

    database: Database
    log: EventLog
    replica: Replica
    wake: Callable[[], None]

    async def model_of_file(self, task: Task, examples: Examples, encoder_fingerprint: str) -> str:
        """Returns the version of the model of these examples, once it is what tenants without one of their own have.

        Raises:
            TrainingFailed: it could not be trained.
            ModelUnusable, MemoryShort: it was trained and cannot be used.
        """
        origin = await asyncio.to_thread(task.origin, examples, encoder_fingerprint)
        key = (SHARED, origin.version())

        async def submit(tx: Transaction, *, anew: bool = False) -> None:
            if await store.add(tx, key, _NAME, task, datetime.now(UTC), ModelState.RECEIVING):
                for place, chunk in enumerate(chunks(examples.items)):
                    await store.add_examples(tx, key, place, chunk)
            await _submit(tx, key, len(examples.items), anew=anew)

        async with self.database.write() as tx:
            await submit(tx)
        try:
            await self.replica.prepare(SHARED, await self._trained(key))
        except ModelCorrupt as corrupt:
            _log.error("model refused", model=key[1], file=corrupt.metadata["file"], problem=corrupt.message)
            async with self.database.write() as tx:
                await submit(tx, anew=True)
            await self.replica.prepare(SHARED, await self._trained(key))
        async with self.database.write() as tx:
            if await self._activate(tx, key):
                await _forget_old_files(tx, key)
        await self.replica.bring_up(SHARED)
        return key[1]

    async def train_again(self, unusable: Mapping[str, Failure], encoder_fingerprint: str) -> None:
        """Trains those active models anew, from their own examples, that training can help; then they are active.

        Whatever goes wrong with one is told in the log and leaves its tenant without a model of its own.

        Args:
            unusable: why a tenant's active model is not in use.
            encoder_fingerprint: of the encoder there is.
        """
        for tenant, failure in unusable.items():
            if isinstance(failure, ModelCorrupt | ModelOfAnotherEncoder):
                try:
                    await self._train_again(tenant, encoder_fingerprint)
                except (Failure, TrainingFailed) as problem:
                    _log.error("model not trained again", tenant=tenant, problem=str(problem))

    async def _train_again(self, tenant: str, encoder_fingerprint: str) -> None:
        async with self.database.write() as tx:
            activation = await store.active(tx, tenant)
            old = await store.model(tx, (tenant, activation.version)) if activation else None
            if old is None:
                return
            key = (tenant, _successor(old.version, encoder_fingerprint))
            if await store.add(tx, key, old.display_name, old.task, datetime.now(UTC), ModelState.RECEIVING):
                await store.copy_examples(tx, old.key, key)
            await _submit(tx, key, old.example_count)
        _log.info("training a model again", tenant=tenant, old=old.version, model=key[1])
        await self.replica.prepare(tenant, await self._trained(key))
        async with self.database.write() as tx:
            await self._activate(tx, key, instead_of=old.version)
        await self.replica.bring_up(tenant)

    async def _trained(self, key: Key) -> Model:
        """Returns a model once it is ready."""
        self.wake()
        while True:
            async with self.database.read() as tx:
                model = await store.model(tx, key)
            if model is not None and model.state is ModelState.READY:
                return model
            if model is None or model.state is ModelState.FAILED:
                why = model.failure.message if model and model.failure else "it is gone"
                raise TrainingFailed(f"model {key[1]} could not be trained: {why}")
            await asyncio.sleep(_LOOKING_SECONDS)

    async def _activate(self, tx: Transaction, key: Key, instead_of: str = "") -> bool:
        """Returns whether the model was made the active one; not if it is already, or another took its place.

        Args:
            tx: the transaction to do it in.
            key: the model.
            instead_of: the only one in whose place it may come; any when empty.
        """
        tenant, version = key
        before = await store.active(tx, tenant)
        if before is not None and before.version == version:
            return False
        change = ModelChange(version, ModelState.READY, activated=True)
        await self.log.append(
            tx, tenant, MODELS, events.encode(change)
        )  # from here on, nobody else activates
        before = await store.active(tx, tenant)
        if before is not None and (before.version == version or instead_of not in ("", before.version)):
            return False
        number = before.number + 1 if before else 1
        await store.activate(tx, Activation(tenant, number, version, datetime.now(UTC)))
        return True


async def _submit(tx: Transaction, key: Key, example_count: int, *, anew: bool = False) -> None:
    """Lets a model be trained unless it is there or being trained; one that failed is tried again."""
    again = {ModelState.RECEIVING, ModelState.FAILED} | ({ModelState.READY} if anew else set())
    model = await store.model(tx, key, lock=True)
    if model is not None and model.state in again:
        await store.submit(tx, key, example_count, datetime.now(UTC))


async def _forget_old_files(tx: Transaction, key: Key) -> None:
    """Throws away the models of files that were used longest ago."""
    recent = [one.version for one in await store.history(tx, SHARED, 100)]
    kept = list(dict.fromkeys([key[1], *recent]))[:_KEPT_MODELS]
    for old in await store.page(tx, SHARED, None, 1000):
        if old.version not in kept and old.state is not ModelState.TRAINING:
            await store.delete(tx, old.key)


def _successor(version: str, encoder_fingerprint: str) -> str:
    """Returns the name of the model that takes a model's place with an encoder: the same for every replica."""
    digest = hashlib.sha256(f"{version} {encoder_fingerprint}".encode()).hexdigest()
    return digest[:VERSION_CHARACTERS]
