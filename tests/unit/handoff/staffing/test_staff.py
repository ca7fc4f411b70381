"""Agents, queues and the feed of what happens."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest
from tests.unit.handoff.desks import TENANT, Desks, write

from balie.handoff import feed
from balie.handoff.domain import EventKind, HandoffState
from balie.handoff.errors import AgentNotFound, QueueNotFound
from balie.handoff.events import TOPIC
from balie.handoff.staffing.profiles import AgentProfile, Presence, QueueProfile
from balie.kit.errors import CursorExpired, CursorMalformed
from balie.kit.eventlog import encode_cursor


async def test_a_new_agent_is_offline(at: Desks) -> None:
    profile = AgentProfile("els", "Els", ("desk",), ("nl", "de"), 3)
    agent = await at.staff.put_agent(write(), profile)
    assert (agent.profile, agent.presence, agent.open_chats) == (profile, Presence.OFFLINE, 0)
    assert await at.staff.agent(TENANT, "els") == agent


async def test_changing_an_agent_keeps_presence_and_chats(at: Desks) -> None:
    await at.agent("els", chats=2)
    await at.take(await at.ask("talk"), "els")
    changed = await at.staff.put_agent(write(), AgentProfile("els", "Els de Vries", (), ("de",), 0))
    assert (changed.profile.display_name, changed.presence, changed.open_chats) == (
        "Els de Vries",
        Presence.ONLINE,
        1,
    )
    assert (await at.ask("next")).state is HandoffState.QUEUED


async def test_an_agent_works_for_queues_that_exist(at: Desks) -> None:
    with pytest.raises(QueueNotFound) as refused:
        await at.agent("els", queues=("desk", "nowhere", "neither"))
    assert refused.value.metadata == {"queue_id": "nowhere"}
    with pytest.raises(AgentNotFound):
        await at.staff.agent(TENANT, "els")


async def test_presence_needs_an_agent(at: Desks) -> None:
    with pytest.raises(AgentNotFound):
        await at.presence("els", Presence.ONLINE)


async def test_staying_online_starts_no_new_idle_time(at: Desks) -> None:
    first = await at.agent("els")
    at.clock.forward(minutes=1)
    assert (await at.presence("els", Presence.ONLINE)).idle_since == first.idle_since
    await at.presence("els", Presence.AWAY)
    assert (await at.presence("els", Presence.ONLINE)).idle_since == at.clock.time


async def test_lists_agents_and_queues_by_id_in_pages(at: Desks) -> None:
    for name in ("jan", "Els", "els", "piet-1"):
        await at.agent(name)
        await at.queue(name)
    pages, after = [], ""
    while True:
        page, after = await at.staff.agents(TENANT, after=after, size=2)
        pages.append([agent.id for agent in page])
        if not after:
            break
    assert pages == [["Els", "els"], ["jan", "piet-1"]]
    queues, after = await at.staff.queues(TENANT, after="els", size=5)
    assert ([queue.profile.id for queue in queues], after) == (["jan", "piet-1"], "")


async def test_a_queue_counts_who_waits_offered_ones_included(at: Desks) -> None:
    await at.agent("els", chats=2)
    await at.take(await at.ask("chat"), "els")
    await at.ask("offered")
    await at.ask("queued")
    assert (await at.staff.queue(TENANT, "desk")).waiting == 2


async def test_a_queue_is_changed_whole(at: Desks) -> None:
    await at.queue("desk", max_wait=timedelta(hours=1), offer_timeout=timedelta(seconds=1.5))
    queue = await at.staff.queue(TENANT, "desk")
    assert queue.profile == QueueProfile("desk", "Desk", timedelta(hours=1), timedelta(seconds=1.5))
    await at.queue("desk")
    assert (await at.staff.queue(TENANT, "desk")).profile == QueueProfile("desk", "Desk")
    with pytest.raises(QueueNotFound):
        await at.staff.queue(TENANT, "nowhere")


async def test_the_feed_replays_and_then_follows(at: Desks) -> None:
    before = await at.ask("before")
    start = await at.feed.position(TENANT, "")
    kinds: list[tuple[int, EventKind]] = []
    async with asyncio.timeout(20), aclosing(at.feed.after(TENANT, start)) as happenings:
        async for position, event in happenings:
            kinds.append((position, event.kind))
            if position == 1:
                await at.desk.cancel(write(), before.id)
            if position == 2:
                break
    assert kinds == [(1, EventKind.QUEUED), (2, EventKind.CANCELLED)]
    assert await at.feed.position(TENANT, feed.cursor(2)) == 2


async def test_the_feed_begins_with_the_oldest_event_that_is_kept(at: Desks) -> None:
    for name in ("one", "two", "three"):
        await at.ask(name)
    async with at.database.write() as tx:
        await at.log.trim(tx, TENANT, TOPIC, 2)
    start = await at.feed.position(TENANT, "")
    async with asyncio.timeout(20), aclosing(at.feed.after(TENANT, start)) as happenings:
        assert (await anext(happenings))[0] == 3
    with pytest.raises(CursorExpired):
        async with aclosing(at.feed.after(TENANT, 1)) as happenings:
            await anext(happenings)


async def test_the_feed_refuses_cursors_of_other_streams(at: Desks) -> None:
    for cursor in ("nonsense", encode_cursor("conversations", 1)):
        with pytest.raises(CursorMalformed):
            await at.feed.position(TENANT, cursor)
