"""Makes offers as a plug-in chooses: asked outside of the desk's lock, and looked at again under it.

A change that frees a place or adds a handoff only wakes this. What the plug-in chooses is offered when the handoff is still as it
was and the agent still has a place; else it is asked again. The sweep wakes it as well, so that a wake-up that is lost with a process
costs a sweep and strands nobody.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from balie.handoff.domain import Handoff, HandoffState
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.matching import Free, Waiting, waiting
from balie.handoff.waiting import offered
from balie.kit.errors import Failure

_AT_ONCE = 20  # handoffs that are chosen for before any of them is offered
CANDIDATES = 50
"""How many agents the plug-in may choose from."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """Who shall be offered a handoff?

    Attributes:
        tenant: whose desk.
        handoff: as it is.
        candidates: who may get it, the one who comes first by the service's own rules first; 1 to 50.
    """

    tenant: str
    handoff: Handoff
    candidates: tuple[Free, ...]


class Plugin(Protocol):
    """Chooses agents."""

    async def choose(self, question: Question) -> str:
        """Returns one of the candidates' ids, the first one's when the plug-in does not answer; empty for nobody now."""


class Wakes:
    """Tells which tenants' desks have something to offer: each once, however often it is told."""

    def __init__(self) -> None:
        self._tenants: dict[str, None] = {}
        self._any = asyncio.Event()

    def wake(self, tenant: str) -> None:
        """Says that there may be something to offer."""
        self._tenants[tenant] = None
        self._any.set()

    async def next(self) -> str:
        """Returns a tenant whose desk has to be looked at, in the order in which they were told."""
        await self._any.wait()
        tenant = next(iter(self._tenants))
        del self._tenants[tenant]
        if not self._tenants:
            self._any.clear()
        return tenant


class Choosing:
    """Makes offers as a plug-in chooses.

    Args:
        journal: where they are written.
        plugin: chooses.
        wakes: says when.
    """

    def __init__(self, journal: Journal[Floor], plugin: Plugin, wakes: Wakes) -> None:
        self._journal = journal
        self._plugin = plugin
        self._wakes = wakes

    async def run(self) -> None:
        """Makes offers until it is cancelled."""
        while True:
            tenant = await self._wakes.next()
            try:
                while await self.offer(tenant):
                    pass
            except Failure as failure:  # the next sweep wakes it again
                _log.warning("offers not made", tenant=tenant, reason=failure.reason)
            except Exception:  # noqa: BLE001  one desk's trouble must not strand those who wait at another
                _log.exception("offers not made", tenant=tenant)

    async def offer(self, tenant: str) -> bool:
        """Makes the offers that can be made now; returns whether any was, so that there may be more."""
        chosen = [(one, await self._plugin.choose(one)) for one in await self._questions(tenant)]
        if not chosen:
            return False
        made = False
        async with self._journal.writing(tenant) as floor:
            for question, agent_id in chosen:
                made |= bool(agent_id) and await self._offer(floor, question.handoff, agent_id)
        return made

    async def _questions(self, tenant: str) -> list[Question]:
        async with self._journal.reading(tenant) as floor:
            pairings = await self._journal.pairings(floor)
            roster = await floor.roster() if pairings else None
            questions = []
            for pairing in pairings[:_AT_ONCE]:
                handoff = await floor.handoff(pairing.handoff_id)
                fitting = roster.candidates(await self._waiting(floor, handoff), CANDIDATES) if roster else []
                if fitting:
                    questions.append(Question(tenant, handoff, tuple(fitting)))
        return questions

    async def _offer(self, floor: Floor, before: Handoff, agent_id: str) -> bool:
        handoff = await floor.handoff(before.id)
        if handoff.state is not HandoffState.QUEUED or handoff.revision != before.revision:
            return False
        fitting = (await floor.roster()).candidates(await self._waiting(floor, handoff), None)
        if agent_id not in {agent.id for agent in fitting}:
            return False
        rules = await self._journal.rules(floor, handoff.asked.queue_id)
        await self._journal.record(floor, offered(handoff, agent_id, rules, now=self._journal.now()))
        return True

    async def _waiting(self, floor: Floor, handoff: Handoff) -> Waiting:
        queue = await floor.queue(handoff.asked.queue_id)
        return waiting(handoff, queue.profile, self._journal.now())
