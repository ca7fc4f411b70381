"""A desk in memory, for the tests that run over any storage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from tests.unit.handoff.desks import TENANT, Clock, Desks

from balie.handoff.business_time import BusinessTime
from balie.handoff.chats.chats import Chats
from balie.handoff.desk import Desk
from balie.handoff.domain import Handoff, HandoffEvent
from balie.handoff.errors import OwnerNotConfirmed
from balie.handoff.journal import Journal
from balie.handoff.staffing.staff import Staff
from balie.handoff.storage.memory import MemoryFloor, MemoryStorage
from balie.handoff.sweeper import Sweeper


class Impatient:
    """Never waits for the gateway."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    async def wait(
        self, tenant: str, handoff_id: str, settled: Callable[[Handoff], bool], *, at_most: timedelta
    ) -> Handoff:
        async with self._storage.reading(tenant) as floor:
            handoff = await floor.handoff(handoff_id)
        if not settled(handoff):
            raise OwnerNotConfirmed(handoff_id)
        return handoff


@dataclass(frozen=True)
class MemoryDesks(Desks):
    """What a test does at a desk in memory."""

    told: list[HandoffEvent]

    async def events(self, handoff: Handoff | None = None) -> list[HandoffEvent]:
        return [event for event in self.told if handoff is None or event.handoff_id == handoff.id]


def memory_desks(
    clock: Clock | None = None,
    calendars: Mapping[str, BusinessTime] = MappingProxyType({}),
    make_journal: Callable[..., Journal[MemoryFloor]] = Journal,
) -> MemoryDesks:
    """Returns a desk in memory with nothing at it, and none of what only a database has."""
    told: list[HandoffEvent] = []
    storage = MemoryStorage(lambda tenant, event: told.append(event) if tenant == TENANT else None, calendars)
    clock = clock or Clock()
    journal = make_journal(storage, now=clock)
    parts: dict[str, Any] = {
        "clock": clock,
        "journal": journal,
        "desk": Desk(journal, Impatient(storage)),
        "chats": Chats(journal),
        "staff": Staff(journal),
        "sweeper": Sweeper(journal, every_seconds=0.05),
        "told": told,
    }
    absent = dict.fromkeys(Desks.__dataclass_fields__)
    return MemoryDesks(**absent | parts)
