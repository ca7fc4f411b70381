"""Wakes those who wait for news of a topic: at once within the process, by one shared poll otherwise.

A wake-up carries no truth. Who is woken reads the log again, so one too many costs a query, and a lost one costs a
poll interval.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context

from balie.kit.errors import Failure

Topic = tuple[str, str]  # tenant, topic


class Waiter:
    """One follower's wait; between reading and waiting it already hears."""

    def __init__(self, start_polling: Callable[[], None]) -> None:
        self._start_polling = start_polling
        self._woken = asyncio.Event()
        self._seen: int | None = None

    async def beyond(self, position: int) -> None:
        """Returns when the head of the topic may be elsewhere than at this position."""
        self._seen = position
        self._start_polling()
        await self._woken.wait()

    def wake(self) -> None:
        """Ends the wait, or the next one when there is none yet."""
        self._woken.set()

    def hear(self, head: int) -> None:
        """Ends the wait if this head is news."""
        if self._seen is not None and head != self._seen:
            self.wake()


class Wakes:
    """The waiters of one log, and the poll they share.

    A poll for each follower would make a thousand idle ones cost thousands of queries a second; this one asks for
    the heads of all their topics at once, and only while someone waits.
    """

    def __init__(
        self, heads: Callable[[Collection[Topic]], Awaitable[Mapping[Topic, int]]], *, poll_seconds: float
    ) -> None:
        self._heads = heads
        self._poll_seconds = poll_seconds
        self._waiters: dict[Topic, set[Waiter]] = {}
        self._poller: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, tenant: str, topic: str) -> Iterator[Waiter]:
        """Yields a waiter that hears of the topic inside the block, also while it does something else there."""
        key, waiter = (tenant, topic), Waiter(self._start_polling)
        self._waiters.setdefault(key, set()).add(waiter)
        try:
            yield waiter
        finally:
            others = self._waiters[key]
            others.discard(waiter)
            if not others:  # a topic that nobody waits for takes no memory
                del self._waiters[key]

    def wake(self, tenant: str, topic: str) -> None:
        """Wakes all who listen to the topic."""
        for waiter in self._waiters.get((tenant, topic), ()):
            waiter.wake()

    def _start_polling(self) -> None:
        if self._poller is None or self._poller.done():
            # An empty context: the poll belongs to no call, although one of them starts it.
            self._poller = asyncio.get_running_loop().create_task(self._poll(), context=Context())

    async def _poll(self) -> None:
        try:
            while self._waiters:
                await asyncio.sleep(self._poll_seconds)
                for key, head in (await self._heads(list(self._waiters))).items():
                    for waiter in self._waiters.get(key, ()):
                        waiter.hear(head)
        except Failure:
            pass  # whoever is woken below reads for itself, and meets the failure where its caller can see it
        finally:
            for waiters in self._waiters.values():
                for waiter in waiters:
                    waiter.wake()
