"""Goes over to another encoder while the service runs: each collection's index is built aside with its vectors.

Until a collection's new index is whole, its questions are encoded by the old encoder and compared with the old
vectors; from then on both are new. When the new encoder cannot be opened, or an index cannot be built with it, the old
one goes on serving there, and the change is tried again later.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog

from balie.faq.errors import CollectionNotFound
from balie.faq.index.indexes import Indexes
from balie.faq.index.vectors import TextEncoder, Vectors
from balie.kit.database import Database
from balie.kit.errors import Failure

_AGAIN_SECONDS = 60.0
_PROBE = "a"
_LENGTH_TOLERANCE = 1e-3

_log = structlog.get_logger()


class ClosableEncoder(TextEncoder, Protocol):
    """An encoder that can be closed."""

    async def close(self) -> None:
        """Finishes what was begun, and ends it."""


@dataclass(frozen=True)
class Source:
    """Where encoders come from.

    Attributes:
        fingerprint: returns that of the encoder which is installed; None when that cannot be told now; blocks.
        open: opens the encoder that is installed.
    """

    fingerprint: Callable[[], str | None]
    open: Callable[[], Awaitable[ClosableEncoder]]


class EncoderChange:
    """Watches which encoder is installed, and goes over to it.

    Args:
        indexes: of the replica.
        database: where vectors are kept.
        first: the encoder that was opened at the start; closed here like the others.
        source: where the next ones come from.
        seconds: between two looks.
    """

    def __init__(
        self, indexes: Indexes, database: Database, first: ClosableEncoder, source: Source, *, seconds: float
    ) -> None:
        self._indexes = indexes
        self._database = database
        self._source = source
        self._seconds = seconds
        self._current = first.fingerprint
        self._opened: dict[str, ClosableEncoder] = {first.fingerprint: first}
        self._failed: tuple[str, float] = ("", 0.0)

    @property
    def current(self) -> ClosableEncoder:
        """Returns the encoder that new indexes are built with."""
        return self._opened[self._current]

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.look()

    async def look(self) -> None:
        """Goes over to the encoder that is installed, if it is another; a failure is told of in the log."""
        wanted = await asyncio.to_thread(self._source.fingerprint)
        if wanted is None:
            return
        self._indexes.wanted_fingerprint = wanted
        failed, until = self._failed
        if wanted == self._current and not self._others(wanted):
            return
        if wanted == failed and time.monotonic() < until:
            return
        try:
            await self._change(wanted)
        except Exception as error:  # noqa: BLE001  whatever a new encoder does, the old one serves
            why = error.message if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
            _log.warning(
                "encoder not changed: the old one goes on", wanted=wanted, current=self._current, why=why
            )
            self._failed = (wanted, time.monotonic() + _AGAIN_SECONDS)

    async def close(self) -> None:
        """Closes all encoders."""
        for encoder in self._opened.values():
            await encoder.close()

    async def _change(self, wanted: str) -> None:
        encoder = self._opened.get(wanted) or await self._open(wanted)
        vectors = Vectors(self._database, encoder)
        _log.info("encoder changes", old=self._current, new=wanted)
        while others := self._others(wanted):  # also those that came meanwhile
            for key in others:
                await self._move(*key, vectors)
            self._indexes.use(vectors)
        self._indexes.use(vectors)
        self._current = wanted
        _log.info("encoder changed", fingerprint=wanted)
        for fingerprint in self._opened.keys() - {wanted}:
            await self._let_go(fingerprint)

    async def _open(self, wanted: str) -> ClosableEncoder:
        """Returns the encoder that is installed, after a try."""
        encoder = await self._source.open()
        try:
            if encoder.fingerprint != wanted:
                raise ValueError("the encoder was changed again while it was opened")
            [row] = await encoder.encode([_PROBE])
            if row.shape != (encoder.dimensions,) or abs(np.linalg.norm(row) - 1) > _LENGTH_TOLERANCE:
                raise ValueError("the encoder gives no unit vectors")
        except BaseException:
            await encoder.close()
            raise
        self._opened[wanted] = encoder
        return encoder

    async def _move(self, tenant: str, collection_id: str, vectors: Vectors) -> None:
        """Returns when a collection's index holds the new encoder's vectors, or the collection is gone."""
        why = f"the encoder is {vectors.fingerprint}"
        try:
            while True:
                rebuild = await self._indexes.rebuild(tenant, collection_id, why=why, vectors=vectors)
                async for _ in rebuild.watch():
                    pass
                if rebuild.fingerprint == vectors.fingerprint:
                    return
        except CollectionNotFound:
            return

    def _others(self, wanted: str) -> list[tuple[str, str]]:
        """Returns the collections whose index holds another encoder's vectors."""
        return [key for key, served in self._indexes.all().items() if served.encoder.fingerprint != wanted]

    async def _let_go(self, fingerprint: str) -> None:
        """Closes an encoder once no index is left that searches encode for, and forgets its vectors."""
        await self._indexes.left(fingerprint)
        encoder = self._opened.pop(fingerprint)
        await encoder.close()
        await Vectors(self._database, encoder).forget_all()
