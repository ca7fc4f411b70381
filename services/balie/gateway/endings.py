"""Waiting for turns to end, on whichever replica: one follower of a conversation's log for all who wait in it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from contextvars import Context

from balie.gateway.domain import ENDED
from balie.gateway.happenings import TurnChanged
from balie.gateway.journal import Journal
from balie.gateway.turn_store import Key


class Endings:
    """Tells when turns have ended."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._listeners: dict[Key, _Listener] = {}

    @asynccontextmanager
    async def heard(self, key: Key, turn_id: str, after: int) -> AsyncGenerator["Ending", None]:
        """Yields what hears, within the block, of the turn's end.

        Args:
            key: the conversation.
            turn_id: the turn.
            after: a position of the conversation's log from before the block.
        """
        listener = self._listeners.get(key)
        if listener is None or listener.task.done():  # done: the log could not be followed
            listener = self._listeners[key] = _Listener(self._journal, key, after)
        ending = Ending(listener.position <= after)
        waiting = listener.waiting.setdefault(turn_id, set())
        waiting.add(ending)
        try:
            yield ending
        finally:
            waiting.discard(ending)
            if not waiting:
                listener.waiting.pop(turn_id, None)
            if not listener.waiting and self._listeners.get(key) is listener:
                del self._listeners[key]
                listener.task.cancel()


class Ending:
    """One wait for a turn's end.

    Attributes:
        hears_all: whether it hears of everything since the position it was asked for; otherwise the end may have been
            told before, and the turn has to be looked at once.
    """

    def __init__(self, hears_all: bool) -> None:  # noqa: FBT001 — made here alone
        self.hears_all = hears_all
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def come(self) -> None:
        """Returns when the turn has ended.

        Raises:
            Failure: the log cannot be followed.
        """
        await self.outcome


class _Listener:
    """Follows one conversation's log for all who wait in it."""

    def __init__(self, journal: Journal, key: Key, after: int) -> None:
        self._journal = journal
        self._key = key
        self.position = after
        self.waiting: dict[str, set[Ending]] = {}
        # An empty context: it belongs to no call, although one of them starts it.
        self.task = asyncio.get_running_loop().create_task(self._listen(), context=Context())

    async def _listen(self) -> None:
        try:
            async with aclosing(self._journal.follow(*self._key, self.position)) as events:
                async for event in events:
                    self.position = event.position
                    happening = event.happening
                    if isinstance(happening, TurnChanged) and happening.state in ENDED:
                        self._tell(happening.turn_id)
        except Exception as error:  # noqa: BLE001  raised again by each who waits
            for turn_id in list(self.waiting):
                self._tell(turn_id, error)

    def _tell(self, turn_id: str, error: Exception | None = None) -> None:
        for ending in self.waiting.get(turn_id, ()):
            if ending.outcome.done():
                continue
            if error is None:
                ending.outcome.set_result(None)
            else:
                ending.outcome.set_exception(error)
