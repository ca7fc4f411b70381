"""Keeps a server that is away from costing each call the time it takes to find that out.

After some failures in a row nothing is asked for a while; then one call goes through, and what becomes of it decides.

Source: Nygard 2018, "Release It!", second edition, section 5.2 (circuit breaker).
"""

import time
from collections.abc import Callable
from threading import Lock


class Breaker:
    """Counts failures in a row; for several threads.

    Args:
        failures: as many in a row stop all calls.
        pause_seconds: for how long.
        clock: tells the time, seconds.
    """

    def __init__(
        self, failures: int, pause_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0
        self._is_probing = False

    def admits(self) -> bool:
        """Tells whether a call may be made now; whoever is told so says what became of it by one of the others."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._is_probing or self._clock() < self._until:
                return False
            self._is_probing = True
            return True

    def succeeded(self) -> bool:
        """Notes a call that was answered; returns whether calls had been stopped until then."""
        with self._lock:
            was_open = self._failures >= self._limit
            self._failures = 0
            self._is_probing = False
            return was_open

    def failed(self) -> bool:
        """Notes a call that was not answered; returns whether that is what stopped calls."""
        with self._lock:
            self._failures += 1
            self._is_probing = False
            self._until = self._clock() + self._pause_seconds
            return self._failures == self._limit

    def spared(self) -> None:
        """Notes a call that says nothing about the others."""
        with self._lock:
            self._is_probing = False
