"""Somebody who does anything at a desk, at random, and remembers each revision of each handoff that came of it."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.unit.handoff.calendars.samples import DAYS, calendar
from tests.unit.handoff.desks import TENANT, Clock, Desks, asked, write

from balie.handoff.calendars.calendar import Calendar
from balie.handoff.chats.chats import Activity, Destination
from balie.handoff.clocks import Promises
from balie.handoff.desk import Ending
from balie.handoff.domain import OCCUPYING, EventKind, Handoff, HandoffState, ReleaseReason, Speaker
from balie.handoff.floor import F_co, Filter, Floor, Storage
from balie.handoff.journal import Journal
from balie.handoff.machine import Change, Step
from balie.handoff.staffing.profiles import (
    AgentProfile,
    BreachAction,
    Presence,
    QueueProfile,
    WaitAction,
)
from balie.handoff.staffing.skills import Relaxation, Ring
from balie.kit.errors import Failure
from balie.kit.ledger import Write

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_WAIT = timedelta(0)

# Two days before the clocks of Amsterdam go forward, and two before they go back.
SPRING, AUTUMN = datetime(2025, 3, 28, 8, tzinfo=UTC), datetime(2025, 10, 24, 8, tzinfo=UTC)

# Open over both changes of the clock: the hours of the night last an hour in spring and three in autumn.
HOURS: Calendar = calendar(**dict.fromkeys(DAYS, ("01:30-03:30", "09:00-12:30", "13:00-17:00")))

QUEUES = (
    QueueProfile("seniors", "Seniors"),  # there before the desk names it, and set up below
    QueueProfile(
        "desk",
        "Desk",
        calendar_id=HOURS.id,
        max_wait=30 * MINUTE,
        offer_timeout=3 * MINUTE,
        promises=Promises(first_reply=20 * MINUTE, next_reply=10 * MINUTE, resolution=3 * HOUR),
        on_breach=BreachAction("seniors", 20),
        when_closed=WaitAction.CALL_BACK,
        when_timed_out=WaitAction.CALL_BACK,
    ),
    QueueProfile(
        "seniors",
        "Seniors",
        max_wait=40 * MINUTE,
        promises=Promises(first_reply=30 * MINUTE, next_reply=15 * MINUTE),
        on_breach=BreachAction("", 5),
        silent_after=20 * MINUTE,
        overflow_queue_id="desk",
        asks_rating=True,
    ),
    QueueProfile(
        "night",
        "Night",
        calendar_id=HOURS.id,
        max_wait=2 * HOUR,
        promises=Promises(resolution=2 * HOUR),
        when_closed=WaitAction.WAIT,
        hold_after=NO_WAIT,
        idle_release_after=3 * HOUR,
        priority_per_minute=0.5,
        rings=(
            Ring(2 * MINUTE, (Relaxation.LANGUAGE,)),
            Ring(5 * MINUTE, (Relaxation.QUEUE,)),
        ),
    ),
)
QUEUE = {profile.id: profile for profile in QUEUES}

AGENTS = {
    "els": AgentProfile("els", "Els", ("desk",), (), 1),
    "jan": AgentProfile("jan", "Jan", ("desk", "seniors"), ("nl",), 2),
    "piet": AgentProfile("piet", "Piet", ("seniors", "night"), ("nl", "en"), 3, hold_weight=0.5, max_open=4),
}
CONVERSATIONS = [f"talk-{number}" for number in range(8)]


@dataclass
class Diary:
    """What was recorded of the handoffs of one tenant, on whichever replica.

    A desk is written by one at a time: a revision that was recorded and not kept is recorded again by whoever is next.

    Attributes:
        changes: by handoff and revision.
        overbooked: offers and acceptances beyond what their agent had places for when they were made.
    """

    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    overbooked: list[str] = field(default_factory=list)

    def of(self, handoff: Handoff) -> list[Change]:
        return [self.changes[handoff.id, revision] for revision in range(1, handoff.revision + 1)]

    def journal(self, storage: Storage[F_co], *, now: Callable[[], datetime]) -> "Remembering[F_co]":
        return Remembering(storage, self, now=now)


class Remembering(Journal[F_co]):
    """The journal itself, with a diary beside it."""

    def __init__(self, storage: Storage[F_co], diary: Diary, *, now: Callable[[], datetime]) -> None:
        super().__init__(storage, now=now)
        self._diary = diary

    async def record(self, floor: Floor, change: Change) -> Handoff:
        handoff = await super().record(floor, change)
        self._diary.changes[handoff.id, handoff.revision] = change
        before = self._diary.changes.get((handoff.id, handoff.revision - 1))
        was_theirs = before is not None and before.handoff.agent_id == handoff.agent_id
        is_offer = change.kind is EventKind.OFFERED
        if is_offer or (change.kind is EventKind.RESERVED and not was_theirs):
            await self._look(floor, handoff)
        return handoff

    async def _look(self, floor: Floor, handoff: Handoff) -> None:
        agent = await floor.agent(handoff.agent_id)
        profile = agent.profile
        chats = await floor.listed(Filter(tuple(OCCUPYING), agent_id=agent.id))
        weight = sum(profile.hold_weight if one.state is HandoffState.ON_HOLD else 1 for one in chats)
        fits = weight <= profile.max_chats + 1e-6 and len(chats) <= profile.ceiling
        if not fits or agent.presence is not Presence.ONLINE or abs(weight - agent.load) > 1e-6:
            self._diary.overbooked.append(f"{handoff.id} revision {handoff.revision}: {weight} for {agent}")


@dataclass
class World:
    """What walkers share.

    Attributes:
        diary: what was recorded.
        epochs: the last epoch of each conversation, as its gateway would have it.
        seqs: the last `seq` of each conversation.
        told: activities that were reported.
        asks: requests that were made and the handoffs that came of them.
        looked_at: when all that was due was done.
    """

    clock: Clock
    diary: Diary = field(default_factory=Diary)
    epochs: dict[str, int] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    told: list[Activity] = field(default_factory=list)
    asks: list[tuple[Write, str, str]] = field(default_factory=list)
    looked_at: datetime | None = None


async def staffed(at: Desks) -> None:
    for queue in QUEUES:
        await at.staff.put_queue(write(), queue)
    for profile in AGENTS.values():
        await at.staff.put_agent(write(), profile)
        await at.presence(profile.id, Presence.ONLINE)


class Walker:
    """Does one thing after the other at a desk, many of which are refused."""

    def __init__(self, at: Desks, world: World, seed: int) -> None:
        self.at = at
        self.world = world
        self.chance = random.Random(seed)
        self._what = {
            self.ask: 6,
            self.ask_again: 1,
            self.accept: 8,
            self.confirm: 4,
            self.reject: 2,
            self.hold: 4,
            self.resume: 1,
            self.transfer: 3,
            self.report: 10,
            self.give_back: 3,
            self.cancel: 1,
            self.presence: 6,
            self.pause: 1,
            self.staff: 1,
            self.sweep: 7,
        }

    async def step(self) -> None:
        """Does something that may well be refused; what counts is what is on disk afterwards."""
        self.world.clock.time += self.chance.choice([NO_WAIT] * 8 + [SECOND, SECOND, 40 * SECOND, 3 * MINUTE])
        do = self.chance.choices([*self._what], [*self._what.values()])[0]
        with suppress(Failure):
            await do()

    async def one(self, *states: HandoffState) -> Handoff:
        """Picks a handoff, most often one in which what is to be done is possible."""
        known = (await self.at.all())[-2 * len(CONVERSATIONS) :]
        fitting = [one for one in known if one.state in states]
        if fitting and self.chance.random() < 0.9:
            return self.chance.choice(fitting)
        return self.chance.choice(known) if known else await self.ask()

    def agent(self, handoff: Handoff) -> str:
        return handoff.agent_id if handoff.agent_id and self.chance.random() < 0.8 else self.anybody()

    def anybody(self) -> str:
        return self.chance.choice(sorted(AGENTS))

    async def ask(self) -> Handoff:
        conversation = self.chance.choice(CONVERSATIONS)
        wanted = asked(
            conversation,
            queue=self.chance.choice(["desk", "desk", "seniors", "night"]),
            language=self.chance.choice(["nl", "en", "fy"]),
            priority=self.chance.choice([0, 1]),
            contact=conversation,
        )
        request = write()
        handoff = await self.at.desk.request(request, wanted)
        self.world.asks.append((request, conversation, handoff.id))
        return handoff

    async def ask_again(self) -> None:
        """Repeats a request that was answered: whatever became of the handoff, no other comes of it."""
        if self.world.asks:
            request, conversation, known = self.chance.choice(self.world.asks)
            assert (await self.at.desk.request(request, asked(conversation))).id == known

    async def accept(self) -> None:
        handoff = await self.one(HandoffState.OFFERED, HandoffState.QUEUED, HandoffState.CALL_BACK)
        await self.at.desk.accept(write(), handoff.id, self.agent(handoff), wait=NO_WAIT)

    async def confirm(self) -> None:
        had = self.chance.choice([HandoffState.RESERVED, HandoffState.RESERVED, HandoffState.ON_HOLD])
        handoff = await self.one(had)
        conversation = handoff.asked.conversation_id
        epoch = self.world.epochs.get(conversation, 1) + self.chance.choice([0, 1, 1, 1])
        self.world.epochs[conversation] = epoch
        await self.at.desk.confirm_owner(TENANT, handoff.id, epoch)

    async def reject(self) -> None:
        handoff = await self.one(HandoffState.OFFERED)
        await self.at.desk.reject(write(), handoff.id, self.agent(handoff))

    async def hold(self) -> None:
        handoff = await self.one(HandoffState.ACCEPTED)
        await self.at.chats.hold(write(), handoff.id, agent_id=self.agent(handoff))

    async def resume(self) -> None:
        handoff = await self.one(HandoffState.ON_HOLD)
        await self.at.chats.resume(write(), handoff.id, agent_id=self.agent(handoff))

    async def transfer(self) -> None:
        handoff = await self.one(HandoffState.ACCEPTED, HandoffState.ON_HOLD, HandoffState.QUEUED)
        queue, agent = self.chance.choice([*QUEUE, ""]), self.chance.choice([*AGENTS, "", ""])
        by = self.chance.choice(["", handoff.agent_id])
        await self.at.chats.transfer(write(), handoff.id, Destination(queue, agent), agent_id=by)

    async def report(self) -> None:
        """Tells who wrote, as a gateway does that is late, repeats itself or has another clock."""
        handoff = await self.one(HandoffState.ACCEPTED, HandoffState.ON_HOLD, HandoffState.RESERVED)
        conversation = handoff.asked.conversation_id
        fresh = []
        for _ in range(self.chance.choice([1, 1, 2, 3])):
            seq = self.world.seqs[conversation] = self.world.seqs.get(conversation, 0) + 1
            speaker = self.chance.choice([Speaker.CONTACT, Speaker.AGENT, Speaker.AGENT])
            late = self.chance.choice([NO_WAIT, NO_WAIT, 30 * SECOND, 10 * MINUTE, -HOUR])
            fresh.append(Activity(handoff.id, seq, speaker, self.world.clock() - late))
        told = self.chance.sample(self.world.told, min(2, len(self.world.told))) + fresh
        if self.chance.random() < 0.2:
            self.chance.shuffle(told)
        self.world.told += fresh
        await self.at.chats.report(TENANT, told)

    async def give_back(self) -> None:
        handoff = await self.one(HandoffState.ACCEPTED, HandoffState.ON_HOLD)
        reasons = [one for one in ReleaseReason if one is not ReleaseReason.IDLE]
        ending = Ending(self.chance.choice([Step.RELEASE, Step.RESOLVE]), reason=self.chance.choice(reasons))
        await self.at.desk.give_back(write(), handoff.id, ending, agent_id=self.agent(handoff), wait=NO_WAIT)

    async def cancel(self) -> None:
        handoff = await self.one(HandoffState.QUEUED, HandoffState.OFFERED, HandoffState.CALL_BACK)
        await self.at.desk.cancel(write(), handoff.id)

    async def presence(self) -> None:
        weights = {Presence.ONLINE: 8, Presence.AWAY: 1, Presence.OFFLINE: 1}
        await self.at.presence(self.anybody(), self.chance.choices([*weights], [*weights.values()])[0])

    async def pause(self) -> None:
        is_paused = self.chance.random() < 0.3
        await self.at.staff.pause_queue(write(), self.chance.choice([*QUEUE]), is_paused=is_paused)

    async def staff(self) -> None:
        """Changes what an agent may have at a time, also to less than they have."""
        usual = AGENTS[self.anybody()]
        changed = AgentProfile(
            usual.id,
            usual.display_name,
            usual.queue_ids,
            usual.languages,
            self.chance.choice([0, 1, 2, 3]),
            hold_weight=self.chance.choice([0, 0.2, 1]),
            max_open=self.chance.choice([None, None, 0, 2, 4]),
        )
        await self.at.staff.put_agent(write(), changed)

    async def sweep(self) -> None:
        self.world.clock.time += self.chance.choice(
            [NO_WAIT] * 4
            + [SECOND, MINUTE] * 9
            + [5 * MINUTE] * 6
            + [10 * MINUTE] * 3
            + [HOUR, 9 * HOUR, 2 * DAY]
        )
        await self.at.sweeper.sweep()
        self.world.looked_at = self.world.clock()
