"""Handoffs that agents have: held, transferred, left alone, and how much of an agent they take."""

from datetime import timedelta

import pytest
from tests.unit.handoff.desks import TENANT, Desks, write

from balie.handoff.chats.chats import Activity, Destination
from balie.handoff.clocks import Promises
from balie.handoff.domain import Handoff, HandoffState, ReleaseReason, Speaker
from balie.handoff.errors import (
    AgentAtCapacity,
    AgentNotFound,
    AgentNotOnline,
    ContactWaits,
    HandoffOfAnotherAgent,
    HandoffStateInvalid,
    QueueNotFound,
)
from balie.handoff.staffing.profiles import Presence

CONTACT, AGENT = Speaker.CONTACT, Speaker.AGENT
ACCEPTED, ON_HOLD, OFFERED, QUEUED = (
    HandoffState.ACCEPTED,
    HandoffState.ON_HOLD,
    HandoffState.OFFERED,
    HandoffState.QUEUED,
)


async def held(at: Desks, conversation: str, agent: str = "els") -> Handoff:
    """A chat that was answered and waits for its contact."""
    chat = await at.take(await at.ask(conversation, contact=conversation), agent)
    await at.says(chat, AGENT, 2)
    return await at.chats.hold(write(), chat.id, agent_id=agent)


async def test_a_chat_on_hold_frees_its_place_at_once(at: Desks) -> None:
    await at.agent("els", chats=2)
    await held(at, "one")
    second = await at.take(await at.ask("two"), "els")
    waiting = await at.ask("three")
    assert waiting.state is QUEUED  # 0.2 and 1 and another 1 are more than 2
    await at.says(second, AGENT, 1)
    await at.chats.hold(write(), second.id, agent_id="els")
    assert (await at.now(waiting)).state is OFFERED
    agent = await at.staff.agent(TENANT, "els")
    assert (agent.open_chats, agent.on_hold, round(agent.load, 6)) == (3, 2, 1.4)


async def test_five_held_chats_weigh_as_one(at: Desks) -> None:
    await at.agent("els", chats=2, max_open=6)
    for number in range(5):
        await held(at, f"talk-{number}")
    assert (await at.ask("sixth")).state is OFFERED
    assert (await at.ask("seventh")).state is QUEUED


async def test_a_ceiling_counts_every_chat_whatever_it_weighs(at: Desks) -> None:
    await at.agent("els", chats=5, max_open=2)
    await held(at, "one")
    await held(at, "two")
    third = await at.ask("three")
    assert third.state is QUEUED
    with pytest.raises(AgentAtCapacity):
        await at.reserve(third, "els")


async def test_a_contact_who_writes_ends_the_hold_even_above_capacity(at: Desks) -> None:
    await at.agent("els", chats=1, hold_weight=0)
    chat = await held(at, "one")
    await at.take(await at.ask("two"), "els")
    back = await at.says(chat, CONTACT, 3)
    assert (back.state, back.talk.contact_waits) == (ACCEPTED, True)
    assert (await at.staff.agent(TENANT, "els")).load == 2
    assert (await at.ask("three")).state is QUEUED
    assert (await at.story(chat)).endswith("SPOKE els, HELD els, RESUMED els")


async def test_only_who_has_it_holds_and_only_once_the_contact_was_answered(at: Desks) -> None:
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    with pytest.raises(ContactWaits):
        await at.chats.hold(write(), chat.id, agent_id="els")
    await at.says(chat, AGENT, 2)
    with pytest.raises(HandoffOfAnotherAgent):
        await at.chats.hold(write(), chat.id, agent_id="jan")
    with pytest.raises(HandoffStateInvalid):
        await at.chats.resume(write(), chat.id, agent_id="els")
    assert (await at.chats.hold(write("h1"), chat.id, agent_id="els")).state is ON_HOLD
    assert (await at.chats.hold(write("h1"), chat.id, agent_id="els")).state is ON_HOLD
    assert (await at.chats.resume(write(), chat.id, agent_id="")).state is ACCEPTED


