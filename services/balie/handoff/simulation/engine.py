"""Plays contacts, agents and the gateway to the service's own desk, journal, matching and sweeper, from one moment to the next."""

import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from balie.handoff.chats.chats import Activity, Chats
from balie.handoff.desk import Desk, Ending
from balie.handoff.domain import WAITING, Asked, EventKind, Handoff, HandoffEvent, HandoffState, Speaker
from balie.handoff.floor import Floor
from balie.handoff.journal import Journal
from balie.handoff.machine import Step
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.simulation.demand import Contact, Times
from balie.handoff.simulation.record import Asking, Fate, Record
from balie.handoff.staffing.profiles import AgentProfile, Presence, QueueProfile
from balie.handoff.staffing.staff import Staff
from balie.handoff.storage.memory import MemoryStorage
from balie.handoff.sweeper import Sweeper
from balie.kit.ledger import Write

_TENANT = "simulation"
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_REASONS = (Reason(ReasonCode.REQUESTED_BY_STAFF, _TENANT),)
_NO_WAIT = timedelta(0)
_NEVER, _LONG = timedelta(days=365), timedelta(days=7)


_WAITING = WAITING | {HandoffState.CALL_BACK}
"""States in which something may become due."""
_FATES = {
    EventKind.CANCELLED: Fate.LEFT,
    EventKind.MESSAGE_TAKEN: Fate.MESSAGE_TAKEN,
    EventKind.CALL_BACK_PROMISED: Fate.CALL_BACK,
}


@dataclass(frozen=True, slots=True)
class Desks:
    """A desk that is tried.

    Attributes:
        queues: its queues.
        agents: who work there, all of the time.
        reaction: how long an agent takes to accept an offer; None is no time at all.
        sweep_seconds: time between two sweeps, as in the service.
    """

    queues: tuple[QueueProfile, ...]
    agents: tuple[AgentProfile, ...]
    reaction: Times | None = None
    sweep_seconds: float = 1.0


