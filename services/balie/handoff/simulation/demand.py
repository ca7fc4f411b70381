"""Who asks for a person, when, and for how long: all that is drawn by chance, before anything happens at the desk.

Everything about the contact of number n is drawn from streams of its own kind, so two desks that differ in their rules are tried with the
very same contacts.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from balie.handoff.domain import ANY_LANGUAGE
from balie.handoff.staffing.skills import Wanted


class Times(Protocol):
    """How long something takes, by chance."""

    @property
    def mean(self) -> float:
        """Returns the mean, seconds."""

    def draw(self, chance: Random) -> float:
        """Returns a time, seconds."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """Times that know no past: most are short, some long."""

    mean: float

    def draw(self, chance: Random) -> float:
        """Returns a time, seconds."""
        return chance.expovariate(1 / self.mean)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Times whose logarithm is normal, as those of calls and chats are measured to be (Brown et al. 2005, section 4).

    Attributes:
        mean: seconds.
        variation: standard deviation by mean.

    Source: Brown, Gans, Mandelbaum, Sakov, Shen, Zeltyn, Zhao: Statistical analysis of a telephone call center,
    Journal of the American Statistical Association 100 (2005).
    """

    mean: float
    variation: float = 1.0

    def draw(self, chance: Random) -> float:
        """Returns a time, seconds."""
        variance = math.log(1 + self.variation**2)
        return chance.lognormvariate(math.log(self.mean) - variance / 2, math.sqrt(variance))


@dataclass(frozen=True, slots=True)
class Always:
    """Times that are all the same."""

    mean: float

    def draw(self, chance: Random) -> float:
        """Returns the time, seconds."""
        return self.mean


@dataclass(frozen=True, slots=True)
class Mix:
    """One of several by chance.

    Attributes:
        shares: of each name, above 0; they need not add up to 1.
    """

    shares: dict[str, float]

    def draw(self, chance: Random) -> str:
        """Returns a name."""
        return chance.choices(list(self.shares), list(self.shares.values()))[0]


@dataclass(frozen=True, slots=True)
class Contact:
    """One who asks for a person.

    Attributes:
        number: counts them from 0.
        at: when they ask, seconds from the beginning.
        handle: how long a person needs for them, seconds.
        patience: how long they wait before they leave, seconds; infinite when they never do.
        queue_id: where they wait.
        language: what they write, `und` when it does not matter.
        skills: what is wanted of the agent.
    """

    number: int
    at: float
    handle: float
    patience: float
    queue_id: str
    language: str = ANY_LANGUAGE
    skills: tuple[Wanted, ...] = ()


Arrivals = Callable[[Random], Iterator[float]]
"""Yields when contacts ask, seconds from the beginning, ascending."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a desk.

    Attributes:
        arrivals: when contacts ask.
        handle: how long each takes.
        patience: how long each waits; None when nobody ever leaves.
        queues: where they wait.
        languages: what they write, by queue; a queue that is not named takes any.
        skills: chance that each is wanted.
    """

    arrivals: Arrivals
    handle: Times
    queues: Mix
    patience: Times | None = None
    languages: dict[str, Mix] | None = None
    skills: dict[str, float] | None = None

    def contacts(self, seed: int) -> Iterator[Contact]:
        """Yields the contacts of a run, in the order in which they ask."""
        kinds = ("arrivals", "handle", "patience", "queues", "languages", "skills")
        streams = {kind: Random(f"{seed} {kind}") for kind in kinds}  # noqa: S311  nothing is kept secret here
        for number, at in enumerate(self.arrivals(streams["arrivals"])):
            queue_id = self.queues.draw(streams["queues"])
            mix = (self.languages or {}).get(queue_id)
            yield Contact(
                number,
                at,
                handle=self.handle.draw(streams["handle"]),
                patience=self.patience.draw(streams["patience"]) if self.patience else math.inf,
                queue_id=queue_id,
                language=mix.draw(streams["languages"]) if mix else ANY_LANGUAGE,
                skills=tuple(
                    Wanted(name)
                    for name, share in (self.skills or {}).items()
                    if streams["skills"].random() < share
                ),
            )


def poisson(per_second: float, seconds: float) -> Arrivals:
    """Returns arrivals that know nothing of each other, for so long."""

    def arrivals(chance: Random) -> Iterator[float]:
        at = chance.expovariate(per_second)
        while at < seconds:
            yield at
            at += chance.expovariate(per_second)

    return arrivals


def recorded(moments: Sequence[float]) -> Arrivals:
    """Returns arrivals at moments that were recorded, seconds from the beginning: the same in every run."""
    ordered = sorted(moments)
    return lambda chance: iter(ordered)
