"""Keeps what this replica serves equal to what is activated: loads what the log tells of, and swaps.

A model that cannot be loaded leaves the one in use where it is; it is tried again, and `problem` says why.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from balie.kit.database import Database
from balie.kit.errors import CursorExpired, Failure
from balie.kit.eventlog import EventLog
from balie.nlu.models import events, store
from balie.nlu.models.cache import ArtifactCache
from balie.nlu.models.domain import Key, Model
from balie.nlu.models.errors import ModelNotFound
from balie.nlu.models.loading import Loader
from balie.nlu.served import SHARED, ServedModel, ServedModels
from balie.nlu.tenant_tasks import TenantTasks
from balie.nlu.topics import MODELS

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 10.0
_KEPT_COPIES = 3
"""Copies of models on disk beside those in use, to go back to without fetching."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Parts:
    """What the pieces of model work share."""

    database: Database
    log: EventLog
    cache: ArtifactCache
    loader: Loader
    served: ServedModels


@dataclass
class _Tenant:
    """What is known of one tenant.

    Attributes:
        turn: one change at a time.
        ready: models that were loaded to be activated, by version.
        problem: why the active model is not in use; empty when it is.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready: dict[str, ServedModel] = field(default_factory=dict)
    problem: str = ""


class Replica:
    """Serves each tenant with its active model."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tenants: dict[str, _Tenant] = {}
        self._following = TenantTasks(parts.database, store.tenants, self._follow_one)

    async def open(self) -> Mapping[str, Failure]:
        """Loads the active model of every tenant, and returns of which tenants it cannot be loaded, and why.

        The log tells of them too, and it is tried again later.
        """
        async with self._parts.database.read() as tx:
            tenants = await store.tenants(tx)
        found = [(tenant, await self._brought_up(tenant)) for tenant in tenants]
        return {tenant: failure for tenant, failure in found if failure is not None}

    async def run(self) -> None:
        """Follows all tenants, and those that come, until it is cancelled."""
        await self._following.run()

    def problem(self, tenant: str) -> str:
        """Returns why the tenant's active model is not in use; empty when it is."""
        return self._of(tenant).problem

    async def prepare(self, tenant: str, model: Model) -> None:
        """Loads a model that is about to be activated; one that is in use already is not loaded again.

        Raises:
            ModelStateInvalid, ModelCorrupt, ModelUnusable, MemoryShort: it cannot be used; nothing changed.
        """
        known = self._of(tenant)
        async with known.turn:
            own = self._parts.served.own(tenant)
            if (own is None or own.artifact.version != model.version) and model.version not in known.ready:
                key, _ = await self._wanted(tenant)
                is_active = key == model.key
                known.ready[model.version] = await self._parts.loader.load(model, is_active=is_active)

    def dismiss(self, tenant: str, version: str) -> None:
        """Frees a model that was prepared and not activated."""
        if (model := self._of(tenant).ready.pop(version, None)) is not None:
            self._parts.served.free(model)

    async def bring_up(self, tenant: str) -> None:
        """Returns when the tenant's messages are understood with its active model.

        Raises:
            ModelNotFound: the active model is gone.
            ModelCorrupt, ModelUnusable, MemoryShort: it cannot be used; the one before stays in use.
        """
        known = self._of(tenant)
        async with known.turn:
            key, model = await self._wanted(tenant)
            own = self._parts.served.own(tenant)
            if key is None or key[0] != tenant:
                self._parts.served.put(tenant, None)
            elif own is None or own.artifact.version != key[1]:
                if model is None:
                    raise ModelNotFound(key[1])
                # With nothing else in use, a model whose engine is away is better than none.
                ready = known.ready.pop(key[1], None) or await self._parts.loader.load(
                    model, is_active=own is None
                )
                self._parts.served.put(tenant, ready)
                _log.info("model in use", tenant=tenant, model=key[1])
            known.problem = ""
        for version in list(known.ready):
            self.dismiss(tenant, version)
        await self._tidy()

    async def _wanted(self, tenant: str) -> tuple[Key | None, Model | None]:
        """Returns which model the tenant's messages are to be understood with."""
        async with self._parts.database.read() as tx:
            activation = await store.active(tx, tenant)
            if activation is None:
                return None, None
            key = (tenant, activation.version)
            model = await store.model(tx, key)
            if model is None and tenant != SHARED:
                shared = await store.active(tx, SHARED)
                if shared is not None:  # the file's model was activated: the tenant follows the file
                    return (SHARED, shared.version), None
            return key, model

    async def _brought_up(self, tenant: str) -> Failure | None:
        """Returns why the tenant's active model is not in use, None when it is, now or from before."""
        try:
            await self.bring_up(tenant)
        except Failure as failure:
            known = self._of(tenant)
            if known.problem != failure.message:
                known.problem = failure.message
                _log.error(
                    "model not in use",
                    tenant=tenant,
                    reason=failure.reason,
                    problem=failure.message,
                    serving=self._parts.served.version(tenant),
                )
            return failure
        return None

    async def _follow_one(self, tenant: str) -> None:
        """Brings the tenant up again and again as the log tells of activations; a bug ends it until it is restarted."""
        try:
            after = await self._parts.log.head(tenant, MODELS)
            await self._insist(tenant)
            async with aclosing(self._parts.log.follow(tenant, MODELS, after)) as records:
                async for record in records:
                    if events.decode(record.payload).activated:
                        await self._insist(tenant)
        except CursorExpired:
            _log.info("models followed from a snapshot", tenant=tenant)
        except Failure as failure:
            _log.warning("models not followed", tenant=tenant, reason=failure.reason)
        except Exception:  # noqa: BLE001  a bug here must not leave an old model serving for good
            _log.exception("models not followed", tenant=tenant)

    async def _insist(self, tenant: str) -> None:
        """Tries until the tenant has its active model, with longer and longer pauses."""
        pause = _FIRST_PAUSE_SECONDS
        while await self._brought_up(tenant):
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _tidy(self) -> None:
        used = {self._parts.served.version(tenant) for tenant in (SHARED, *self._tenants)}
        try:
            await self._parts.cache.tidy(used, keep=_KEPT_COPIES)
        except OSError as error:  # a folder that may only be read: no reason not to serve
            _log.info("old copies of models not removed", problem=error.strerror)

    def _of(self, tenant: str) -> _Tenant:
        return self._tenants.setdefault(tenant, _Tenant())
