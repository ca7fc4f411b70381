"""The files of models in SQL, in pieces that a driver takes at once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import sqlalchemy as sa

from balie.kit.database import Database, Transaction
from balie.nlu.artifacts import Manifest
from balie.nlu.models.domain import Key
from balie.nlu.tables import artifact_chunks

CHUNK_BYTES = 1 << 20

Guard = Callable[[Transaction], Awaitable[None]]
"""Raises when the transaction may not write."""


async def store(database: Database, key: Key, folder: Path, manifest: Manifest, guard: Guard) -> None:
    """Stores the files of a folder that a manifest names, in place of what an earlier attempt left.

    Each piece in a transaction of its own, so that other writers of a SQLite file are not held up.

    Args:
        database: where to.
        key: whose files they are.
        folder: where from.
        manifest: names them.
        guard: is called in each transaction first.
    """
    async with database.write() as tx:
        await guard(tx)
        await tx.execute(
            sa.delete(artifact_chunks).where(
                artifact_chunks.c.tenant == key[0], artifact_chunks.c.version == key[1]
            )
        )
    for path in manifest.files:
        place = 0
        with (folder / path).open("rb") as file:
            while data := await asyncio.to_thread(file.read, CHUNK_BYTES):
                values = {"tenant": key[0], "version": key[1], "path": path, "place": place, "data": data}
                async with database.write() as tx:
                    await guard(tx)
                    await tx.execute(sa.insert(artifact_chunks).values(values))
                place += 1


async def fetch(database: Database, key: Key, folder: Path, manifest: Manifest) -> None:
    """Writes the files that a manifest names into a folder, as they are stored; nothing is verified.

    Raises:
        OSError: the folder cannot be written.
    """
    for path in manifest.files:
        target = folder / path
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        with target.open("wb") as file:
            async with aclosing(_pieces(database, key, path)) as pieces:
                async for data in pieces:
                    await asyncio.to_thread(file.write, data)


async def _pieces(database: Database, key: Key, path: str) -> AsyncGenerator[bytes, None]:
    place = 0
    while True:
        async with database.read() as tx:
            data = await tx.scalar(
                sa.select(artifact_chunks.c.data).where(
                    artifact_chunks.c.tenant == key[0],
                    artifact_chunks.c.version == key[1],
                    artifact_chunks.c.path == path,
                    artifact_chunks.c.place == place,
                )
            )
        if data is None:
            return
        yield bytes(data)
        place += 1
