"""Where an import leaves its progress for a reader who may be slow, or not read at all."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from balie.kit.imports.progress import ImportCounts, ImportProgress, Problem

_MESSAGE_PROBLEMS = 1000
"""Problems of one message: some 200 bytes each, far below gRPC's limit."""

_WAITING_PROBLEMS = 20_000
"""Problems kept for a reader; beyond, the import waits, because every one of them is to be told."""


class Mailbox:
    """Holds the newest counts and all problems not yet read; for one writer and one reader of an event loop."""

    def __init__(self) -> None:
        self._counts: ImportCounts | None = None
        self._problems: list[Problem] = []
        self._closed = False
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    async def put(self, counts: ImportCounts, problems: Sequence[Problem]) -> None:
        """Leaves progress; waits only while the reader is very many problems behind."""
        self._counts = counts
        self._problems += problems
        self._filled.set()
        while len(self._problems) >= _WAITING_PROBLEMS:
            self._emptied.clear()
            await self._emptied.wait()

    def close(self) -> None:
        """Says that nothing more will come."""
        self._closed = True
        self._filled.set()

    async def messages(self) -> AsyncGenerator[ImportProgress, None]:
        """Yields what was left, joined to one message as long as the problems fit in it; ends after the last."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._counts is not None:
                problems = self._problems[:_MESSAGE_PROBLEMS]
                del self._problems[: len(problems)]
                counts = self._counts
                if not self._problems:
                    self._counts = None
                self._emptied.set()
                yield ImportProgress(counts, tuple(problems), done=False)
            if self._closed:
                return
