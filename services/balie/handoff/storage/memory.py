"""Desks in memory: for tests and simulations, which run the very code of the service over them. Nothing outlives the process."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType

from balie.handoff.business_time import BusinessTime
from balie.handoff.domain import HandoffEvent
from balie.handoff.storage.memory_desk import MemoryDesk
from balie.handoff.storage.memory_floor import MemoryFloor

_Told = Callable[[str, HandoffEvent], object]


class _Transaction(AbstractAsyncContextManager[MemoryFloor]):
    """One transaction at a desk; a reading one is told to nobody."""

    def __init__(self, desk: MemoryDesk, floor: MemoryFloor, told: _Told | None) -> None:
        self._desk = desk
        self._floor = floor
        self._told = told

    async def __aenter__(self) -> MemoryFloor:
        await self._desk.enter()
        return self._floor

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            events = self._desk.keep()
        else:
            events = []
            self._desk.undo()
        self._desk.leave()
        if self._told is not None:
            for event in events:
                self._told(self._floor.tenant, event)


class MemoryStorage:
    """The desks of all tenants in memory. One transaction of a desk at a time, reading or writing.

    Args:
        told: is given each event of a tenant once its transaction is kept, in their order.
        calendars: the time that each counts, by id; those of all tenants.
    """

    def __init__(
        self,
        told: _Told = lambda tenant, event: None,
        calendars: Mapping[str, BusinessTime] = MappingProxyType({}),
    ) -> None:
        self._desks: dict[str, MemoryDesk] = {}
        self._calendars = calendars
        self._told = told

    def writing(self, tenant: str) -> AbstractAsyncContextManager[MemoryFloor]:
        """Returns a transaction that holds the tenant's desk until it ends: all of it is kept, or nothing of it."""
        desk = self._desk(tenant)
        return _Transaction(desk, MemoryFloor(desk, tenant, self._calendars, writing=True), self._told)

    def reading(self, tenant: str) -> AbstractAsyncContextManager[MemoryFloor]:
        """Returns a transaction that sees one snapshot, and cannot write."""
        desk = self._desk(tenant)
        return _Transaction(desk, MemoryFloor(desk, tenant, self._calendars, writing=False), None)

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
        desk = self._desks.get(tenant)
        if desk is None:
            desk = self._desks[tenant] = MemoryDesk()
        return desk
