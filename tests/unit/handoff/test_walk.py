"""Many random steps at one desk, also side by side, over days in which the clocks change.

Whatever happens, nobody is overbooked, no handoff is lost or there twice, every change is one event, promises are measured in
business time, and each handoff reaches an end.
"""

import asyncio
from datetime import datetime
from functools import partial
from itertools import pairwise

import pytest
from tests.unit.handoff.desks import Clock, Desks, desks, write
from tests.unit.handoff.soundness import check, check_after_sweep, check_drawn
from tests.unit.handoff.storage.memory_desks import memory_desks
from tests.unit.handoff.walking import (
    AUTUMN,
    DAY,
    HOUR,
    HOURS,
    SPRING,
    Walker,
    World,
    staffed,
)

from balie.handoff.calendars.calendars import Calendars
from balie.handoff.calendars.timetable import Timetable
from balie.handoff.domain import OPEN, EventKind, HandoffState
from balie.handoff.machine import TRANSITIONS

SEASONS = (SPRING, AUTUMN)

NEVER = {
    (HandoffState.ON_HOLD, EventKind.AGENT_SILENT, HandoffState.QUEUED),
    (HandoffState.ON_HOLD, EventKind.MOVED, HandoffState.QUEUED),
    (HandoffState.ON_HOLD, EventKind.CLOCK, HandoffState.ON_HOLD),
}
"""Possible by the table alone: on hold it is the contact who is waited for, so that no clock runs and no agent is late."""


async def walk(at: Desks, world: World, seed: int, steps: int, *, look_every: int) -> None:
    walker = Walker(at, world, seed)
    for number in range(1, steps + 1):
        await walker.step()
        await check_drawn(at, world)
        if number % look_every == 0:
            await check(at, world)
            await at.sweeper.sweep()
            await check_after_sweep(at, world)
    await check(at, world)


async def until_all_have_ended(at: Desks, world: World) -> None:
    """Lets time pass with nobody doing anything: every handoff has a next step, and the steps lead to an end."""
    for span in (HOUR, *[DAY] * 10):
        world.clock.time += span
        await at.sweeper.sweep()
        await check_after_sweep(at, world)
    assert [one for one in await check(at, world) if one.state in OPEN] == []


async def test_stays_sound_in_memory_and_takes_every_step_there_is() -> None:
    taken = set()
    for seed in range(20):
        world = World(Clock(SEASONS[seed % 2]))
        at = memory_desks(world.clock, {HOURS.id: Timetable(HOURS)}, world.diary.journal)
        await staffed(at)
        try:
            await walk(at, world, seed, 300, look_every=30)
            await until_all_have_ended(at, world)
        except AssertionError as wrong:
            wrong.add_note(f"seed {seed}")
            raise
        for one in await at.all():
            steps = pairwise(world.diary.of(one))
            taken |= {(first.handoff.state, then.kind, then.handoff.state) for first, then in steps}
    possible = {(before, kind, after) for (before, _), (after, kind) in TRANSITIONS.items()}
    assert taken | NEVER == possible


@pytest.mark.parametrize("season", SEASONS, ids=["spring", "autumn"])
async def test_stays_sound_on_each_database(database_url: str, season: datetime) -> None:
    world = World(Clock(season))
    async with desks(database_url, world.clock, make_journal=world.diary.journal) as at:
        await Calendars(at.journal).put(write(), HOURS)
        await staffed(at)
        await walk(at, world, 100 + SEASONS.index(season), 100, look_every=50)
        await until_all_have_ended(at, world)


@pytest.mark.postgres
async def test_stays_sound_with_two_replicas_side_by_side(postgresql_url: str) -> None:
    world = World(Clock(SPRING))
    opened = partial(desks, postgresql_url, world.clock, make_journal=world.diary.journal)
    async with opened() as one, opened() as other:
        await Calendars(one.journal).put(write(), HOURS)
        await staffed(one)
        walkers = [Walker(at, world, 200 + number) for number, at in enumerate((one, other, one, other))]

        async def walk_on(walker: Walker) -> None:
            for _ in range(30):
                await walker.step()

        await asyncio.gather(*map(walk_on, walkers))
        await check(other, world)
        await until_all_have_ended(other, world)
