"""Who may get which handoff, and who before whom: what is compared of those that wait and those who are free. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from balie.handoff.domain import ANY_LANGUAGE, Handoff
from balie.handoff.staffing.profiles import Agent, AgentOrder, QueueProfile
from balie.handoff.staffing.skills import Relaxation, Wanted, relaxed, shortfall, suffice

_ROUNDING = 1e-9  # weights are decimal fractions, and five of 0.2 are one


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
        order: who gets it of those who fit equally well.
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
    order: AgentOrder = AgentOrder.WEIGHTED_CAPACITY


@dataclass(frozen=True, slots=True)
class Free:
    """An agent who is online.

    Attributes:
        id: names them; breaks ties.
        queue_ids: queues they work for.
        languages: what they write; empty means any.
        spare: weight that may still be added; a chat that is offered weighs 1.
        load: what the chats they have weigh, offers included.
        idle_since: since when they had nothing new to do.
        skills: their levels by name.
    """

    id: str
    queue_ids: frozenset[str]
    languages: tuple[str, ...]
    spare: float
    load: float
    idle_since: datetime
    skills: Mapping[str, int] = field(default_factory=dict)

    @property
    def places(self) -> int:
        """Returns how many chats they may still be given."""
        return max(0, int(self.spare + _ROUNDING))

    def with_one_more(self) -> "Free":
        """Returns the agent with one of their places taken."""
        return replace(self, spare=self.spare - 1, load=self.load + 1)


def free(agent: Agent) -> Free:
    """Returns an agent who is online, as far as it matters for what they are offered."""
    profile = agent.profile
    return Free(
        id=agent.id,
        queue_ids=frozenset(profile.queue_ids),
        languages=profile.languages,
        spare=agent.spare,
        load=agent.load,
        idle_since=agent.idle_since,
        skills=profile.skills,
    )


def waiting(handoff: Handoff, queue: QueueProfile, now: datetime) -> Waiting:
    """Returns a handoff of a queue as one that waits there now."""
    waited = now - handoff.created_at
    is_wanted = handoff.is_wanted_at(now)
    return Waiting(
        id=handoff.id,
        queue_id=queue.id,
        language=handoff.asked.language,
        priority=handoff.asked.priority + queue.priority_per_minute * (waited.total_seconds() / 60),
        created_at=handoff.created_at,
        passed_agent_ids=handoff.passed_agent_ids,
        skills=handoff.asked.skills,
        relaxed=relaxed(queue.rings, now - handoff.course.waiting_since),
        preferred_agent_id=handoff.preferred_agent_id,
        wanted_agent_id=handoff.wanted_agent_id if is_wanted else "",
        order=queue.agent_order,
    )


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
    known = primary(language)
    return not languages or known == ANY_LANGUAGE or any(primary(one) == known for one in languages)


def primary(language: str) -> str:
    """Returns a language without its region, in lower case."""
    return language.partition("-")[0].lower()


def turn(one: Waiting) -> tuple[float, datetime, str]:
    """Returns what says whose turn comes first, least first: higher priority, then longest waiting."""
    return -one.priority, one.created_at, one.id


def remoteness(one: Waiting, agent: Free) -> tuple[bool, bool, int]:
    """Returns how far an agent is from all that is wanted, relaxed or not: least is nearest."""
    return (
        not writes(agent.languages, one.language),
        one.queue_id not in agent.queue_ids,
        shortfall(agent.skills, one.skills),
    )


Precedence = tuple[float, datetime, str]


def precedence(agent: Free, order: AgentOrder) -> Precedence:
    """Returns what says who comes first of those who fit equally well, least first; its last part is their id."""
    if order is AgentOrder.LONGEST_IDLE:
        return 0.0, agent.idle_since, agent.id
    if order is AgentOrder.HIGHEST_SPARE:
        return float(-agent.places), agent.idle_since, agent.id
    whole = agent.load + agent.spare
    return agent.load / whole if whole else 0.0, agent.idle_since, agent.id
