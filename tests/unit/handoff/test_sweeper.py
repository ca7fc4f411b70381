"""Time: offers that pass, waits that end, and what an event has missed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.unit.handoff.desks import TENANT, Desks, desks, write

from balie.handoff.domain import HandoffState, Speaker
from balie.handoff.errors import HandoffStateInvalid
from balie.handoff.staffing.profiles import Presence
from balie.handoff.storage.sql import topics
from balie.handoff.sweeper import Sweeper
from balie.handoff.tables import agents, handoffs
from balie.kit.chores import Chores, Trimming
from balie.kit.errors import DatabaseUnavailable
from balie.kit.ledger import Ledger
from balie.kit.tables import requests

QUEUED, OFFERED, RESERVED, ACCEPTED, RELEASED, RESOLVED, CANCELLED, MESSAGE_TAKEN, *_ = HandoffState


async def test_an_offer_that_passes_goes_to_the_next(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    await at.agent("jan")
    at.clock.forward(seconds=29.9)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).agent_id == "els"
    at.clock.forward(seconds=0.1)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).agent_id == "jan"
    assert await at.story(handoff) == "QUEUED, OFFERED els, OFFER_EXPIRED els, OFFERED jan"


async def test_a_wait_that_is_over_ends_in_a_message(at: Desks) -> None:
    handoff = await at.ask("talk")
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    ended = await at.now(handoff)
    assert (ended.state, ended.position, ended.owner_confirmed) == (MESSAGE_TAKEN, 0, False)
    assert await at.story(handoff) == "QUEUED, MESSAGE_TAKEN"
    with pytest.raises(HandoffStateInvalid):
        await at.desk.confirm_owner(TENANT, handoff.id, 2)
    assert (await at.ask("talk")).state is QUEUED  # another one may be asked for


async def test_what_is_due_for_a_silent_agent_does_not_stop_what_is_offered_to_them(at: Desks) -> None:
    await at.queue("desk", silent_after=timedelta(minutes=3), offer_timeout=timedelta(minutes=3))
    await at.agent("els", chats=2)
    chat = await at.take(await at.ask("talk"), "els")
    offer = await at.ask("other")
    at.clock.forward(
        minutes=3
    )  # both are due: the first sets the agent away, which takes the second from them
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is QUEUED
    assert await at.story(offer) == "QUEUED, OFFERED els, OFFER_REJECTED els"
    assert (await at.staff.agent(TENANT, "els")).presence is Presence.AWAY


async def test_a_wait_that_is_over_voids_the_offer_and_frees_the_place(at: Desks) -> None:
    await at.queue("patient", max_wait=timedelta(hours=1))
    await at.agent("els", queues=("desk", "patient"))
    handoff = await at.ask("talk")
    waiting = await at.ask("patient", queue="patient")
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    assert await at.story(handoff) == "QUEUED, OFFERED els, MESSAGE_TAKEN els"
    assert (await at.now(handoff)).agent_id == ""
    assert (await at.now(waiting)).state is OFFERED


async def test_a_wait_that_is_over_is_offered_to_nobody_before_the_sweep(at: Desks) -> None:
    handoff = await at.ask("talk")
    at.clock.forward(minutes=10)
    await at.agent("els")
    assert (await at.now(handoff)).state is QUEUED
    await at.sweeper.sweep()
    assert await at.story(handoff) == "QUEUED, MESSAGE_TAKEN"


async def test_a_chat_outlives_the_deadline_of_its_wait(at: Desks) -> None:
    await at.agent("els")
    chat = await at.take(await at.ask("chat"), "els")
    at.clock.forward(minutes=9.9)
    await at.says(chat, Speaker.AGENT, 1)
    at.clock.forward(minutes=4.9)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is ACCEPTED


async def test_changing_a_queue_moves_no_deadline(at: Desks) -> None:
    before = await at.ask("before")
    await at.queue("desk", max_wait=timedelta(minutes=1))
    after = await at.ask("after")
    at.clock.forward(minutes=2)
    await at.sweeper.sweep()
    assert [(await at.now(one)).state for one in (before, after)] == [QUEUED, MESSAGE_TAKEN]


async def test_draws_what_an_event_has_missed(at: Desks) -> None:
    await at.agent("els", presence=Presence.OFFLINE)
    handoff = await at.ask("talk")
    async with at.database.write() as tx:  # as if a replica had died between the two
        await tx.execute(sa.update(agents).values(presence=Presence.ONLINE))
    await at.sweeper.sweep()
    assert (await at.now(handoff)).state is OFFERED


async def test_writes_nothing_when_nothing_is_due(at: Desks) -> None:
    await at.agent("els", languages=("de",))
    await at.ask("talk")
    before = await at.events()
    await at.sweeper.sweep()
    assert await at.events() == before


@pytest.mark.postgres
async def test_two_that_sweep_at_once_do_it_once(postgresql_url: str) -> None:
    async with desks(postgresql_url) as one, desks(postgresql_url, one.clock) as other:
        await one.queue()
        await one.agent("els", chats=4)
        offered = [await one.ask(f"talk-{number}") for number in range(8)]
        one.clock.forward(seconds=30)
        await asyncio.gather(*(at.sweeper.sweep() for at in (one, other) for _ in range(4)))
        kinds = [event.kind.name for event in await one.events()]
        assert kinds.count("OFFER_EXPIRED") == 4
        one.clock.forward(hours=1)
        await asyncio.gather(*(at.sweeper.sweep() for at in (one, other) for _ in range(4)))
        kinds = [event.kind.name for event in await one.events()]
        assert kinds.count("MESSAGE_TAKEN") == len(offered)


async def test_sweeps_at_the_start_and_then_periodically(database_url: str) -> None:
    async with desks(database_url) as before:
        await before.queue()
        first = await before.ask("first")
    before.clock.forward(minutes=10)
    async with desks(database_url, before.clock) as after:
        sweeping = asyncio.create_task(after.sweeper.run())
        while (await after.now(first)).state is not MESSAGE_TAKEN:
            await asyncio.sleep(0.01)
        second = await after.ask("second")
        after.clock.forward(minutes=10)
        while (await after.now(second)).state is not MESSAGE_TAKEN:
            await asyncio.sleep(0.01)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)


async def test_goes_on_sweeping_when_the_database_is_back(at: Desks) -> None:
    class Shaky(Sweeper):
        sweeps = 0

        async def sweep(self) -> None:
            self.sweeps += 1
            if self.sweeps == 1:
                raise DatabaseUnavailable
            if self.sweeps == 2:
                raise KeyError("a bug")
            await super().sweep()

    handoff = await at.ask("talk")
    at.clock.forward(minutes=10)
    sweeping = asyncio.create_task(Shaky(at.journal, every_seconds=0.01).run())
    while (await at.now(handoff)).state is not MESSAGE_TAKEN:
        await asyncio.sleep(0.01)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)


async def test_chores_throw_away_old_results_and_old_events(at: Desks) -> None:
    asked_for = [await at.ask(f"talk-{number}") for number in range(5)]
    long_ago = datetime.now(UTC) - timedelta(hours=49)
    async with at.database.write() as tx:
        await tx.execute(sa.update(requests).values(recorded_at=long_ago))
    await at.desk.cancel(write("kept"), asked_for[0].id)
    await Chores(at.database, Ledger(), Trimming(at.log, topics, keep=2)).once()
    async with at.database.read() as tx:
        assert [row.request_id for row in await tx.all(sa.select(requests.c.request_id))] == ["kept"]
    assert await at.feed.position(TENANT, "") == 4
    assert len(await at.all()) == 5


async def test_one_tenants_trouble_is_not_anothers(at: Desks) -> None:
    await at.ask("talk")
    async with at.database.write() as tx:
        columns = [column.name for column in handoffs.c if column.name not in ("tenant", "state", "reasons")]
        broken = sa.select(
            sa.literal("aaa"), handoffs.c.state, sa.literal([{"code": 99}], handoffs.c.reasons.type)
        )
        await tx.execute(
            sa.insert(handoffs).from_select(
                ["tenant", "state", "reasons", *columns],
                broken.add_columns(*(handoffs.c[name] for name in columns)),
            )
        )
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    assert [one.state for one in await at.all()] == [MESSAGE_TAKEN]


async def test_a_cancelled_one_is_left_alone(at: Desks) -> None:
    handoff = await at.ask("talk")
    await at.desk.cancel(write(), handoff.id)
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).state is CANCELLED