class Clock:
    """The time of the simulation.

    Attributes:
        seconds: since its beginning.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        """Returns the time as the desk is told it, to the microsecond."""
        return _BEGINNING + timedelta(seconds=self.seconds)


class Gateway:
    """Makes the owner of a conversation who a handoff says it is, at once.

    Attributes:
        desk: whose handoffs it follows.
    """

    def __init__(self, journal: Journal[Floor]) -> None:
        self.desk = Desk(journal, self)

    async def wait(
        self, tenant: str, handoff_id: str, settled: Callable[[Handoff], bool], *, at_most: timedelta
    ) -> Handoff:
        """Returns the handoff, settled by a confirmation of the owner that follows from it."""
        handoff = await self.desk.get(tenant, handoff_id)
        if settled(handoff):
            return handoff
        return await self.desk.confirm_owner(tenant, handoff_id, handoff.owner_epoch + 1)


class Simulation:
    """One run.

    Args:
        desks: the desk that is tried.
        contacts: who ask, in the order in which they do.
    """

    def __init__(self, desks: Desks, contacts: Iterator[Contact]) -> None:
        self._desks = desks
        self._contacts = contacts
        self._clock = Clock()
        self._happened: list[HandoffEvent] = []
        storage = MemoryStorage(lambda tenant, event: self._happened.append(event))
        journal: Journal[Floor] = Journal(storage, now=self._clock)
        self._desk = Gateway(journal).desk
        self._chats = Chats(journal)
        self._staff = Staff(journal)
        # Nobody here is told their place, so nobody looks whether it has changed.
        self._sweeper = Sweeper(journal, every_seconds=desks.sweep_seconds, places_every=_NEVER)
        self._next: list[tuple[float, int, Callable[[Any], Awaitable[object]], Any]] = []
        self._numbers = count()
        self._writes = count()
        self._contact_of: dict[str, Contact] = {}
        self._waiting: set[str] = set()
        self._offers: dict[str, str] = {}
        self._promised = {queue.id for queue in desks.queues if queue.promises is not None}
        self._is_sweeping = False
        self._chance = Random("reaction")  # noqa: S311  nothing is kept secret here
        self._record = Record()

    async def run(self, on_contact: Callable[[Contact], object] = lambda contact: None) -> Record:
        """Returns what happened, once everybody who asked is answered or gone.

        Args:
            on_contact: is told of each who asks.
        """
        await self._open()
        self._expect_contact()
        while self._next:
            self._clock.seconds, _, step, subject = heappop(self._next)
            if step == self._ask:
                on_contact(subject)
            await step(subject)
            for event in self._happened:
                self._heed(event)
            self._happened.clear()
        return self._record

    async def _open(self) -> None:
        queues = [_undisturbed(queue) for queue in self._desks.queues]
        alone = [replace(queue, overflow_queue_id="", on_breach=None) for queue in queues]
        for queue in (*alone, *queues):  # one may name another
            await self._staff.put_queue(self._write(), queue)
        for agent in self._desks.agents:
            await self._staff.put_agent(self._write(), agent)
            await self._staff.set_presence(self._write(), agent.id, Presence.ONLINE)

    def _expect_contact(self) -> None:
        contact = next(self._contacts, None)
        if contact is not None:
            self._at(contact.at, self._ask, contact)

    async def _ask(self, contact: Contact) -> None:
        self._record.askings.append(Asking(contact.at))
        name = str(contact.number)
        asked = Asked(
            conversation_id=name,
            contact_id=name,
            channel=_TENANT,
            language=contact.language,
            queue_id=contact.queue_id,
            reasons=_REASONS,
            skills=contact.skills,
        )
        handoff = await self._desk.request(self._write(), asked)
        self._contact_of[handoff.id] = contact
        if contact.patience < math.inf:
            self._at(contact.at + contact.patience, self._leave, handoff.id)
        self._expect_contact()

    async def _leave(self, handoff_id: str) -> None:
        contact = self._contact_of.get(handoff_id)
        if contact is not None and self._asking(contact).fate is Fate.WAITING:
            await self._desk.cancel(self._write(), handoff_id)

    async def _accept(self, offer: HandoffEvent) -> None:
        if self._offers.get(offer.handoff_id) != offer.id:  # another agent has it by now, or nobody
            return
        await self._desk.accept(self._write(), offer.handoff_id, offer.agent_id, wait=_NO_WAIT)
        if offer.queue_id in self._promised:  # the agent's first words, which a promise is about
            spoke = Activity(offer.handoff_id, 1, Speaker.AGENT, self._clock())
            await self._chats.report(_TENANT, [spoke])

    async def _resolve(self, handoff_id: str) -> None:
        await self._desk.give_back(
            self._write(), handoff_id, Ending(Step.RESOLVE), agent_id="", wait=_NO_WAIT
        )

    async def _sweep(self, _: None) -> None:
        await self._sweeper.sweep()
        self._is_sweeping = False
        if self._waiting:
            self._expect_sweep()

    def _expect_sweep(self) -> None:
        """Sweeps when the service would, as long as somebody waits: there is nothing to be done otherwise."""
        if not self._is_sweeping:
            every = self._desks.sweep_seconds
            self._at((self._clock.seconds // every + 1) * every, self._sweep, None)
            self._is_sweeping = True

    def _heed(self, event: HandoffEvent) -> None:
        """Does what contacts and agents do about something that has happened, and notes it."""
        if event.state in _WAITING:
            self._waiting.add(event.handoff_id)
            self._expect_sweep()
        else:
            self._waiting.discard(event.handoff_id)
        if event.state is not HandoffState.OFFERED:
            self._offers.pop(event.handoff_id, None)
        match event.kind:
            case EventKind.OFFERED:
                self._offered(event)
            case EventKind.OFFER_EXPIRED:
                self._record.missed += 1
            case EventKind.ACCEPTED:
                self._taken(event)
            case _ if event.kind in _FATES:
                self._end_wait(event, _FATES[event.kind])
            case EventKind.RESOLVED:
                del self._contact_of[event.handoff_id]

    def _offered(self, event: HandoffEvent) -> None:
        self._record.offers += 1
        self._offers[event.handoff_id] = event.id
        reaction = self._desks.reaction
        delay = reaction.draw(self._chance) if reaction else 0.0
        self._at(self._clock.seconds + delay, self._accept, event)

    def _taken(self, event: HandoffEvent) -> None:
        self._end_wait(event, Fate.ANSWERED)
        contact = self._contact_of[event.handoff_id]
        asking = self._asking(contact)
        asking.agent_id, asking.taken_at, asking.handled = event.agent_id, self._clock.seconds, contact.handle
        self._at(self._clock.seconds + contact.handle, self._resolve, event.handoff_id)

    def _end_wait(self, event: HandoffEvent, fate: Fate) -> None:
        asking = self._record.askings[int(event.conversation_id)]
        if asking.fate is Fate.WAITING:
            asking.waited, asking.fate = self._clock.seconds - asking.at, fate

    def _asking(self, contact: Contact) -> Asking:
        return self._record.askings[contact.number]

    def _at(self, seconds: float, step: Callable[[Any], Awaitable[object]], subject: object) -> None:
        heappush(self._next, (seconds, next(self._numbers), step, subject))

    def _write(self) -> Write:
        return Write(_TENANT, _TENANT, _TENANT, str(next(self._writes)), "")


def _undisturbed(queue: QueueProfile) -> QueueProfile:
    """Returns a queue that leaves chats alone: what is said in them is not played, only how long they take."""
    return replace(queue, silent_after=_LONG, hold_after=timedelta(0), idle_release_after=_LONG)
