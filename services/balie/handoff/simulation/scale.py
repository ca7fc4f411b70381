"""What it costs to find the agent for a handoff, the more agents there are."""

import time
from collections import deque
from datetime import UTC, datetime, timedelta
from random import Random

from balie.handoff.matching import Free, Waiting
from balie.handoff.pairing import Roster, pair
from balie.handoff.staffing.skills import Wanted

QUEUES = ("service", "sales", "complaints", "webshop")
LANGUAGES = (("nl",), ("nl", "en"), ("nl", "en", "de"))
SKILLS = ("refunds", "groups")
PLACES = 3

_NOW = datetime(2025, 1, 1, tzinfo=UTC)


def matching_seconds(agents: int, handoffs: int, *, seed: int = 1) -> float:
    """Returns how long it takes to find the agent of a handoff, seconds on average, with half of all places taken.

    Agents work for one or two of four queues, in one of three sets of languages, with any of two skills. Each handoff that is
    given away lets the one that was given away longest ago end.

    Args:
        agents: how many are online.
        handoffs: how many are given away.
        seed: of the chance by which agents and handoffs are drawn.
    """
    chance = Random(seed)  # noqa: S311  nothing is kept secret here
    free = {one.id: one for one in (_agent(number, chance) for number in range(agents))}
    roster, taken = Roster(free.values()), deque[str]()
    spent = 0.0
    for number in range(handoffs + agents * PLACES // 2):
        is_measured = number >= agents * PLACES // 2
        one = _handoff(number, chance)
        begun = time.process_time()
        made = pair([one], roster)
        if is_measured:
            spent += time.process_time() - begun
        for pairing in made:
            taken.append(pairing.agent_id)
            _change(free, roster, pairing.agent_id, +1, number)
        if taken and (is_measured or not made):
            _change(free, roster, taken.popleft(), -1, number)
    return spent / handoffs


def _agent(number: int, chance: Random) -> Free:
    return Free(
        id=f"agent-{number:05}",
        queue_ids=frozenset(chance.sample(QUEUES, chance.choice([1, 2]))),
        languages=chance.choice(LANGUAGES),
        spare=PLACES,
        load=0,
        idle_since=_NOW + timedelta(seconds=number),
        skills={skill: 3 for skill in SKILLS if chance.random() < 0.5},
    )


def _handoff(number: int, chance: Random) -> Waiting:
    return Waiting(
        id=f"{number:09}",
        queue_id=chance.choice(QUEUES),
        language=chance.choice(["nl", "nl", "nl", "en", "de"]),
        priority=0,
        created_at=_NOW,
        skills=tuple(Wanted(skill) for skill in SKILLS if chance.random() < 0.2),
    )


def _change(free: dict[str, Free], roster: Roster, agent_id: str, chats: int, number: int) -> None:
    """Gives an agent a chat more or less, as the desk does after an offer and an end."""
    before = free[agent_id]
    idle = before.idle_since if chats > 0 else _NOW + timedelta(days=1, seconds=number)
    after = Free(
        before.id,
        before.queue_ids,
        before.languages,
        before.spare - chats,
        before.load + chats,
        idle,
        before.skills,
    )
    free[agent_id] = after
    roster.put(after)
