"""Who gets which handoff: from those that wait and those who are free to offers.

The free are grouped by what decides whether they fit, and sorted within each group: the best one for a handoff is found by
looking at the first of a few groups, however many agents there are.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from balie.handoff.matching import (
    Free,
    Precedence,
    Waiting,
    fits,
    precedence,
    primary,
    remoteness,
    turn,
)
from balie.handoff.staffing.profiles import AgentOrder
from balie.handoff.staffing.skills import Relaxation, Wanted

_DEMANDS = 1000
"""How many kinds of what is wanted are remembered with the groups that suit them."""

_Likeness = tuple[frozenset[str], frozenset[str], frozenset[tuple[str, int]]]
_Demand = tuple[str, str, tuple[Wanted, ...], frozenset[Relaxation]]


@dataclass(frozen=True, slots=True)
class Pairing:
    """An offer to make."""

    handoff_id: str
    agent_id: str


class _Group:
    """The free who fit the same handoffs equally well.

    Args:
        like: one of them, who stands for all.
    """

    def __init__(self, like: Free) -> None:
        self.like = like
        self._members: dict[str, Free] = {}
        self._lines: dict[AgentOrder, list[Precedence]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def put(self, agent: Free) -> None:
        before = self._members.get(agent.id)
        self._members[agent.id] = agent
        for order, line in self._lines.items():
            if before is not None:
                _cut(line, precedence(before, order))
            insort(line, precedence(agent, order))

    def drop(self, agent_id: str) -> None:
        agent = self._members.pop(agent_id)
        for order, line in self._lines.items():
            _cut(line, precedence(agent, order))

    def first(self, order: AgentOrder, without: tuple[str, ...]) -> Precedence | None:
        """Returns the first of them who is none of `without`, None when there is nobody."""
        return next((place for place in self.all(order) if place[-1] not in without), None)

    def all(self, order: AgentOrder) -> list[Precedence]:
        """Returns all of them in an order."""
        line = self._lines.get(order)
        if line is None:
            line = self._lines[order] = sorted(precedence(one, order) for one in self._members.values())
        return line


def _cut(line: list[Precedence], place: Precedence) -> None:
    del line[bisect_left(line, place)]


class Roster:
    """The agents who are online and have a place left.

    To find the best one for a handoff takes as long as there are groups of agents with the same queues, languages and
    skills, and no longer with more agents in them; to change one takes the logarithm of their number.
    """

    def __init__(self, agents: Iterable[Free] = ()) -> None:
        self._free: dict[str, Free] = {}
        self._group_of: dict[str, _Group] = {}
        self._groups: dict[_Likeness, _Group] = {}
        self._suited: dict[_Demand, list[list[_Group]]] = {}
        self.places = 0
        for agent in agents:
            self.put(agent)

    def __bool__(self) -> bool:
        return bool(self._free)

    def put(self, agent: Free) -> None:
        """Takes an agent in as they are now, in place of how they were; one without a place is left out."""
        before = self._free.get(agent.id)
        if not agent.places:
            self.drop(agent.id)
            return
        group = self._group_of[agent.id] if before is not None and _alike(before, agent) else None
        if group is None:
            self.drop(agent.id)
            group = self._group_of[agent.id] = self._group(agent)
            before = None
        self.places += agent.places - (before.places if before else 0)
        self._free[agent.id] = agent
        group.put(agent)

    def drop(self, agent_id: str) -> None:
        """Leaves an agent out, if they are in."""
        before = self._free.pop(agent_id, None)
        if before is not None:
            self.places -= before.places
            self._group_of.pop(agent_id).drop(agent_id)

    def suits(self, one: Waiting) -> bool:
        """Tells whether somebody fits a handoff."""
        if one.wanted_agent_id:
            return one.wanted_agent_id in self._free
        return any(group for tier in self._tiers(one) for group in tier)

    def best(self, one: Waiting) -> Free | None:
        """Returns who should get a handoff, None when nobody fits.

        The one who had the contact last, else the one nearest to what is wanted, of those the first in the handoff's order.
        Who let it pass gets it again only when no other fits, and then the one who did so longest ago. One that is wanted of
        an agent is theirs, or nobody's.
        """
        if one.wanted_agent_id:
            return self._free.get(one.wanted_agent_id)
        passed = one.passed_agent_ids
        known = self._free.get(one.preferred_agent_id)
        if known is not None and known.id not in passed and fits(one, known):
            return known
        for tier in self._tiers(one):
            places = [place for group in tier if group and (place := group.first(one.order, passed))]
            if places:
                return self._free[min(places)[-1]]
        again = (self._free[agent_id] for agent_id in passed if agent_id in self._free)
        return next((agent for agent in again if fits(one, agent)), None)

    def candidates(self, one: Waiting, limit: int | None) -> list[Free]:
        """Returns who may be offered a handoff, in the order in which `best` would choose them, at most `limit`."""
        if one.wanted_agent_id:
            wanted = self._free.get(one.wanted_agent_id)
            return [] if wanted is None else [wanted]
        passed = one.passed_agent_ids
        found: dict[str, Free] = {}
        best = self.best(one)
        if best is not None:
            found[best.id] = best
        for tier in self._tiers(one):
            places = sorted(
                place for group in tier for place in group.all(one.order) if place[-1] not in passed
            )
            found |= {place[-1]: self._free[place[-1]] for place in places if place[-1] not in found}
        again = (self._free[agent_id] for agent_id in passed if agent_id in self._free)
        found |= {agent.id: agent for agent in again if fits(one, agent) and agent.id not in found}
        return list(islice(found.values(), limit))

    def _group(self, agent: Free) -> _Group:
        likeness = (
            agent.queue_ids,
            frozenset(primary(language) for language in agent.languages),
            frozenset(agent.skills.items()),
        )
        group = self._groups.get(likeness)
        if group is None:
            group = self._groups[likeness] = _Group(agent)
            self._suited.clear()
        return group

    def _tiers(self, one: Waiting) -> list[list[_Group]]:
        """Returns the groups that fit a handoff, nearest first, those equally near together."""
        demand = (one.queue_id, primary(one.language), one.skills, one.relaxed)
        tiers = self._suited.get(demand)
        if tiers is None:
            by_remoteness: dict[tuple[bool, bool, int], list[_Group]] = {}
            for group in self._groups.values():
                if fits(one, group.like):
                    by_remoteness.setdefault(remoteness(one, group.like), []).append(group)
            if len(self._suited) >= _DEMANDS:
                self._suited.clear()
            tiers = self._suited[demand] = [by_remoteness[key] for key in sorted(by_remoteness)]
        return tiers


def _alike(one: Free, other: Free) -> bool:
    return (one.queue_ids, one.languages, one.skills) == (other.queue_ids, other.languages, other.skills)


def pair(waiting: Iterable[Waiting], roster: Roster) -> list[Pairing]:
    """Returns the offers to make, in the order in which the handoffs' turns come; the roster is afterwards as it was.

    Higher priority first, then longest waiting. Each goes to `Roster.best` of those who have a place left.
    """
    made: list[Pairing] = []
    before: list[Free] = []
    for one in sorted(waiting, key=turn):
        if not roster:
            break
        chosen = roster.best(one)
        if chosen is not None:
            made.append(Pairing(one.id, chosen.id))
            before.append(chosen)
            roster.put(chosen.with_one_more())
    for agent in reversed(before):
        roster.put(agent)
    return made
