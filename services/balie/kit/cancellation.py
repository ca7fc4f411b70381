"""Steps that a cancelled task still sees through, because stopping halfway would lose or leak something."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def see_through(step: Coroutine[Any, Any, T]) -> T:
    """Returns the result of a step; a cancellation is held back until the step has ended.

    Unlike `asyncio.shield`, which lets the caller go while the step runs on behind its back.

    Raises:
        asyncio.CancelledError: the task was cancelled meanwhile; what the step returned or raised is dropped.
    """
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # retrieved, or asyncio would report it as forgotten
    raise cancelled
