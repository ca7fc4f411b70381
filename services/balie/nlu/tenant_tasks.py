"""Something that is followed for each tenant: a task of its own for every tenant there is, and for those that come."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any

import structlog

from balie.kit.database import Database, Transaction
from balie.kit.errors import Failure

_DISCOVERY_SECONDS = 1.0

_log = structlog.get_logger()


class TenantTasks:
    """Keeps a task for each tenant; one that ended is begun again.

    Args:
        database: where tenants are looked for.
        tenants: returns those there are.
        follow: what is done for one; may end when something went wrong.
    """

    def __init__(
        self,
        database: Database,
        tenants: Callable[[Transaction], Awaitable[Sequence[str]]],
        follow: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._follow = follow
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Follows all tenants, and those that come, until it is cancelled."""
        try:
            while True:
                try:
                    async with self._database.read() as tx:
                        tenants = await self._tenants(tx)
                    for tenant in tenants:
                        self.follow(tenant)
                except Failure as failure:
                    _log.warning("tenants not looked for", reason=failure.reason)
                await asyncio.sleep(_DISCOVERY_SECONDS)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def follow(self, tenant: str) -> None:
        """Follows a tenant from now on, if nobody does."""
        task = self._tasks.get(tenant)
        if task is None or task.done():
            # An empty context: it belongs to no call, although one may have caused it.
            loop = asyncio.get_running_loop()
            self._tasks[tenant] = loop.create_task(self._follow(tenant), context=Context())
