"""A tenant's models: looked at, activated, cancelled and deleted, each write done once and told to the replicas."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from balie.kit.database import Database, Transaction
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger, Write
from balie.kit.paging import decode_page, encode_page
from balie.nlu.models import events, store
from balie.nlu.models.domain import (
    Activation,
    FailureReason,
    ListedModel,
    Model,
    ModelChange,
    ModelState,
    TrainingFailure,
)
from balie.nlu.models.errors import ModelInUse, ModelNotFound, ModelStateInvalid
from balie.nlu.models.replica import Replica
from balie.nlu.served import SHARED
from balie.nlu.topics import MODELS

_HISTORY = 100
_LISTED_ACTIVATIONS = 10
_AFTER_SHARED = "shared"
_ENDED = (ModelState.READY, ModelState.FAILED)


@dataclass(frozen=True)
class Activated:
    """What an activation did.

    Attributes:
        version: of the model that is active.
        previous: of the one before; empty when there was none.
    """

    version: str
    previous: str


class Library:
    """The models of all tenants, in SQL.

    Args:
        replica: loads what is activated.
        poll_seconds: how soon a watcher sees how far a training is.
    """

    def __init__(
        self, database: Database, ledger: Ledger, log: EventLog, replica: Replica, *, poll_seconds: float
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._log = log
        self._replica = replica
        self._poll_seconds = poll_seconds

    async def model(self, tenant: str, version: str) -> ListedModel:
        """Returns a model, the active one when no version is given.

        Raises:
            ModelNotFound: the tenant has no such model, or none that is active.
        """
        async with self._database.read() as tx:
            view = await _View.of(tx, tenant)
            return view.listed(await _found(tx, tenant, version or view.active, view))

    async def models(self, tenant: str, limit: int, token: str) -> tuple[Sequence[ListedModel], str]:
        """Returns a page of the tenant's models, newest first, and the token of the next; empty when it is the last.

        The first page begins with the model of the service's file, when there is one.

        Raises:
            CursorMalformed: the token is none of this list's.
        """
        scope = ("models", tenant)
        after = decode_page(scope, token)
        async with self._database.read() as tx:
            view = await _View.of(tx, tenant)
            found = list(await store.page(tx, tenant, _place_of(after), limit + 1))
        if not after and view.shared is not None:
            found.insert(0, view.shared)
        rest = encode_page(scope, _token_of(found[limit - 1])) if len(found) > limit else ""
        return [view.listed(model) for model in found[:limit]], rest

    async def watch(self, tenant: str, version: str) -> AsyncGenerator[ListedModel, None]:
        """Yields a model as it is, then whenever its training has got further, and last when that is over.

        Raises:
            ModelNotFound: there is none, or it was deleted meanwhile.
        """
        told: Model | None = None
        while True:
            now = await self.model(tenant, version)
            if _told(now.model) != (told and _told(told)):
                told = now.model
                yield now
            if now.model.state in _ENDED:
                return
            await asyncio.sleep(self._poll_seconds)

    async def activate(self, write: Write, version: str) -> Activated:
        """Makes a model the tenant's, once this replica has loaded and tested it; then serves with it.

        Raises:
            ModelNotFound: there is none.
            ModelStateInvalid, ModelCorrupt, ModelUnusable, MemoryShort: it cannot be used; nothing changed.
        """
        tenant = write.tenant
        async with self._database.read() as tx:
            view = await _View.of(tx, tenant)
            model = await _found(tx, tenant, version, view)
        if model.tenant == tenant:  # the shared one is in use already, if only by others
            await self._replica.prepare(tenant, model)

        async def work() -> Activated:
            return await self._activate(tx, tenant, model.version)

        try:
            async with self._database.write() as tx:
                activated = await self._ledger.once(tx, write, Activated, work)
        except BaseException:
            self._replica.dismiss(tenant, version)
            raise
        await self._replica.bring_up(tenant)
        return activated

    async def cancel(self, write: Write, version: str) -> ListedModel:
        """Returns a model whose training is cancelled.

        Raises:
            ModelNotFound: there is none.
            ModelStateInvalid: its training is over.
        """

        async def work() -> None:
            model = await store.model(tx, (write.tenant, version), lock=True)
            if model is None:
                shared = await store.active(tx, SHARED)
                if shared is None or shared.version != version:
                    raise ModelNotFound(version)
                raise ModelStateInvalid(version, ModelState.READY, [ModelState.TRAINING])
            if model.failure is not None and model.failure.reason is FailureReason.CANCELLED:
                return
            if model.state is not ModelState.TRAINING:
                raise ModelStateInvalid(version, model.state, [ModelState.TRAINING])
            failure = TrainingFailure(FailureReason.CANCELLED, "the training was cancelled")
            await store.fail(tx, model.key, failure, datetime.now(UTC))
            await self._tell(tx, write.tenant, ModelChange(version, ModelState.FAILED))

        async with self._database.write() as tx:
            await self._ledger.once(tx, write, type(None), work)
        return await self.model(write.tenant, version)

    async def delete(self, write: Write, version: str) -> None:
        """Deletes a model that is not in use.

        Raises:
            ModelNotFound: there is none.
            ModelInUse: it is active, or that of the service's file.
        """

        async def work() -> None:
            # First, because it holds the topic: an activation of the same model comes before or after this, not between.
            gone = ModelChange(version, ModelState.FAILED, deleted=True)
            await self._tell(tx, write.tenant, gone)
            view = await _View.of(tx, write.tenant)
            model = await _found(tx, write.tenant, version, view)
            if model.tenant == SHARED or version == view.active:
                raise ModelInUse(version)
            await store.delete(tx, model.key)

        async with self._database.write() as tx:
            await self._ledger.once(tx, write, type(None), work)

    async def _activate(self, tx: Transaction, tenant: str, version: str) -> Activated:
        change = ModelChange(version, ModelState.READY, activated=True)
        await self._tell(tx, tenant, change)  # holds the topic: one activation after another
        view = await _View.of(tx, tenant)
        model = await _found(tx, tenant, version, view)
        if model.state is not ModelState.READY:
            raise ModelStateInvalid(version, model.state, [ModelState.READY])
        if view.active != version:
            number = view.history[0].number + 1 if view.history else 1
            await store.activate(tx, Activation(tenant, number, version, datetime.now(UTC)))
        return Activated(version, view.active)

    async def _tell(self, tx: Transaction, tenant: str, change: ModelChange) -> None:
        await self._log.append(tx, tenant, MODELS, events.encode(change))


@dataclass(frozen=True)
class _View:
    """What of all models a tenant sees beside its own rows.

    Attributes:
        shared: the model of the service's file.
        active: version of the model that the tenant's messages are to be understood with; empty when there is none.
        history: the tenant's activations, newest first.
    """

    shared: Model | None
    active: str
    history: Sequence[Activation]

    @classmethod
    async def of(cls, tx: Transaction, tenant: str) -> "_View":
        history = await store.history(tx, tenant, _HISTORY)
        followed = await store.active(tx, SHARED)
        shared = await store.model(tx, (SHARED, followed.version)) if followed else None
        own = history[0].version if history else ""
        if not own or await store.model(tx, (tenant, own)) is None:  # the tenant follows the file
            own = shared.version if shared else ""
        return cls(shared, own, history)

    def listed(self, model: Model) -> ListedModel:
        times = [one.activated_at for one in self.history if one.version == model.version]
        return ListedModel(model, model.version == self.active, times[:_LISTED_ACTIVATIONS])


async def _found(tx: Transaction, tenant: str, version: str, view: _View) -> Model:
    model = await store.model(tx, (tenant, version)) if version else None
    if model is None and view.shared is not None and view.shared.version == version:
        model = view.shared
    if model is None or model.state is ModelState.RECEIVING:
        raise ModelNotFound(version)
    return model


def _told(model: Model) -> tuple[ModelState, str, float]:
    return model.state, model.step, model.share


def _token_of(model: Model) -> str:
    return _AFTER_SHARED if model.tenant == SHARED else f"{model.created_at.isoformat()} {model.version}"


def _place_of(token: str) -> tuple[datetime, str] | None:
    if token in ("", _AFTER_SHARED):
        return None
    moment, _, version = token.partition(" ")
    return datetime.fromisoformat(moment), version
