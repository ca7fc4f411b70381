"""Work that goes on beside what is served, until the service ends."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

_log = structlog.get_logger()


@asynccontextmanager
async def running(*jobs: Coroutine[Any, Any, None]) -> AsyncGenerator[None, None]:
    """Runs jobs that never end by themselves beside the block, and ends them after it.

    One that ends all the same is told of in the log at once.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        _log.error("background work ended", exc_info=task.exception())
