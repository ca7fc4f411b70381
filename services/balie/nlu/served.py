"""The models that messages are understood with, one for each tenant, and how one takes another's place.

A message that has begun with a model ends with it. Who comes later gets the new one at once; the old one is freed when
the last message has left it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from balie.nlu.artifacts import Artifact
    from balie.nlu.language import LanguageDetector

SHARED = "*"
"""Stands in a tenant's place for the model of the service's own file; no tenant can be called so."""

_log = structlog.get_logger()


class ServedModel:
    """A loaded model with the detector that knows its words, and how many messages are in it.

    Args:
        artifact: ranks intents.
        detector: tells languages.
    """

    def __init__(self, artifact: "Artifact", detector: "LanguageDetector") -> None:
        self.artifact = artifact
        self.detector = detector
        self._calls = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Keeps the model from being freed within the block."""
        self._calls += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._empty.set()

    async def left(self) -> None:
        """Returns when no message is in the model."""
        await self._empty.wait()


class ServedModels:
    """Which model serves whom, for one event loop.

    Args:
        give_back: is called from a thread after a model was freed.
    """

    def __init__(self, give_back: Callable[[], None] = lambda: None) -> None:
        self._models: dict[str, ServedModel] = {}
        self._give_back = give_back
        self._freeing: set[asyncio.Task[None]] = set()

    @contextmanager
    def using(self, tenant: str) -> Iterator[ServedModel | None]:
        """Yields the tenant's model, or the shared one when it has none of its own, or None; it stays for the block."""
        found = self._models.get(tenant) or self._models.get(SHARED)
        if found is None:
            yield None
            return
        with found.entered():
            yield found

    def version(self, tenant: str) -> str:
        """Returns which model serves a tenant, empty when none does."""
        found = self._models.get(tenant) or self._models.get(SHARED)
        return found.artifact.version if found else ""

    @property
    def count(self) -> int:
        """Returns how many models are in use."""
        return len(self._models)

    def own(self, tenant: str) -> ServedModel | None:
        """Returns the model that was put for a tenant itself."""
        return self._models.get(tenant)

    def put(self, tenant: str, model: ServedModel | None) -> None:
        """Makes a model the tenant's from now on, or takes its own away; the one before is freed in its time."""
        before = self._models.pop(tenant, None)
        if model is not None:
            self._models[tenant] = model
        if before is not None and before is not model:
            self.free(before)

    def free(self, model: ServedModel) -> None:
        """Frees a model once no message is in it."""
        # An empty context: it belongs to no call, although one may have caused it.
        task = asyncio.get_running_loop().create_task(self._free(model), context=Context())
        self._freeing.add(task)
        task.add_done_callback(self._freeing.discard)

    async def freed(self) -> None:
        """Returns when every model that was replaced is freed."""
        while self._freeing:
            await asyncio.wait(self._freeing)

    async def close(self) -> None:
        """Frees all models."""
        for tenant in list(self._models):
            self.put(tenant, None)
        await self.freed()

    async def _free(self, model: ServedModel) -> None:
        await model.left()
        version = model.artifact.version
        try:
            await asyncio.to_thread(model.artifact.close)
        except Exception:  # noqa: BLE001  an engine that cannot close has served its last message all the same
            _log.exception("model not closed", model=version)
        del model
        await asyncio.to_thread(self._give_back)
        _log.info("model freed", model=version)
