"""A follower and its task, with the searches that use its index: it may go only when the last of them has ended."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING

from balie.faq.index.following import CollectionFollower

if TYPE_CHECKING:
    from balie.faq.index.live_index import LiveIndex
    from balie.faq.index.vectors import TextEncoder


class Served:
    """One index at work.

    Attributes:
        follower: keeps it equal to the store.
        task: of the follower.
    """

    def __init__(self, follower: CollectionFollower) -> None:
        self.follower = follower
        # An empty context: it belongs to no call, although one may have caused it.
        self.task = asyncio.get_running_loop().create_task(follower.run(), context=Context())
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @property
    def live(self) -> "LiveIndex":
        """Returns the index."""
        return self.follower.live

    @property
    def encoder(self) -> "TextEncoder":
        """Returns the encoder whose vectors the index holds."""
        return self.follower.parts.vectors.encoder

    @contextmanager
    def used(self) -> "Iterator[Served]":
        """Keeps it, and its encoder, at work within the block."""
        self._users += 1
        self._unused.clear()
        try:
            yield self
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def retire(self) -> None:
        """Ends it once nobody uses it; it follows until then, as some may wait for a generation."""
        await self._unused.wait()
        await self.stop()

    async def stop(self) -> None:
        """Ends it now."""
        self.task.cancel()
        await asyncio.wait({self.task})
