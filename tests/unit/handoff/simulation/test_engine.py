"""What is played to the desk, and what the desk makes of it: contacts one by one, with times that can be told by hand."""

import asyncio
import math
from datetime import timedelta
from heapq import heapreplace

import pytest

from balie.handoff.clocks import Promises
from balie.handoff.simulation.demand import Always, Contact, Demand, Exponential, Mix, Times, poisson
from balie.handoff.simulation.engine import Desks, Simulation
from balie.handoff.simulation.record import Fate, Record
from balie.handoff.staffing.profiles import AgentProfile, BreachAction, QueueProfile, WaitAction
from balie.handoff.staffing.skills import Relaxation, Ring, Wanted

ANSWERED, LEFT, MESSAGE_TAKEN, CALL_BACK = Fate.ANSWERED, Fate.LEFT, Fate.MESSAGE_TAKEN, Fate.CALL_BACK


def contact(
    number: int, at: float, handle: float = 100, patience: float = math.inf, **more: object
) -> Contact:
    return Contact(number, at, handle, patience, "desk", **more)  # type: ignore[arg-type]


def agent(name: str, chats: int = 1, skills: tuple[str, ...] = ()) -> AgentProfile:
    return AgentProfile(name, name, ("desk",), (), chats, dict.fromkeys(skills, 1))


def play(
    *contacts: Contact,
    agents: tuple[AgentProfile, ...] = (agent("els"),),
    reaction: Times | None = None,
    **queue: object,
) -> Record:
    profile = QueueProfile("desk", "Desk", **queue)  # type: ignore[arg-type]
    return asyncio.run(Simulation(Desks((profile,), agents, reaction), iter(contacts)).run())


def told(record: Record) -> list[tuple[Fate, float, str]]:
    return [(one.fate, round(one.waited, 3), one.agent_id) for one in record.askings]


def test_who_comes_first_is_answered_first() -> None:
    record = play(contact(0, 10), contact(1, 20, handle=50), contact(2, 200))
    assert told(record) == [(ANSWERED, 0, "els"), (ANSWERED, 90, "els"), (ANSWERED, 0, "els")]
    assert [(one.at, one.taken_at, one.handled) for one in record.askings] == [
        (10, 10, 100), (20, 110, 50), (200, 200, 100),
    ]  # fmt: skip
    assert (record.offers, record.missed) == (3, 0)


def test_an_agent_has_as_many_chats_as_they_may() -> None:
    record = play(*(contact(number, number) for number in range(3)), agents=(agent("els", chats=2),))
    assert [one.waited for one in record.askings] == [0, 0, 98]


def test_who_has_no_patience_leaves() -> None:
    record = play(contact(0, 0), contact(1, 1, patience=30), contact(2, 2))
    assert told(record) == [(ANSWERED, 0, "els"), (LEFT, 30, ""), (ANSWERED, 98, "els")]


def test_of_who_waits_too_long_a_message_is_taken() -> None:
    record = play(contact(0, 0, handle=700), contact(1, 1), max_wait=timedelta(minutes=5))
    assert told(record)[1] == (MESSAGE_TAKEN, 300, "")


def test_who_is_called_back_is_answered_later() -> None:
    record = play(
        contact(0, 0, handle=700),
        contact(1, 1, patience=2000),
        max_wait=timedelta(minutes=5),
        when_timed_out=WaitAction.CALL_BACK,
        call_back_within=timedelta(minutes=10),
    )
    assert told(record)[1] == (CALL_BACK, 300, "els")
    assert record.askings[1].taken_at == pytest.approx(700, abs=301)
    assert record.askings[1].handled == 100


def test_an_offer_that_is_let_pass_goes_to_another() -> None:
    record = play(
        contact(0, 0.25),
        agents=(agent("els"), agent("jan")),
        reaction=Always(40),
        offer_timeout=timedelta(seconds=30),
        max_wait=timedelta(minutes=3),
    )
    assert told(record)[0][0] is MESSAGE_TAKEN
    assert (record.offers, record.missed) == (6, 5)


def test_agents_take_their_time_to_accept() -> None:
    assert told(play(contact(0, 0), reaction=Always(8))) == [(ANSWERED, 8, "els")]


def test_skills_are_wanted_until_they_are_no_longer() -> None:
    rings = (Ring(timedelta(minutes=1), (Relaxation.SKILLS,)),)
    boats = (Wanted("boats"),)
    agents = (agent("els"), agent("skipper", skills=("boats",)))
    record = play(contact(0, 0, skills=boats), contact(1, 1, skills=boats), agents=agents, rings=rings)
    assert told(record) == [(ANSWERED, 0, "skipper"), (ANSWERED, 60, "els")]


def test_long_chats_are_left_alone_and_promises_are_kept_by_the_first_words() -> None:
    """A chat of an hour would be taken from a silent agent, and a broken promise would move it elsewhere."""
    record = play(
        contact(0, 0, handle=3600),
        promises=Promises(first_reply=timedelta(minutes=1)),
        on_breach=BreachAction(priority=5),
    )
    assert told(record) == [(ANSWERED, 0, "els")]
    assert record.askings[0].handled == 3600


def test_everybody_is_told_of_and_has_an_end() -> None:
    demand = Demand(
        poisson(0.08, 3600), Exponential(100), Mix({"desk": 1}), Exponential(60), skills={"boats": 0.3}
    )
    desks = Desks(
        (QueueProfile("desk", "Desk", max_wait=timedelta(minutes=2)),),
        (agent("els", 2), agent("skipper", 2, ("boats",))),
        Exponential(10),
    )
    asked: list[int] = []
    record = asyncio.run(Simulation(desks, demand.contacts(1)).run(lambda one: asked.append(one.number)))
    assert asked == list(range(len(record.askings)))
    assert {one.fate for one in record.askings} == {ANSWERED, LEFT, MESSAGE_TAKEN}
    busy = [(one.taken_at, one.taken_at + one.handled) for one in record.askings if one.agent_id]
    assert max(sum(start <= at < end for start, end in busy) for at, _ in busy) <= 4
    again = asyncio.run(Simulation(desks, demand.contacts(1)).run())
    assert told(again) == told(record)


def first_come_first_served(contacts: list[Contact], agents: int) -> list[tuple[Fate, float]]:
    """Returns what becomes of contacts when the next agent who is free takes the next one who is still there."""
    free = [0.0] * agents
    found = []
    for one in contacts:
        start = max(one.at, free[0])
        if start - one.at > one.patience:
            found.append((LEFT, one.patience))
        else:
            heapreplace(free, start + one.handle)
            found.append((ANSWERED, start - one.at))
    return found


@pytest.mark.parametrize(("agents", "patience"), [(1, None), (3, None), (7, Exponential(100))])
def test_a_desk_of_agents_who_are_alike_serves_who_comes_first(agents: int, patience: Times | None) -> None:
    demand = Demand(poisson(agents / 120, 60_000 / agents), Exponential(110), Mix({"desk": 1}), patience)
    contacts = list(demand.contacts(1))
    record = play(
        *contacts,
        agents=tuple(agent(f"agent-{place}") for place in range(agents)),
        max_wait=timedelta(days=7),
    )
    expected = first_come_first_served(contacts, agents)
    assert [one.fate for one in record.askings] == [fate for fate, _ in expected]
    assert [one.waited for one in record.askings] == pytest.approx([waited for _, waited in expected])
