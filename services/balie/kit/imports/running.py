"""Runs an import: takes items as they come, has batches of them written, and tells how it goes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from balie.kit.imports.mailbox import Mailbox
from balie.kit.imports.progress import ImportCounts, ImportProgress, Problem

BATCH_ITEMS = 100
_BATCH_CHARACTERS = 2_000_000
"""A batch ends here as well, so that items of the greatest size do not fill the memory."""


class Sized(Protocol):
    """An item that knows its size."""

    def size(self) -> int:
        """Returns about how many characters it has."""


I = TypeVar("I", bound=Sized)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch."""

    created: int
    updated: int
    unchanged: int
    generation: int
    problems: Sequence[Problem] = ()


class ImportRun(Generic[I]):
    """One import.

    Args:
        parts: the items in order; a problem stands for one that is refused already.
        write: writes a batch of items, each with its number in the stream, in a transaction of its own.
        generation: of what the items belong to, before.
        batch_items: most items of a batch.
    """

    def __init__(
        self,
        parts: AsyncGenerator[I | Problem, None],
        write: Callable[[Sequence[tuple[int, I]]], Awaitable[Written]],
        *,
        generation: int,
        batch_items: int = BATCH_ITEMS,
    ) -> None:
        self._parts = parts
        self._write = write
        self._counts = ImportCounts(generation=generation)
        self._batch_items = batch_items
        self._mailbox = Mailbox()

    async def progress(self) -> AsyncGenerator[ImportProgress, None]:
        """Yields progress after each batch, and last when everything is done.

        Items are read and written whether or not anybody reads the progress: what was not read yet is joined to one
        message. When the caller leaves, whole batches stay written and nothing else.
        """
        work = asyncio.create_task(self._work())
        try:
            async with aclosing(self._mailbox.messages()) as messages:
                async for progress in messages:
                    yield progress
            await work
            yield ImportProgress(self._counts, (), done=True)
        finally:
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # raised above, or the caller has left: retrieved, or asyncio would report it

    async def _work(self) -> None:
        try:
            batch: list[tuple[int, I]] = []
            problems: list[Problem] = []
            characters = 0
            async with aclosing(self._parts):
                async for part in self._parts:
                    self._counts = replace(self._counts, received=self._counts.received + 1)
                    if isinstance(part, Problem):
                        problems.append(part)
                    else:
                        batch.append((self._counts.received, part))
                        characters += part.size()
                    if len(batch) + len(problems) >= self._batch_items or characters >= _BATCH_CHARACTERS:
                        await self._flush(batch, problems)
                        batch, problems, characters = [], [], 0
            if batch or problems:
                await self._flush(batch, problems)
        finally:
            self._mailbox.close()

    async def _flush(self, batch: Sequence[tuple[int, I]], problems: list[Problem]) -> None:
        counts = self._counts
        if batch:
            written = await self._write(batch)
            problems += written.problems
            counts = replace(
                counts,
                created=counts.created + written.created,
                updated=counts.updated + written.updated,
                unchanged=counts.unchanged + written.unchanged,
                generation=written.generation,
            )
        problems.sort(key=lambda problem: problem.number)
        self._counts = replace(counts, refused=counts.refused + len(problems))
        await self._mailbox.put(self._counts, problems)
