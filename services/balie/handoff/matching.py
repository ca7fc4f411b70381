"""Who gets which handoff: a pure function from those that wait and those who are free to offers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from balie.handoff.domain import ANY_LANGUAGE
from balie.handoff.staffing.profiles import Agent, AgentOrder
from balie.handoff.staffing.skills import Relaxation, Wanted, shortfall, suffice

_WHOLE = 1 - 1e-9  # a place for a whole chat; weights are decimal fractions, and five of 0.2 are one


@dataclass(frozen=True, slots=True)
class Waiting:
    """A handoff that waits and is offered to nobody.

    Attributes:
        id: names it; breaks ties.
        queue_id: where it waits.
        language: what its contact writes, `und` when nobody knows.
        priority: higher goes first; grown by its queue's ageing.
        created_at: longer waiting goes first.
        passed_agent_ids: who let it pass before, longest ago first.
        skills: what is wanted of an agent.
        relaxed: what of all that is wanted no longer matters.
        preferred_agent_id: who had the contact last, a short while ago; empty when nobody had.
        wanted_agent_id: the only agent it may be offered to now, whatever else is wanted; empty when there is no such.
        agent_order: who gets it of those who fit equally well.
    """

    id: str
    queue_id: str
    language: str
    priority: float
    created_at: datetime
    passed_agent_ids: tuple[str, ...] = ()
    skills: tuple[Wanted, ...] = ()
    relaxed: frozenset[Relaxation] = frozenset()
    preferred_agent_id: str = ""
    wanted_agent_id: str = ""
    agent_order: AgentOrder = AgentOrder.WEIGHTED_CAPACITY


@dataclass(frozen=True, slots=True)
class Free:
    """An agent who is online.

    Attributes:
        id: names them; breaks ties.
        queue_ids: queues they work for.
        languages: what they write; empty means any.
        spare: weight of the chats they may still be given, each of which weighs 1.
        load: what the chats they have weigh, offers included.
        capacity: what they may weigh at most.
        idle_since: since when they had nothing new to do.
        skills: their levels by name.
    """

    id: str
    queue_ids: frozenset[str]
    languages: tuple[str, ...]
    spare: float
    load: float
    capacity: float
    idle_since: datetime
    skills: Mapping[str, int] = field(default_factory=dict)


def free_of(agent: Agent) -> Free:
    """Returns an agent as the matcher sees them."""
    profile = agent.profile
    return Free(
        id=agent.id,
        queue_ids=frozenset(profile.queue_ids),
        languages=profile.languages,
        spare=agent.spare,
        load=agent.load,
        capacity=profile.max_chats,
        idle_since=agent.idle_since,
        skills=profile.skills,
    )


@dataclass(frozen=True, slots=True)
class Pairing:
    """An offer to make."""

    handoff_id: str
    agent_id: str


def pair(waiting: Iterable[Waiting], agents: Iterable[Free]) -> Iterator[Pairing]:
    """Yields the offers to make, in the order in which the handoffs' turns come.

    Higher priority first, then longest waiting. Each goes to an agent who fits it and has a place left: to the one who had
    the contact last, else the one who falls least short of the skills wanted, of those the one that its queue's
    order of agents puts first. Who let it pass gets it again only when no other fits, and then the one who did so longest ago.
    """
    free = {agent.id: agent for agent in agents if agent.spare >= _WHOLE}
    for one in sorted(waiting, key=_turn):
        if not free:
            return
        fitting = [agent for agent in free.values() if fits(one, agent)]
        if not fitting:
            continue
        chosen = min(fitting, key=lambda agent: _preference(one, agent))
        yield Pairing(one.id, chosen.id)
        left = replace(chosen, spare=chosen.spare - 1, load=chosen.load + 1)
        if left.spare >= _WHOLE:
            free[left.id] = left
        else:
            del free[left.id]


def fits(one: Waiting, agent: Free) -> bool:
    """Tells whether a handoff may be offered to an agent, their capacity aside."""
    if one.wanted_agent_id:
        return one.wanted_agent_id == agent.id
    return (
        (one.queue_id in agent.queue_ids or Relaxation.QUEUE in one.relaxed)
        and (Relaxation.LANGUAGE in one.relaxed or writes(agent.languages, one.language))
        and suffice(agent.skills, one.skills, one.relaxed)
    )


def writes(languages: Sequence[str], language: str) -> bool:
    """Tells whether somebody who writes `languages`, any when there are none, writes `language`.

    Regions are not looked at: who writes `nl-BE` reads `nl`. A language nobody knows is everybody's.
    """
    known = _primary(language)
    return not languages or known == ANY_LANGUAGE or any(_primary(one) == known for one in languages)


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _turn(one: Waiting) -> tuple[float, datetime, str]:
    return -one.priority, one.created_at, one.id


def _preference(one: Waiting, agent: Free) -> tuple[object, ...]:
    passed = one.passed_agent_ids
    last = passed.index(agent.id) + 1 if agent.id in passed else 0
    return (
        last,
        agent.id != one.preferred_agent_id,
        not writes(agent.languages, one.language),
        one.queue_id not in agent.queue_ids,
        shortfall(agent.skills, one.skills),
        *_order(one.agent_order, agent),
        agent.id,
    )


def _order(order: AgentOrder, agent: Free) -> tuple[float, datetime] | tuple[datetime, float]:
    match order:
        case AgentOrder.LONGEST_IDLE:
            return agent.idle_since, agent.load
        case AgentOrder.HIGHEST_SPARE:
            return -agent.spare, agent.idle_since
        case AgentOrder.WEIGHTED_CAPACITY:
            return agent.load / agent.capacity, agent.idle_since
