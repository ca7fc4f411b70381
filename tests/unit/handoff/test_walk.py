"""Many random steps at one desk, also side by side: whatever happens, nobody is overbooked and every change is one event."""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from tests.unit.handoff.desks import TENANT, Desks, desks, write
from tests.unit.handoff.storage.memory_desks import memory_desks

from balie.handoff.desk import Ending
from balie.handoff.domain import OCCUPYING, OPEN, Handoff, HandoffEvent, HandoffState
from balie.handoff.machine import TRANSITIONS, Step
from balie.handoff.staffing.profiles import Presence
from balie.kit.errors import Failure

AGENTS = {"els": 1, "jan": 2, "piet": 3}
CONVERSATIONS = [f"talk-{number}" for number in range(6)]


async def step(at: Desks, chance: random.Random) -> None:
    """Does something that may well be refused."""
    agent = chance.choice(sorted(AGENTS))
    known = await at.all()
    handoff = chance.choice(known) if known else await at.ask("talk-0")
    epoch = handoff.owner_epoch + chance.choice([0, 1])
    no_wait = timedelta(0)
    at.clock.forward(seconds=chance.choice([0, 0, 1, 40]))
    try:
        match chance.randrange(9):
            case 0 | 1:
                await at.ask(chance.choice(CONVERSATIONS), priority=chance.choice([0, 1]))
            case 2:
                await at.desk.accept(write(), handoff.id, agent, wait=no_wait)
            case 3:
                await at.desk.reject(write(), handoff.id, agent)
            case 4 if epoch:
                await at.desk.confirm_owner(TENANT, handoff.id, epoch)
            case 5:
                ending = chance.choice([Step.RELEASE, Step.RESOLVE])
                await at.desk.give_back(write(), handoff.id, Ending(ending), agent_id=agent, wait=no_wait)
            case 6:
                await at.desk.cancel(write(), handoff.id)
            case 7:
                await at.presence(agent, chance.choice(list(Presence)))
            case _:
                await at.sweeper.sweep()
    except Failure:
        pass  # refused, as it may be; what counts is what is on disk afterwards


def is_possible(told: list[HandoffEvent]) -> bool:
    """Tells whether a handoff's events follow one from the other."""
    state = HandoffState.QUEUED
    for event in told[1:]:
        leads = {(after, kind) for (before, _), (after, kind) in TRANSITIONS.items() if before is state}
        if (event.state, event.kind) not in leads:
            return False
        state = event.state
    return True


async def check(at: Desks) -> None:
    handoffs: list[Handoff] = await at.all()
    occupied = Counter(one.agent_id for one in handoffs if one.state in OCCUPYING)
    assert all(count <= AGENTS[agent] for agent, count in occupied.items())
    open_ones = Counter(one.asked.conversation_id for one in handoffs if one.state in OPEN)
    assert max(open_ones.values(), default=0) <= 1
    told: dict[str, list[HandoffEvent]] = defaultdict(list)
    for event in await at.events():
        told[event.handoff_id].append(event)
    assert set(told) == {one.id for one in handoffs}
    for one in handoffs:
        mine = told[one.id]
        assert [event.revision for event in mine] == list(range(1, one.revision + 1))
        assert mine[-1].state is one.state
        assert is_possible(mine)
        assert (one.offer_expires_at is not None) == (one.state is HandoffState.OFFERED)
        assert bool(one.agent_id) == (
            one.state in OCCUPYING or one.state in (HandoffState.RELEASED, HandoffState.RESOLVED)
        )
    async with at.journal.reading(TENANT) as floor:
        assert await at.journal.pairings(floor) == []  # whatever frees a place has drawn


async def staffed(at: Desks) -> None:
    for name, chats in AGENTS.items():
        await at.agent(name, chats=chats)


@pytest.mark.parametrize("seed", range(2))
async def test_stays_sound_whatever_happens(at: Desks, seed: int) -> None:
    chance = random.Random(seed)
    await staffed(at)
    for _ in range(80):
        await step(at, chance)
    await check(at)
    assert {HandoffState.ACCEPTED, HandoffState.CANCELLED} & {one.state for one in await at.all()}


@pytest.mark.parametrize("seed", range(20))
async def test_stays_sound_in_memory_as_well(seed: int) -> None:
    at, chance = memory_desks(), random.Random(seed)
    await at.queue()
    await staffed(at)
    for _ in range(150):
        await step(at, chance)
    await check(at)


@pytest.mark.postgres
async def test_stays_sound_with_two_replicas_side_by_side(postgresql_url: str) -> None:
    async with desks(postgresql_url) as one, desks(postgresql_url, one.clock) as other:
        await one.queue()
        await staffed(one)

        async def walk(at: Desks, seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(25):
                await step(at, chance)

        await asyncio.gather(*(walk(at, seed) for seed, at in enumerate((one, other, one, other))))
        await check(one)
