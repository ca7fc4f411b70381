"""What waits is drawn by skills, time and acquaintance, on a real database: also out of long lines."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.handoff.desks import TENANT, Desks, asked, write

from balie.handoff.domain import Handoff, HandoffState
from balie.handoff.machine import Step
from balie.handoff.staffing.profiles import AgentProfile, Presence, QueueProfile
from balie.handoff.staffing.skills import Relaxation, Ring, Wanted

BOATS = (Wanted("boats", 3),)


async def queue(at: Desks, **values: object) -> None:
    await at.staff.put_queue(write(), QueueProfile("desk", "Desk", max_wait=timedelta(hours=1), **values))  # type: ignore[arg-type]


async def agent(at: Desks, name: str, chats: int = 1, **skills: int) -> None:
    await at.staff.put_agent(write(), AgentProfile(name, name, ("desk",), (), chats, skills))
    await at.presence(name, Presence.ONLINE)


async def ask(at: Desks, conversation: str, **values: object) -> Handoff:
    given = replace(asked(conversation), **values)  # type: ignore[arg-type]
    return await at.desk.request(write(), given)


async def test_waits_for_the_skill_and_then_for_less(at: Desks) -> None:
    rings = (
        Ring(timedelta(minutes=2), (Relaxation.SKILL_LEVELS,)),
        Ring(timedelta(minutes=5), (Relaxation.SKILLS,)),
    )
    await queue(at, rings=rings)
    await agent(at, "els", boats=1)
    await agent(at, "jan")
    handoff = await ask(at, "talk", skills=BOATS)
    assert (handoff.state, handoff.asked.skills) == (HandoffState.QUEUED, BOATS)
    at.clock.forward(seconds=119)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).state is HandoffState.QUEUED
    at.clock.forward(seconds=1)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).agent_id == "els"
    await at.desk.reject(write(), handoff.id, "els")
    assert (await at.now(handoff)).agent_id == "els"  # jan cannot, and there is nobody else
    at.clock.forward(minutes=3)
    await at.desk.reject(write(), handoff.id, "els")
    assert (await at.now(handoff)).agent_id == "jan"


async def test_a_queue_may_ask_anyone_at_last(at: Desks) -> None:
    await queue(at, rings=(Ring(timedelta(minutes=1), (Relaxation.QUEUE, Relaxation.LANGUAGE)),))
    await at.queue("tickets")
    await at.agent("piet", queues=("tickets",), languages=("de",))
    handoff = await at.ask("talk")
    assert handoff.state is HandoffState.QUEUED
    at.clock.forward(minutes=1)
    await at.sweeper.sweep()
    assert (await at.now(handoff)).agent_id == "piet"


async def test_an_old_wait_outgrows_a_higher_priority(at: Desks) -> None:
    await queue(at, priority_per_minute=1.0)
    old = await at.ask("old")
    at.clock.forward(minutes=6)
    urgent = await at.ask("urgent", priority=5)
    assert [(await at.now(one)).position for one in (old, urgent)] == [1, 2]
    at.clock.forward(minutes=1)
    more = await at.ask("more", priority=9)
    assert [(await at.now(one)).position for one in (old, urgent, more)] == [2, 3, 1]
    await agent(at, "els", chats=2)
    assert [(await at.now(one)).agent_id for one in (old, urgent, more)] == ["els", "", "els"]


async def test_a_contact_comes_to_the_agent_they_had_last(at: Desks) -> None:
    await agent(at, "els", chats=3)
    await agent(at, "jan", chats=3)
    first = await at.take(await ask(at, "first", contact_id="anna"), "els")
    await at.end(first, Step.RESOLVE)
    await at.take(await ask(at, "other", contact_id="piet"), "els")
    at.clock.forward(hours=23)
    again = await ask(at, "second", contact_id="anna")
    assert (again.preferred_agent_id, again.agent_id) == ("els", "els")  # although jan has fewer chats
    stranger = await ask(at, "third", contact_id="kees")
    assert (stranger.preferred_agent_id, stranger.agent_id) == ("", "jan")


async def test_an_acquaintance_fades_and_can_be_switched_off(at: Desks) -> None:
    await agent(at, "els", chats=3)
    await at.end(await at.take(await ask(at, "first", contact_id="anna"), "els"))
    at.clock.forward(hours=25)
    assert (await ask(at, "second", contact_id="anna")).preferred_agent_id == ""
    await at.end(await at.take(await ask(at, "third", contact_id="bea"), "els"))
    await queue(at, last_agent_window=timedelta(0))
    assert (await ask(at, "fourth", contact_id="bea")).preferred_agent_id == ""


@pytest.mark.parametrize("behind", [10, 130])
async def test_a_long_line_that_nobody_can_serve_hides_nobody_behind_it(at: Desks, behind: int) -> None:
    await queue(at)
    for number in range(behind):
        await ask(at, f"boats-{number}", skills=BOATS, priority=1)
    last = await ask(at, "plain")
    await agent(at, "els")
    assert (await at.now(last)).agent_id == "els"
    await agent(at, "skipper", boats=3)
    served = [one for one in await at.all() if one.agent_id == "skipper"]
    assert [one.asked.conversation_id for one in served] == ["boats-0"]


async def test_what_the_policy_wants_is_wanted_of_the_agent(at: Desks) -> None:
    from tests.unit.handoff.routing.inputs import inputs

    from balie.handoff.routing.policy import Policy
    from balie.handoff.routing.turns import Turn

    rules = b"version: s\nrules:\n  - name: boats\n    when: {channels: web}\n    escalate:\n      skills: [{name: boats, level: 3}, {name: german, preferred: true}]\n"
    at.policies.current = Policy.parse(rules, "policy")
    _, handoff = await at.router.route(TENANT, Turn("turn-1", "talk", "anna", "web", "nl", inputs()))
    assert handoff is not None
    assert handoff.asked.skills == (Wanted("boats", 3), Wanted("german", is_preferred=True))
