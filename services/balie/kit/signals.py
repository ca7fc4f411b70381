"""SIGTERM and SIGINT as events: the first asks to stop, the second to stop at once, and a third is the system's."""

import asyncio
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Listens for both signals within a `with` block, in the running loop of the main thread.

    Attributes:
        first: set by the first signal.
        second: set by the second.
    """

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()
        self._on_first: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def on_first(self, action: Callable[[], None] | None) -> None:
        """Runs `action` when the first signal comes, in place of an earlier action; None for nothing."""
        self._on_first = action

    def _received(self) -> None:
        if not self.first.is_set():
            self.first.set()
            if self._on_first is not None:
                self._on_first()
            return
        self.second.set()
        self._release()

    def _release(self) -> None:
        for number in _SIGNALS:
            self._loop.remove_signal_handler(number)
