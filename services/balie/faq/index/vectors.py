"""Vectors of texts: kept in SQL by encoder and text, so that a text is encoded once and a restart encodes nothing.

Kept for each collection apart: what is deleted there is deleted here, and nothing tells which texts others have.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Protocol

import numpy as np
import sqlalchemy as sa

from balie.faq.tables import vectors
from balie.kit.database import Database, Transaction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_HASH_BYTES = 16
_ROWS = 500  # of one statement
_PAGE = 5000  # hashes looked at at a time
_STORED = np.dtype("<f4")


class TextEncoder(Protocol):
    """What is needed of an encoder here; `balie.encoders.BatchingEncoder` is one."""

    @property
    def fingerprint(self) -> str:
        """Returns what tells its vectors from any other encoder's."""

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""

    async def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Returns one unit vector for each text, shape (texts, dimensions)."""


def text_hash(text: str) -> bytes:
    """Returns what a text's vector is kept under."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_HASH_BYTES).digest()


class Vectors:
    """Gives texts their vectors: those that are kept from the database, the others from the encoder.

    Args:
        database: where they are kept.
        encoder: makes those that are missing.
    """

    def __init__(self, database: Database, encoder: TextEncoder) -> None:
        self._database = database
        self._encoder = encoder

    @property
    def encoder(self) -> TextEncoder:
        """Returns the encoder, whose vectors alone are compared with these."""
        return self._encoder

    @property
    def fingerprint(self) -> str:
        """Returns the encoder's fingerprint."""
        return self._encoder.fingerprint

    @property
    def dimensions(self) -> int:
        """Returns the length of a vector."""
        return self._encoder.dimensions

    async def of(self, tenant: str, collection_id: str, texts: Iterable[str]) -> "dict[str, Vector]":
        """Returns the vector of each of a few entries' texts, keeping those that were not kept."""
        wanted = {text_hash(text): text for text in texts}
        found: dict[bytes, Vector] = {}
        async with self._database.read() as tx:
            for hashes in _slices(list(wanted), _ROWS):
                which = vectors.c.text_hash.in_(hashes)
                found |= await self._read(tx, self._select(tenant, collection_id).where(which))
        return await self._completed(tenant, collection_id, wanted, found)

    async def forget_others(self, tenant: str, collection_id: str, wanted: Set[bytes]) -> None:
        """Forgets this encoder's vectors of texts whose hash is not wanted: an entry went while they were made."""
        last, stale = b"", list[bytes]()
        hashes = sa.select(vectors.c.text_hash).where(*self._own(tenant, collection_id))
        while True:
            query = hashes.where(vectors.c.text_hash > last).order_by(vectors.c.text_hash).limit(_PAGE)
            async with self._database.read() as tx:
                page = [bytes(row.text_hash) for row in await tx.all(query)]
            stale += [found for found in page if found not in wanted]
            if len(page) < _PAGE:
                break
            last = page[-1]
        if stale:
            async with self._database.write() as tx:
                await self.forget(tx, tenant, collection_id, stale, fingerprint=self.fingerprint)

    async def forget_all(self) -> None:
        """Forgets this encoder's vectors of every collection, a part at a time."""
        which = sa.select(vectors.c.tenant, vectors.c.collection_id).distinct()
        async with self._database.read() as tx:
            owners = await tx.all(which.where(vectors.c.fingerprint == self.fingerprint))
        for owner in owners:
            await self.forget_others(owner.tenant, owner.collection_id, frozenset())

    async def forget(
        self,
        tx: Transaction,
        tenant: str,
        collection_id: str,
        hashes: Sequence[bytes],
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Deletes the vectors of texts, every encoder's unless one is named."""
        for some in _slices(hashes, _ROWS):
            statement = sa.delete(vectors).where(
                vectors.c.tenant == tenant,
                vectors.c.collection_id == collection_id,
                vectors.c.text_hash.in_(some),
            )
            if fingerprint is not None:
                statement = statement.where(vectors.c.fingerprint == fingerprint)
            await tx.execute(statement)

    async def _completed(
        self, tenant: str, collection_id: str, wanted: Mapping[bytes, str], found: "dict[bytes, Vector]"
    ) -> "dict[str, Vector]":
        missing = [key for key in wanted if key not in found]
        for keys in _slices(missing, _ROWS):  # kept as they come: a restart in between goes on where it was
            # In two requests, for two workers: the encoder takes each in slices, so that questions come in between.
            halves = (keys[::2], keys[1::2])
            made = await asyncio.gather(
                *[self._encoder.encode([wanted[key] for key in half]) for half in halves if half]
            )
            rows = dict(zip((*halves[0], *halves[1]), np.concatenate(made), strict=True))
            await self._keep(tenant, collection_id, rows)
            found |= rows
        return {text: found[key] for key, text in wanted.items()}

    async def _keep(self, tenant: str, collection_id: str, rows: "Mapping[bytes, Vector]") -> None:
        async with self._database.write() as tx:
            await tx.execute(
                tx.insert(vectors).on_conflict_do_nothing(),  # another replica may have been faster
                [
                    {
                        "tenant": tenant,
                        "collection_id": collection_id,
                        "fingerprint": self.fingerprint,
                        "text_hash": key,
                        "vector": vector.astype(_STORED).tobytes(),
                    }
                    for key, vector in rows.items()
                ],
            )

    def _select(self, tenant: str, collection_id: str) -> sa.Select[tuple[bytes, bytes]]:
        return sa.select(vectors.c.text_hash, vectors.c.vector).where(*self._own(tenant, collection_id))

    def _own(self, tenant: str, collection_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            vectors.c.tenant == tenant,
            vectors.c.collection_id == collection_id,
            vectors.c.fingerprint == self.fingerprint,
        )

    async def _read(self, tx: Transaction, query: sa.Select[tuple[bytes, bytes]]) -> "dict[bytes, Vector]":
        rows = await tx.all(query)
        return {
            bytes(row.text_hash): np.frombuffer(row.vector, _STORED).astype(np.float32)
            for row in rows
            if len(row.vector) == self.dimensions * _STORED.itemsize
        }


def _slices(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
