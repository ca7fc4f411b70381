"""Runs of a desk, each with contacts of its own, and what they say together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from balie.handoff.simulation.demand import Contact, Demand
from balie.handoff.simulation.engine import Desks, Simulation
from balie.handoff.simulation.estimates import Estimate, estimate
from balie.handoff.simulation.record import Figures, figures, percentile


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        desks: the desk.
        demand: what is asked of it.
        since: those count who ask from then on, seconds from the beginning.
        until: and before then.
        promise: within how many seconds one should be answered.
        runs: how often it is tried, each time with other contacts.
        seed: of the first run; the next one has the next.
    """

    desks: Desks
    demand: Demand
    since: float
    until: float
    promise: float
    runs: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What the runs of a trial say together. Times in seconds, shares of all who asked; each with its 95 % interval.

    Attributes:
        asked: how many asked in all runs.
        offers: offers that were made in all runs.
        missed: those of them that were let pass.
        waits: how long the answered waited, of all runs, ascending.
        busiest: how many more chats the busiest agent had than agents had on average, as a share.
    """

    asked: int
    offers: int
    missed: int
    waits: tuple[float, ...]
    mean_wait: Estimate
    percentiles: dict[int, Estimate]
    waited: Estimate
    in_time: Estimate
    left: Estimate
    messages: Estimate
    call_backs: Estimate
    utilisation: Estimate
    busiest: Estimate


PERCENTILES = (50, 90, 99)


def run(trial: Trial, on_contact: Callable[[int, Contact], object] = lambda run, contact: None) -> Result:
    """Returns what a trial says.

    Args:
        trial: what is tried.
        on_contact: is told of the run, from 0, and of each who asks in it.
    """
    agents = trial.desks.agents
    places = sum(agent.max_chats for agent in agents)
    found: list[Figures] = []
    offers = missed = 0
    for number in range(trial.runs):
        simulation = Simulation(trial.desks, trial.demand.contacts(trial.seed + number))
        record = asyncio.run(simulation.run(lambda contact, number=number: on_contact(number, contact)))  # type: ignore[misc]
        offers += record.offers
        missed += record.missed
        found.append(
            figures(
                record,
                since=trial.since,
                until=trial.until,
                places=places,
                agents=len(agents),
                promise=trial.promise,
            )
        )
    return _together(found, offers, missed)


def _together(found: Sequence[Figures], offers: int, missed: int) -> Result:
    return Result(
        asked=sum(one.asked for one in found),
        offers=offers,
        missed=missed,
        waits=tuple(sorted(wait for one in found for wait in one.waits)),
        mean_wait=estimate([one.mean_wait for one in found]),
        percentiles={
            share: estimate([percentile(one.waits, share / 100) for one in found]) for share in PERCENTILES
        },
        waited=estimate([one.waited for one in found]),
        in_time=estimate([one.in_time for one in found]),
        left=estimate([one.left for one in found]),
        messages=estimate([one.messages for one in found]),
        call_backs=estimate([one.call_backs for one in found]),
        utilisation=estimate([one.utilisation for one in found]),
        busiest=estimate([one.busiest for one in found]),
    )