async def test_a_silent_contact_puts_the_chat_on_hold_and_then_gives_it_back(at: Desks) -> None:
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    await at.says(chat, AGENT, 2)
    at.clock.forward(minutes=5)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is ON_HOLD
    at.clock.forward(days=1)
    await at.sweeper.sweep()
    ended = await at.now(chat)
    assert (ended.state, ended.release_reason) == (HandoffState.RELEASED, ReleaseReason.IDLE)
    assert (ended.owner_confirmed, ended.next_step_at) == (
        False,
        None,
    )  # the gateway is to make the bot the owner


async def test_a_queue_may_hold_nothing_by_itself(at: Desks) -> None:
    await at.queue("desk", hold_after=timedelta(0), idle_release_after=timedelta(hours=2))
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    await at.says(chat, AGENT, 2)
    at.clock.forward(hours=1.9)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is ACCEPTED
    at.clock.forward(hours=0.1)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is HandoffState.RELEASED


async def test_a_silent_agent_loses_the_chat_to_somebody_else(at: Desks) -> None:
    await at.agent("els")
    chat = await at.take(await at.ask("talk", contact="anna"), "els")
    await at.agent("jan")
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    lost = await at.now(chat)
    assert (lost.state, lost.agent_id, lost.asked.priority) == (OFFERED, "jan", 10)
    assert (await at.staff.agent(TENANT, "els")).presence is Presence.AWAY
    assert (await at.story(chat)).endswith("ACCEPTED els, AGENT_SILENT els, OFFERED jan")


async def test_a_silent_agent_who_is_back_is_preferred(at: Desks) -> None:
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is QUEUED
    await at.agent("jan", presence=None)
    await at.presence("els", Presence.ONLINE)
    assert (await at.now(chat)).agent_id == "els"


async def test_words_of_the_agent_put_their_time_off(at: Desks) -> None:
    await at.queue("desk", silent_after=timedelta(minutes=3))
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    at.clock.forward(minutes=2.9)
    await at.says(chat, AGENT, 2)
    await at.says(chat, CONTACT, 3)
    at.clock.forward(minutes=2.9)
    await at.says(chat, CONTACT, 4)  # more of the same words: they wait since the first
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is ACCEPTED
    at.clock.forward(minutes=0.1)
    await at.sweeper.sweep()
    assert (await at.now(chat)).state is QUEUED


async def test_words_that_are_told_late_are_not_counted_twice(at: Desks) -> None:
    await at.queue("boats")
    await at.queue("desk", promises=Promises(resolution=timedelta(hours=1)))
    await at.agent("els", queues=("desk", "boats"))
    chat = await at.take(await at.ask("talk"), "els")
    at.clock.forward(minutes=5)
    wrote = at.clock()
    at.clock.forward(minutes=5)
    moved = await at.chats.transfer(write(), chat.id, Destination(queue_id="boats"), agent_id="els")
    assert moved.clocks[0].used == timedelta(minutes=10)
    await at.take(moved, "els")
    await at.chats.report(TENANT, [Activity(chat.id, 2, AGENT, wrote), Activity(chat.id, 3, CONTACT, wrote)])
    at.clock.forward(minutes=5)
    waits = await at.says(chat, AGENT, 4)
    assert waits.clocks[0].used == timedelta(minutes=15)


