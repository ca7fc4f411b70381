"""Skills: what an agent can, what a handoff wants, and what is wanted less the longer somebody waits. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

LEVELS = (1, 5)
"""Least and greatest level of a skill."""


class Relaxation(IntEnum):
    """What no longer matters once somebody has waited long enough."""

    PREFERRED_SKILLS = 1
    """Skills that are only preferred."""
    SKILL_LEVELS = 2
    """How well an agent masters a skill; it is enough to have it."""
    SKILLS = 3
    """All skills."""
    LANGUAGE = 4
    """The contact's language."""
    QUEUE = 5
    """Which queues an agent works for: anyone at the desk will do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A skill that a handoff wants of its agent.

    Attributes:
        name: names it.
        level: least level, 1 to 5.
        is_preferred: wanted until PREFERRED_SKILLS is relaxed; one that is not is wanted until SKILLS is.
    """

    name: str
    level: int = 1
    is_preferred: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """What is relaxed from a waiting time on.

    Attributes:
        after: since the handoff was asked for.
        relaxations: what no longer matters, beside that of earlier rings.
    """

    after: timedelta
    relaxations: tuple[Relaxation, ...]


def relaxed(rings: Iterable[Ring], waited: timedelta) -> frozenset[Relaxation]:
    """Returns what no longer matters for somebody who has waited so long."""
    return frozenset(one for ring in rings if ring.after <= waited for one in ring.relaxations)


def suffice(skills: Mapping[str, int], wanted: Iterable[Wanted], without: frozenset[Relaxation]) -> bool:
    """Tells whether an agent's skills, levels by name, are enough for what is wanted and not relaxed."""
    if Relaxation.SKILLS in without:
        return True
    for one in wanted:
        if one.is_preferred and Relaxation.PREFERRED_SKILLS in without:
            continue
        least = LEVELS[0] if Relaxation.SKILL_LEVELS in without else one.level
        if skills.get(one.name, 0) < least:
            return False
    return True


def shortfall(skills: Mapping[str, int], wanted: Iterable[Wanted]) -> int:
    """Returns by how many levels an agent falls short of all that is wanted, preferred or not: 0 when by none."""
    return sum(max(0, one.level - skills.get(one.name, 0)) for one in wanted)
