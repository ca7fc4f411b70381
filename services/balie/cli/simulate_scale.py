"""`balie simulate --scale`: what a handoff costs, the more agents there are."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.table import Table

from balie.cli.console import console
from balie.cli.simulate_desk import QUEUE, Numbers, of_numbers
from balie.cli.simulate_run import counting
from balie.handoff.simulation.demand import Demand, Exponential, Mix, poisson
from balie.handoff.simulation.engine import Desks
from balie.handoff.simulation.scale import matching_seconds
from balie.handoff.simulation.trial import Trial, run

_AGENTS = (10, 50, 200, 1000, 2000)
_HANDOFFS = 5000
_HANDLE = 360.0
_LOAD = 0.9


@dataclass(frozen=True, slots=True)
class Cost:
    """What a handoff costs with so many agents.

    Attributes:
        agents: how many there are.
        matching: processor time to find its agent, seconds.
        whole: processor time of the whole of it, from the asking to the end with all that is written, seconds.
    """

    agents: int
    matching: float
    whole: float


def run_scale(seed: int, *, as_json: bool) -> None:
    """Measures, and prints a table."""
    with counting(_HANDOFFS * len(_AGENTS)) as count:
        costs = [
            Cost(agents, matching_seconds(agents, _HANDOFFS, seed=seed), _whole(agents, seed, count))
            for agents in _AGENTS
        ]
    if as_json:
        plain = [
            {"agents": one.agents, "matching_seconds": one.matching, "whole_seconds": one.whole}
            for one in costs
        ]
        sys.stdout.write(json.dumps(plain, indent=2) + "\n")
        return
    table = Table(box=None, padding=(0, 2))
    for name in ("agents", "finding the agent", "the whole handoff"):
        table.add_column(name, justify="right")
    for one in costs:
        table.add_row(f"{one.agents:,}", f"{one.matching * 1e6:.0f} µs", f"{one.whole * 1e6:.0f} µs")
    console.print(table)


def _whole(agents: int, seed: int, count: Callable[[], None]) -> float:
    staffed = of_numbers(Numbers(agents, 1, 600.0, languages={}, skills={}))
    rate = _LOAD * agents / _HANDLE
    seconds = _HANDOFFS / rate
    demand = Demand(poisson(rate, seconds), Exponential(_HANDLE), Mix({QUEUE: 1.0}))
    desks = Desks(staffed.queues, staffed.agents)
    begun = time.process_time()
    found = run(Trial(desks, demand, 0.0, seconds, 60.0, 1, seed), lambda number, contact: count())
    return (time.process_time() - begun) / found.asked