async def test_a_transfer_to_an_agent_is_theirs_alone_until_they_let_it_pass(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan")
    chat = await at.take(await at.ask("talk"), "els")
    moved = await at.chats.transfer(write(), chat.id, Destination(agent_id="jan"), agent_id="els")
    assert (moved.state, moved.agent_id, moved.transfers) == (OFFERED, "jan", 1)
    declined = await at.desk.reject(write(), chat.id, "jan")
    assert (declined.agent_id, declined.wanted_agent_id) == ("els", "")


async def test_a_transfer_waits_for_an_agent_who_is_full(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan", queues=())
    other = await at.take(await at.ask("other"), "els")
    await at.agent("els", chats=2)
    busy = await at.chats.transfer(write(), other.id, Destination(agent_id="jan"), agent_id="els")
    assert busy.agent_id == "jan"  # an agent who is named needs no queue
    chat = await at.take(await at.ask("talk"), "els")
    waits = await at.chats.transfer(write(), chat.id, Destination(agent_id="jan"), agent_id="els")
    assert (waits.state, waits.wanted_agent_id) == (QUEUED, "jan")
    with pytest.raises(HandoffOfAnotherAgent):
        await at.reserve(waits, "els")
    at.clock.forward(minutes=5)
    await at.sweeper.sweep()
    assert (await at.now(chat)).agent_id == "els"  # half of the wait is over: anybody will do


async def test_a_transfer_to_a_queue_goes_ahead_of_those_asked_for_later(at: Desks) -> None:
    await at.queue("boats")
    await at.agent("els")
    chat = await at.take(await at.ask("talk"), "els")
    at.clock.forward(minutes=1)
    later = await at.ask("later", queue="boats")
    moved = await at.chats.transfer(write(), chat.id, Destination(queue_id="boats"), agent_id="els")
    assert (moved.asked.queue_id, moved.position) == ("boats", 1)
    assert (await at.now(later)).position == 2


async def test_a_transfer_is_refused_with_a_reason_and_changes_nothing(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan", presence=Presence.AWAY)
    chat = await at.take(await at.ask("talk"), "els")
    for to, by, refusal in (
        (Destination(queue_id="nowhere"), "els", QueueNotFound),
        (Destination(agent_id="nobody"), "els", AgentNotFound),
        (Destination(agent_id="jan"), "els", AgentNotOnline),
        (Destination(queue_id="desk"), "jan", HandoffOfAnotherAgent),
    ):
        with pytest.raises(refusal):
            await at.chats.transfer(write(), chat.id, to, agent_id=by)
    assert await at.now(chat) == chat
    ended = await at.end(chat)
    with pytest.raises(HandoffStateInvalid):
        await at.chats.transfer(write(), ended.id, Destination(queue_id="desk"), agent_id="")


async def test_a_supervisor_reassigns_what_waits(at: Desks) -> None:
    await at.queue("boats")
    waiting = await at.ask("talk")
    with pytest.raises(HandoffOfAnotherAgent):
        await at.chats.transfer(write(), waiting.id, Destination(queue_id="boats"), agent_id="els")
    moved = await at.chats.transfer(write(), waiting.id, Destination(queue_id="boats"), agent_id="")
    assert (moved.asked.queue_id, moved.state) == ("boats", QUEUED)


async def test_what_is_told_of_other_handoffs_changes_nothing(at: Desks) -> None:
    waiting = await at.ask("talk")
    told = [
        Activity("unknown", 1, CONTACT, at.clock()),
        Activity(waiting.id, 1, CONTACT, at.clock()),
        Activity(waiting.id, 2, AGENT, at.clock()),
    ]
    await at.chats.report(TENANT, told)
    assert await at.now(waiting) == waiting


async def test_a_paused_queue_offers_nothing_until_it_goes_on(at: Desks) -> None:
    await at.agent("els")
    assert (await at.staff.pause_queue(write(), "desk", is_paused=True)).is_paused
    waiting = await at.ask("talk")
    await at.sweeper.sweep()
    assert (await at.now(waiting)).state is QUEUED
    await at.queue("desk")  # set up anew, it stays paused
    assert (await at.staff.queue(TENANT, "desk")).is_paused
    await at.staff.pause_queue(write(), "desk", is_paused=False)
    assert (await at.now(waiting)).state is OFFERED
    with pytest.raises(QueueNotFound):
        await at.staff.pause_queue(write(), "nowhere", is_paused=True)
