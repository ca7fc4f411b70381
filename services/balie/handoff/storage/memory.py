"""Desks in memory: for tests and simulations, which run the very code of the service over them. Nothing outlives the process."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from balie.handoff.business_time import BusinessTime
from balie.handoff.domain import HandoffEvent
from balie.handoff.storage.memory_desk import MemoryDesk
from balie.handoff.storage.memory_floor import MemoryFloor

T = TypeVar("T")


class MemoryStorage:
    """The desks of all tenants in memory. One transaction of a desk at a time, reading or writing.

    Args:
        told: is given each event of a tenant once its transaction is kept, in their order.
        calendars: the time that each counts, by id; those of all tenants.
    """

    def __init__(
        self,
        told: Callable[[str, HandoffEvent], Any] = lambda tenant, event: None,
        calendars: Mapping[str, BusinessTime] = MappingProxyType({}),
    ) -> None:
        self._desks: dict[str, MemoryDesk] = {}
        self._calendars = calendars
        self._told = told

    @asynccontextmanager
    async def writing(self, tenant: str) -> AsyncIterator[MemoryFloor]:
        """Yields a transaction that holds the tenant's desk until it ends: all of it is kept, or nothing of it."""
        desk = self._desk(tenant)
        async with desk.held():
            try:
                yield MemoryFloor(desk, tenant, self._calendars, writing=True)
            except BaseException:
                desk.undo()
                raise
            events = desk.keep()
        for event in events:
            self._told(tenant, event)

    @asynccontextmanager
    async def reading(self, tenant: str) -> AsyncIterator[MemoryFloor]:
        """Yields a transaction that sees one snapshot, and cannot write."""
        desk = self._desk(tenant)
        async with desk.held():
            yield MemoryFloor(desk, tenant, self._calendars, writing=False)

    async def tenants_with_due(self, *, now: datetime) -> set[str]:
        """Returns the tenants with a handoff of which something is due by itself."""
        return {tenant for tenant, desk in self._desks.items() if desk.handoffs.is_due(now)}

    async def tenants_with_unoffered(self) -> set[str]:
        """Returns the tenants with a handoff that is offered to nobody."""
        return {tenant for tenant, desk in self._desks.items() if desk.handoffs.queues_with_unoffered()}

    async def tenants_with_waiting(self) -> set[str]:
        """Returns the tenants with a handoff that waits."""
        return {tenant for tenant, desk in self._desks.items() if desk.handoffs.queues_with_waiting()}

    def _desk(self, tenant: str) -> MemoryDesk:
        return self._desks.setdefault(tenant, MemoryDesk())
