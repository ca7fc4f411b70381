"""Handoffs from the asking to the end, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from tests.unit.handoff.desks import LONG, NOT_LONG, TENANT, Desks, asked, desks, states_of, write

from balie.handoff.desk import Ending
from balie.handoff.domain import Handoff, HandoffState
from balie.handoff.errors import (
    AgentAtCapacity,
    AgentNotFound,
    AgentNotOnline,
    HandoffNotFound,
    HandoffOfAnotherAgent,
    HandoffStateInvalid,
    OwnerNotConfirmed,
    QueueNotFound,
)
from balie.handoff.machine import Step
from balie.handoff.staffing.profiles import Presence
from balie.handoff.tables import metadata
from balie.kit import tables as kit_tables
from balie.kit.errors import RequestIdReused
from balie.kit.migrations import drift

QUEUED, OFFERED, RESERVED, ACCEPTED, RELEASED, RESOLVED, CANCELLED, MESSAGE_TAKEN, *_ = HandoffState
ONLINE, AWAY, OFFLINE = Presence


async def test_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    async with desks(database_url):
        pass
    assert await drift(database_url, metadata, kit_tables.metadata) == []


async def test_waits_when_nobody_is_there(at: Desks) -> None:
    handoff = await at.ask("talk")
    assert (handoff.state, handoff.position, handoff.revision) == (QUEUED, 1, 1)
    assert handoff.deadline_at == at.clock.time + timedelta(minutes=10)
    assert await at.story(handoff) == "QUEUED"


async def test_is_offered_at_once_to_who_is_free(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    assert (handoff.state, handoff.agent_id, handoff.position) == (OFFERED, "els", 1)
    assert handoff.offer_expires_at == at.clock.time + timedelta(seconds=30)
    assert await at.story(handoff) == "QUEUED, OFFERED els"


async def test_a_conversation_has_one_open_handoff(at: Desks) -> None:
    await at.queue("tickets")
    first = await at.ask("talk")
    assert await at.ask("talk", queue="tickets") == first
    await at.desk.cancel(write(), first.id)
    assert (await at.ask("talk")).id != first.id


async def test_the_same_request_twice_is_done_once(at: Desks) -> None:
    first = await at.desk.request(write("order-1"), asked("talk"))
    await at.desk.cancel(write(), first.id)
    assert await at.desk.request(write("order-1"), asked("talk")) == first
    assert len(await at.all()) == 1
    with pytest.raises(RequestIdReused):
        await at.desk.request(write("order-1", body="other"), asked("talk"))


async def test_needs_a_queue_that_exists(at: Desks) -> None:
    with pytest.raises(QueueNotFound):
        await at.ask("talk", queue="nowhere")
    assert await at.all() == []


async def test_stands_in_line_by_priority_then_by_time(at: Desks) -> None:
    first = await at.ask("first")
    at.clock.forward(seconds=1)
    urgent = await at.ask("urgent", priority=5)
    second = await at.ask("second")  # as early as `urgent`, and made later
    places = {one.asked.conversation_id: one.position for one in await at.all()}
    assert places == {"urgent": 1, "first": 2, "second": 3}
    await at.desk.cancel(write(), first.id)
    assert (await at.now(second)).position == 2
    assert [event.position for event in await at.events()] == [1, 1, 3, 0]
    assert urgent.position == 1


async def test_queues_do_not_stand_in_each_others_way(at: Desks) -> None:
    await at.queue("tickets")
    await at.ask("one")
    assert (await at.ask("two", queue="tickets")).position == 1


async def test_coming_online_draws_who_waits_longest(at: Desks) -> None:
    late, early = None, await at.ask("early")
    at.clock.forward(seconds=1)
    late = await at.ask("late")
    await at.agent("els")
    assert (await at.now(early)).state is OFFERED
    assert (await at.now(late)).state is QUEUED


async def test_a_turned_down_offer_keeps_its_place_and_goes_to_the_next(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    at.clock.forward(seconds=1)
    await at.ask("later")
    await at.agent("jan", presence=OFFLINE)
    await at.presence("jan", ONLINE)  # is offered the later one
    passed = await at.desk.reject(write(), handoff.id, "els")
    assert (passed.state, passed.agent_id, passed.position) == (OFFERED, "els", 1)  # no other is free
    await at.agent("piet")
    passed = await at.desk.reject(write(), handoff.id, "els")
    assert (passed.agent_id, passed.position) == ("piet", 1)
    assert await at.story(handoff) == (
        "QUEUED, OFFERED els, OFFER_REJECTED els, OFFERED els, OFFER_REJECTED els, OFFERED piet"
    )


async def test_only_its_agent_turns_an_offer_down(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan", presence=OFFLINE)
    handoff = await at.ask("talk")
    with pytest.raises(HandoffOfAnotherAgent):
        await at.desk.reject(write(), handoff.id, "jan")
    with pytest.raises(AgentNotFound):
        await at.desk.reject(write(), handoff.id, "nobody")
    await at.presence("els", OFFLINE)
    with pytest.raises(HandoffStateInvalid):
        await at.desk.reject(write(), handoff.id, "els")


@pytest.mark.parametrize("presence", [AWAY, OFFLINE])
async def test_who_leaves_gives_offers_back_and_keeps_chats(at: Desks, presence: Presence) -> None:
    await at.agent("els", chats=3)
    chat = await at.take(await at.ask("chat"), "els")
    coming = await at.reserve(await at.ask("coming"), "els")
    offer = await at.ask("offer")
    agent = await at.presence("els", presence)
    assert (agent.presence, agent.open_chats) == (presence, 2)
    assert [(await at.now(one)).state for one in (chat, coming, offer)] == [ACCEPTED, RESERVED, QUEUED]
    assert (await at.story(offer)).endswith("OFFERED els, OFFER_REJECTED els")


async def test_an_agent_picks_from_the_line(at: Desks) -> None:
    await at.agent("els", queues=())
    handoff = await at.ask("talk")
    assert (await at.take(handoff, "els")).state is ACCEPTED
    assert await at.story(handoff) == "QUEUED, RESERVED els, ACCEPTED els"


async def test_accepting_is_refused_for_what_is_not_theirs(at: Desks) -> None:
    await at.agent("els")
    await at.agent("jan", queues=())
    handoff = await at.ask("talk")
    with pytest.raises(HandoffOfAnotherAgent) as refused:
        await at.reserve(handoff, "jan")
    assert refused.value.metadata["agent_id"] == "els"
    with pytest.raises(AgentNotFound):
        await at.reserve(handoff, "nobody")
    with pytest.raises(HandoffNotFound):
        await at.desk.accept(write(), "0192", "els", wait=NOT_LONG)
    await at.take(handoff, "els")
    for agent in ("els", "jan"):
        with pytest.raises(HandoffStateInvalid) as again:
            await at.reserve(handoff, agent)
        assert again.value.metadata["state"] == "ACCEPTED"


async def test_accepting_is_refused_to_who_is_not_online(at: Desks) -> None:
    await at.agent("els", queues=(), presence=AWAY)
    handoff = await at.ask("talk")
    with pytest.raises(AgentNotOnline) as refused:
        await at.reserve(handoff, "els")
    assert refused.value.metadata["presence"] == "AWAY"


async def test_accepting_is_refused_over_the_agents_maximum(at: Desks) -> None:
    await at.agent("els", queues=(), chats=1)
    first, second = await at.ask("first"), await at.ask("second")
    await at.reserve(first, "els")
    with pytest.raises(AgentAtCapacity) as refused:
        await at.reserve(second, "els")
    assert refused.value.metadata == {"agent_id": "els", "limit": "1"}


async def test_an_offer_takes_one_of_the_agents_places(at: Desks) -> None:
    await at.queue("other")
    await at.agent("els", chats=1)
    await at.ask("offer")
    picked = await at.ask("picked", queue="other")
    with pytest.raises(AgentAtCapacity):
        await at.reserve(picked, "els")


async def test_an_offer_can_be_accepted_with_the_last_place(at: Desks) -> None:
    await at.agent("els", chats=1)
    handoff = await at.ask("talk")
    assert (await at.reserve(handoff, "els")).state is RESERVED


async def test_accepting_waits_for_the_gateway(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    accepting = asyncio.create_task(at.desk.accept(write(), handoff.id, "els", wait=LONG))
    while (await at.now(handoff)).state is not RESERVED:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not accepting.done()
    await at.desk.confirm_owner(TENANT, handoff.id, 2)
    accepted = await accepting
    assert (accepted.state, accepted.owner_epoch, accepted.owner_confirmed) == (ACCEPTED, 2, True)


async def test_who_loses_it_before_it_is_theirs_is_told(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    accepting = asyncio.create_task(at.desk.accept(write(), handoff.id, "els", wait=LONG))
    while (await at.now(handoff)).state is not RESERVED:
        await asyncio.sleep(0.01)
    at.clock.forward(minutes=10)
    await at.sweeper.sweep()
    with pytest.raises(HandoffStateInvalid) as refused:
        await accepting
    assert refused.value.metadata["state"] == "QUEUED"


async def test_accepting_without_a_gateway_reserves_and_can_be_repeated(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    for _ in range(2):
        with pytest.raises(OwnerNotConfirmed):
            await at.desk.accept(write("take-1"), handoff.id, "els", wait=NOT_LONG)
    assert (await at.now(handoff)).state is RESERVED
    with pytest.raises(HandoffStateInvalid):
        await at.desk.cancel(write(), handoff.id)
    await at.desk.confirm_owner(TENANT, handoff.id, 2)
    assert (await at.desk.accept(write("take-1"), handoff.id, "els", wait=NOT_LONG)).state is ACCEPTED
    assert await at.story(handoff) == "QUEUED, OFFERED els, RESERVED els, ACCEPTED els"


async def test_twenty_who_accept_at_once_are_one(at: Desks) -> None:
    names = [f"agent-{number}" for number in range(20)]
    for name in names:
        await at.agent(name, queues=())
    handoff = await at.ask("talk")
    results = await asyncio.gather(
        *(at.desk.accept(write(), handoff.id, name, wait=timedelta(0)) for name in names),
        return_exceptions=True,
    )
    reserved = [
        name for name, result in zip(names, results, strict=True) if isinstance(result, OwnerNotConfirmed)
    ]
    assert len(reserved) == 1
    assert sum(isinstance(result, HandoffStateInvalid) for result in results) == 19
    assert (await at.now(handoff)).agent_id == reserved[0]
    assert await at.story(handoff) == f"QUEUED, RESERVED {reserved[0]}"


async def test_the_same_accept_twenty_times_at_once_is_one(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    accepting = [
        asyncio.create_task(at.desk.accept(write("take-1"), handoff.id, "els", wait=LONG)) for _ in range(20)
    ]
    while (await at.now(handoff)).state is not RESERVED:
        await asyncio.sleep(0.01)
    await at.desk.confirm_owner(TENANT, handoff.id, 2)
    assert {one.state for one in await asyncio.gather(*accepting)} == {ACCEPTED}
    assert await at.story(handoff) == "QUEUED, OFFERED els, RESERVED els, ACCEPTED els"


async def test_one_agent_who_accepts_many_at_once_gets_as_many_as_they_may(at: Desks) -> None:
    await at.agent("els", queues=(), chats=3)
    waiting = [await at.ask(f"talk-{number}") for number in range(12)]
    results = await asyncio.gather(
        *(at.desk.accept(write(), one.id, "els", wait=timedelta(0)) for one in waiting),
        return_exceptions=True,
    )
    assert sum(isinstance(result, OwnerNotConfirmed) for result in results) == 3
    assert sum(isinstance(result, AgentAtCapacity) for result in results) == 9
    assert (await at.staff.agent(TENANT, "els")).open_chats == 3


@pytest.mark.parametrize(("step", "state"), [(Step.RELEASE, RELEASED), (Step.RESOLVE, RESOLVED)])
async def test_giving_back_waits_for_the_gateway(at: Desks, step: Step, state: HandoffState) -> None:
    await at.agent("els")
    handoff = await at.take(await at.ask("talk"), "els")
    ending = asyncio.create_task(
        at.desk.give_back(write(), handoff.id, Ending(step, outcome="solved"), agent_id="els", wait=LONG)
    )
    while (await at.now(handoff)).state is not state:
        await asyncio.sleep(0.01)
    await at.desk.confirm_owner(
        TENANT, handoff.id, 2
    )  # a late repetition of the agent's: says nothing of the bot
    await asyncio.sleep(0.05)
    assert not ending.done()
    await at.desk.confirm_owner(TENANT, handoff.id, 3)
    ended = await ending
    assert (ended.state, ended.owner_confirmed, ended.outcome) == (state, True, "solved")
    assert (await at.story(handoff)).endswith(f"ACCEPTED els, {state.name} els, OWNER_RETURNED els")


async def test_giving_back_without_a_gateway_can_be_repeated(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.take(await at.ask("talk"), "els")
    with pytest.raises(OwnerNotConfirmed):
        await at.desk.give_back(
            write("end-1"), handoff.id, Ending(Step.RELEASE), agent_id="els", wait=NOT_LONG
        )
    await at.desk.confirm_owner(TENANT, handoff.id, 3)
    again = await at.desk.give_back(
        write("end-1"), handoff.id, Ending(Step.RELEASE), agent_id="els", wait=NOT_LONG
    )
    assert again.owner_confirmed


async def test_only_who_has_it_gives_it_back(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.take(await at.ask("talk"), "els")
    with pytest.raises(HandoffOfAnotherAgent):
        await at.desk.give_back(write(), handoff.id, Ending(Step.RELEASE), agent_id="jan", wait=NOT_LONG)
    assert (await at.end(handoff)).state is RELEASED  # for a service or an administrator
    with pytest.raises(HandoffStateInvalid):
        await at.end(handoff)


async def test_a_freed_place_draws_the_next_at_once(at: Desks) -> None:
    await at.agent("els", chats=1)
    chat = await at.take(await at.ask("first"), "els")
    second, third = await at.ask("second"), await at.ask("third")
    assert (await at.now(second)).state is QUEUED
    await at.end(chat)
    assert (await at.now(second)).state is OFFERED
    await at.desk.cancel(write(), second.id)
    assert (await at.now(third)).state is OFFERED


async def test_a_higher_maximum_draws_at_once(at: Desks) -> None:
    await at.agent("els", chats=1)
    await at.ask("first")
    second = await at.ask("second")
    await at.agent("els", chats=2, presence=None)
    assert (await at.now(second)).state is OFFERED


async def test_draws_no_more_than_there_are_places_left(at: Desks) -> None:
    await at.agent("els", chats=3)
    for name in ("first", "second"):
        await at.take(await at.ask(name), "els")
    await at.presence("els", AWAY)
    waiting = [await at.ask(f"waiting-{number}") for number in range(3)]
    assert (await at.presence("els", ONLINE)).open_chats == 3
    assert [(await at.now(one)).state for one in waiting] == [OFFERED, QUEUED, QUEUED]


async def test_goes_to_who_has_been_idle_longest(at: Desks) -> None:
    for name in ("els", "jan"):
        await at.agent(name)
        at.clock.forward(seconds=1)
    chat = await at.take(await at.ask("first"), "els")
    at.clock.forward(seconds=1)
    await at.end(chat)
    assert (await at.ask("second", contact="bea")).agent_id == "jan"


async def test_speaks_the_contacts_language(at: Desks) -> None:
    await at.agent("els", languages=("nl",))
    await at.agent("hans", languages=("de",), chats=1)
    assert (await at.ask("german", language="de-AT")).agent_id == "hans"
    assert (await at.ask("also german", language="de")).state is QUEUED


async def test_is_as_it_was_after_a_restart(database_url: str) -> None:
    async with desks(database_url) as before:
        await before.queue()
        await before.agent("els", chats=2)
        chat = await before.take(await before.ask("chat"), "els")
        coming = await before.reserve(await before.ask("coming"), "els")
        waiting = await before.ask("waiting")
        stories = [await before.story(one) for one in (chat, coming, waiting)]
    async with desks(database_url, before.clock) as after:
        assert states_of(await after.all()) == {"chat": ACCEPTED, "coming": RESERVED, "waiting": QUEUED}
        assert [await after.story(one) for one in (chat, coming, waiting)] == stories
        assert (await after.staff.agent(TENANT, "els")).open_chats == 2
        assert (await after.desk.confirm_owner(TENANT, coming.id, 2)).state is ACCEPTED
        await after.end(chat)
        assert (await after.now(waiting)).state is OFFERED


async def test_tenants_do_not_see_each_other(at: Desks) -> None:
    await at.agent("els")
    other = write(tenant="acme")
    with pytest.raises(QueueNotFound):
        await at.desk.request(other, asked("talk"))
    handoff = await at.ask("talk")
    with pytest.raises(HandoffNotFound):
        await at.desk.get("acme", handoff.id)
    assert (await at.staff.agents("acme", after="", size=10)) == ([], "")
    assert await at.log.head("acme", "handoffs") == 0


async def test_every_change_is_one_event(at: Desks) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    await at.desk.reject(write(), handoff.id, "els")
    await at.end(await at.take(handoff, "els"))
    ended: Handoff = await at.desk.confirm_owner(TENANT, handoff.id, 3)
    told = await at.events(handoff)
    assert [event.revision for event in told] == list(range(1, ended.revision + 1))
    assert told[-1].state is ended.state
    assert len({event.id for event in told}) == len(told)
    assert {(event.conversation_id, event.queue_id) for event in told} == {("talk", "desk")}
