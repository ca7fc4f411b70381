"""The links that bound a call: how many at once, how long, and until the server stops."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

from balie.kit.chain import Exchange
from balie.kit.errors import DeadlinePassed, DeadlineTooShort, ServerBusy, ServerStopping


class LimitLink:
    """Refuses a call when as many are in flight as the server takes; streams of answers are counted apart.

    Attributes:
        calls: calls in flight.
        streams: streams of answers open.
    """

    name = "limit"
    serves_infrastructure = False

    def __init__(self, *, max_calls: int, max_streams: int) -> None:
        self._max_calls = max_calls
        self._max_streams = max_streams
        self.calls = 0
        self.streams = 0

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Counts the call while it is served.

        Raises:
            ServerBusy: the limit is reached.
        """
        if exchange.streams_answers:
            if self.streams >= self._max_streams:
                raise ServerBusy(limit=self._max_streams)
            self.streams += 1
        else:
            if self.calls >= self._max_calls:
                raise ServerBusy(limit=self._max_calls)
            self.calls += 1
        try:
            yield
        finally:
            if exchange.streams_answers:
                self.streams -= 1
            else:
                self.calls -= 1


class DeadlineLink:
    """Gives each call a deadline and keeps it; a stream of answers has only the one its caller sets."""

    name = "deadline"
    serves_infrastructure = False

    def __init__(self, *, default_seconds: float, least_seconds: float) -> None:
        self._default_seconds = default_seconds
        self._least_seconds = least_seconds

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Ends the call when its time is over.

        Raises:
            DeadlineTooShort: the caller leaves less time than any call needs.
            DeadlinePassed: the time is over.
        """
        left: float | None = exchange.context.time_remaining()
        if left is not None and left < self._least_seconds:
            raise DeadlineTooShort(remaining_seconds=left, least_seconds=self._least_seconds)
        if left is None:
            left = inf if exchange.streams_answers else self._default_seconds
        exchange.call.deadline = time.monotonic() + left
        try:
            async with asyncio.timeout(None if left == inf else left) as scope:
                yield
        except TimeoutError:
            if scope.expired():
                raise DeadlinePassed from None
            raise


class StoppingLink:
    """Ends open streams of answers when the server stops, so that their clients reconnect elsewhere at once."""

    name = "stopping"
    serves_infrastructure = True

    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._stopped = False

    def stop(self) -> None:
        """Ends every open stream, and each that opens from now on."""
        self._stopped = True
        now = asyncio.get_running_loop().time()
        for scope in self._open:
            if not scope.expired():
                scope.reschedule(now)

    @asynccontextmanager
    async def around(self, exchange: Exchange) -> AsyncIterator[None]:
        """Keeps a stream within reach of `stop`.

        Raises:
            ServerStopping: the server stops.
        """
        if not exchange.streams_answers:
            yield
            return
        if self._stopped:
            raise ServerStopping
        try:
            async with asyncio.timeout(None) as scope:
                self._open.add(scope)
                try:
                    yield
                finally:
                    self._open.discard(scope)
        except TimeoutError:
            if scope.expired():
                raise ServerStopping from None
            raise
