"""Whether the simulation says what queueing theory says, where theory has something to say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from balie.handoff.simulation.demand import Demand, Exponential, Mix, poisson
from balie.handoff.simulation.engine import Desks
from balie.handoff.simulation.erlang import Expected, Load, answered_within, impatient, patient
from balie.handoff.simulation.estimates import Estimate
from balie.handoff.simulation.trial import Trial, run
from balie.handoff.staffing.profiles import AgentProfile, QueueProfile

WIDEST = 0.05
"""How wide an interval may be, as a share of its middle on either side, to be worth something."""

_HANDLE = 360.0
_QUEUE = "desk"
_FOR_EVER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Case:
    """A desk of which theory knows what is to be expected.

    Attributes:
        name: what it is called in the field.
        load: what comes to it.
        patience: how long contacts wait before they leave, seconds, on average; None when they never do.
        contacts: how many ask in each run, on average.
        runs: how many runs there are.
    """

    name: str
    load: Load
    patience: float | None
    contacts: int
    runs: int = 20

    @property
    def expected(self) -> Expected:
        """Returns what theory says."""
        return patient(self.load) if self.patience is None else impatient(self.load, self.patience)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure by theory and by simulation.

    Attributes:
        figure: what it is.
        theory: by the formula.
        simulated: by the runs.
    """

    figure: str
    theory: float
    simulated: Estimate

    @property
    def holds(self) -> bool:
        """Tells whether the formula is in the interval, and the interval narrow enough to mean it."""
        return self.simulated.covers(self.theory) and self.simulated.relative <= WIDEST


def _load(agents: int, per_agent: float) -> Load:
    return Load(per_agent * agents / _HANDLE, _HANDLE, agents)


CASES = (
    Case("Erlang C, M/M/2 at 50 %", _load(2, 0.5), None, 6500),
    Case("Erlang A, M/M/10+M at 120 %", _load(10, 1.2), _HANDLE, 3000),
    Case("Erlang A, M/M/40+M at 130 %", _load(40, 1.3), 180.0, 3000),
)


def compared(
    case: Case, seed: int, on_contact: Callable[[int], object] = lambda run: None
) -> Iterator[Comparison]:
    """Yields the figures of a case by theory and by simulation.

    The first tenth of each run does not count: the desk begins empty, and theory speaks of one that has run for ever.

    Args:
        case: what is tried.
        seed: of the first run.
        on_contact: is called for each who asks, with the run from 0.
    """
    found = run(_trial(case, seed), lambda number, contact: on_contact(number))
    expected = case.expected
    yield Comparison("waited", expected.waited, found.waited)
    yield Comparison("mean wait", expected.mean_wait, found.mean_wait)
    if case.patience is None:
        yield Comparison("within a minute", answered_within(case.load, _PROMISE), found.in_time)
    else:
        yield Comparison("left", expected.left, found.left)


_PROMISE = 60.0


def _trial(case: Case, seed: int) -> Trial:
    seconds = case.contacts / case.load.arrivals
    queue = QueueProfile(_QUEUE, _QUEUE, max_wait=_FOR_EVER)
    agents = tuple(
        AgentProfile(f"agent-{number}", f"Agent {number}", (_QUEUE,), (), 1)
        for number in range(case.load.agents)
    )
    demand = Demand(
        poisson(case.load.arrivals, seconds),
        Exponential(case.load.handle),
        Mix({_QUEUE: 1}),
        None if case.patience is None else Exponential(case.patience),
    )
    # Nothing that a sweep would do can happen: no offer stands open, and nobody waits for a week.
    desks = Desks((queue,), agents, sweep_seconds=3600)
    return Trial(desks, demand, seconds / 10, seconds, _PROMISE, case.runs, seed)
