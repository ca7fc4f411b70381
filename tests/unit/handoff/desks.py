"""A desk for tests: the real journal, desk, staff and router on a real database, with a clock that is set by hand."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from balie.handoff import events
from balie.handoff.app import MIGRATIONS
from balie.handoff.chats.chats import Activity, Chats
from balie.handoff.confirmations import FollowedConfirmations
from balie.handoff.desk import Desk, Ending
from balie.handoff.domain import Asked, Handoff, HandoffEvent, HandoffState, ReleaseReason, Speaker
from balie.handoff.feed import Feed
from balie.handoff.floor import Filter
from balie.handoff.journal import Journal
from balie.handoff.machine import Step
from balie.handoff.reasons import Reason, ReasonCode
from balie.handoff.routing.policies import Policies
from balie.handoff.routing.replay.replaying import Replay
from balie.handoff.routing.router import Router
from balie.handoff.staffing.profiles import Agent, AgentProfile, Presence, QueueProfile
from balie.handoff.staffing.staff import Staff
from balie.handoff.storage.sql import SqlFloor, SqlStorage
from balie.handoff.sweeper import Sweeper
from balie.handoff.work import Shift
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger, Write

TENANT = "default"
NOT_LONG = timedelta(milliseconds=50)
LONG = timedelta(seconds=30)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, time: datetime = datetime(2025, 5, 1, 12, tzinfo=UTC)) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


def write(request_id: str = "", *, body: str = "", tenant: str = TENANT) -> Write:
    """Returns a write of its own, or the one of a request id again."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Write(tenant, "admin:local", "test", request_id or new_id(), digest)


def asked(
    conversation: str,
    *,
    queue: str = "desk",
    language: str = "nl",
    priority: int = 0,
    contact: str = "anna",
) -> Asked:
    reasons = (Reason(ReasonCode.REQUESTED_BY_STAFF, "admin:local"),)
    return Asked(conversation, contact, "web", language, queue, reasons, priority=priority)


@dataclass(frozen=True)
class Desks:
    """What a test does at a desk, in few words."""

    database: Database
    clock: Clock
    log: EventLog
    journal: Journal[SqlFloor]
    desk: Desk
    staff: Staff
    router: Router
    replay: Replay
    policies: Policies
    chats: Chats
    sweeper: Sweeper
    feed: Feed
    shift: Shift

    async def queue(self, name: str = "desk", **limits: Any) -> None:
        await self.staff.put_queue(write(), QueueProfile(name, name.title(), **limits))

    async def agent(
        self,
        name: str,
        *,
        queues: tuple[str, ...] = ("desk",),
        languages: tuple[str, ...] = (),
        chats: int = 1,
        presence: Presence | None = Presence.ONLINE,
        **limits: Any,
    ) -> Agent:
        agent = await self.staff.put_agent(
            write(), AgentProfile(name, name.title(), queues, languages, chats, **limits)
        )
        return agent if presence is None else await self.presence(name, presence)

    async def presence(self, name: str, presence: Presence) -> Agent:
        return await self.staff.set_presence(write(), name, presence)

    async def ask(self, conversation: str, **more: object) -> Handoff:
        return await self.desk.request(write(), asked(conversation, **more))  # type: ignore[arg-type]

    async def now(self, handoff: Handoff) -> Handoff:
        return await self.desk.get(TENANT, handoff.id)

    async def reserve(self, handoff: Handoff, agent: str) -> Handoff:
        """Accepts without a gateway to confirm it."""
        try:
            await self.desk.accept(write(), handoff.id, agent, wait=timedelta(0))
        except Exception as refused:
            if getattr(refused, "reason", "") != "OWNER_NOT_CONFIRMED":
                raise
        return await self.now(handoff)

    async def take(self, handoff: Handoff, agent: str) -> Handoff:
        """Accepts, with a gateway that has confirmed it."""
        reserved = await self.reserve(handoff, agent)
        return await self.desk.confirm_owner(TENANT, reserved.id, 2)

    async def says(self, handoff: Handoff, speaker: Speaker, seq: int) -> Handoff:
        """Tells that somebody wrote, as the gateway does."""
        await self.chats.report(TENANT, [Activity(handoff.id, seq, speaker, self.clock())])
        return await self.now(handoff)

    async def end(
        self, handoff: Handoff, step: Step = Step.RELEASE, *, reason: ReleaseReason = ReleaseReason.NONE
    ) -> Handoff:
        """Gives back, with a gateway that confirms it later."""
        ending = Ending(step, reason=reason)
        try:
            await self.desk.give_back(write(), handoff.id, ending, agent_id="", wait=timedelta(0))
        except Exception as refused:
            if getattr(refused, "reason", "") != "OWNER_NOT_CONFIRMED":
                raise
        return await self.now(handoff)

    async def all(self) -> list[Handoff]:
        async with self.journal.reading(TENANT) as floor:
            return await floor.listed(Filter())

    async def events(self, handoff: Handoff | None = None) -> list[HandoffEvent]:
        records = await self.log.read(TENANT, events.TOPIC, 0)
        told = [events.decode(record.payload) for record in records]
        return [event for event in told if handoff is None or event.handoff_id == handoff.id]

    async def story(self, handoff: Handoff) -> str:
        """Returns what happened to a handoff: `QUEUED, OFFERED els, …`."""
        told = await self.events(handoff)
        return ", ".join(f"{event.kind.name} {event.agent_id}".strip() for event in told)


@asynccontextmanager
async def desks(
    url: str,
    clock: Clock | None = None,
    policy: Path | None = None,
    make_journal: Callable[..., Journal[SqlFloor]] = Journal,
) -> AsyncIterator[Desks]:
    """Opens a desk on a database, as a start of the service does."""
    clock = clock or Clock()
    async with Database.open(url, migrations=MIGRATIONS) as database:
        log = EventLog(database, poll_seconds=0.02)
        storage = SqlStorage(database, log, Ledger())
        journal = make_journal(storage, now=clock)
        feed = Feed(database, log)
        policies = Policies(policy)
        desk = Desk(journal, FollowedConfirmations(storage, feed))
        yield Desks(
            database,
            clock,
            log,
            journal,
            desk,
            Staff(journal),
            Router(journal, desk, policies),
            Replay(journal, policies),
            policies,
            Chats(journal),
            Sweeper(journal, every_seconds=0.05),
            feed,
            Shift(journal, feed),
        )


def without_position(handoff: Handoff) -> Handoff:
    return replace(handoff, position=0)


def states_of(handoffs: list[Handoff]) -> dict[str, HandoffState]:
    return {handoff.asked.conversation_id: handoff.state for handoff in handoffs}
