"""What queueing theory says of a desk where everybody is alike: the oracle that the simulation is checked against.

Contacts come by a Poisson process, each takes an exponential time of one of the agents, and whoever waits is answered in the order
of asking: M/M/c. With patience that is exponential as well it is M/M/c+M, Erlang-A.

Sources: A. K. Erlang, Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges,
Elektroteknikeren 13 (1917); C. Palm, Research on telephone traffic carried by full availability groups, Tele 1 (1957);
O. Garnett, A. Mandelbaum, M. Reiman, Designing a call center with impatient customers, Manufacturing & Service Operations
Management 4 (2002), section 2.
"""

import math
from dataclasses import dataclass

_NEGLIGIBLE = 1e-15


@dataclass(frozen=True, slots=True)
class Load:
    """What comes to a desk.

    Attributes:
        arrivals: contacts each second, on average.
        handle: how long one takes, seconds, on average.
        agents: how many answer, one contact at a time.
    """

    arrivals: float
    handle: float
    agents: int

    @property
    def offered(self) -> float:
        """Returns the agents that would be busy on average if nobody ever waited or left, in erlang."""
        return self.arrivals * self.handle

    @property
    def per_agent(self) -> float:
        """Returns the share of the agents' time that is asked for."""
        return self.offered / self.agents


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be expected in the long run.

    Attributes:
        waited: share of those who are not answered at once.
        left: share of those who leave before they are answered.
        mean_wait: of all who ask, those who leave included, seconds.
    """

    waited: float
    left: float
    mean_wait: float


def blocked(load: Load) -> float:
    """Returns the share of time in which all agents are busy when nobody waits: Erlang's first formula, B.

    Source: Erlang 1917; the recursion over the number of agents loses no digits.
    """
    share = 1.0
    for agents in range(1, load.agents + 1):
        share = load.offered * share / (agents + load.offered * share)
    return share


def patient(load: Load) -> Expected:
    """Returns what is to be expected when nobody ever leaves: Erlang's second formula, C.

    Raises:
        ValueError: more comes than the agents can do, so that the line grows for ever.

    Source: Erlang 1917.
    """
    if load.per_agent >= 1:
        raise ValueError("more comes than the agents can do")
    share = blocked(load)
    waited = share / (1 - load.per_agent * (1 - share))
    return Expected(waited, 0.0, waited * load.handle / (load.agents - load.offered))


def answered_within(load: Load, seconds: float) -> float:
    """Returns the share of those who are answered within a time when nobody ever leaves.

    Source: Erlang 1917: who waits, waits an exponential time.
    """
    return 1 - patient(load).waited * math.exp(-(load.agents - load.offered) * seconds / load.handle)


def impatient(load: Load, patience: float) -> Expected:
    """Returns what is to be expected when contacts leave after an exponential time.

    Args:
        load: what comes to the desk; may be more than the agents can do.
        patience: how long a contact waits before they leave, seconds, on average.

    Source: Palm 1957; Garnett, Mandelbaum and Reiman 2002, section 2.
    """
    share, line = blocked(load), _line(load.agents * patience / load.handle, load.arrivals * patience)
    waited = line * share / (1 + (line - 1) * share)
    left = waited * (1 / (load.per_agent * line) + 1 - 1 / load.per_agent)
    return Expected(waited, left, left * patience)


def _line(leaving: float, coming: float) -> float:
    """Returns Palm's A(x, y): how much likelier some line is than none while all agents are busy, the empty one included."""
    term = total = 1.0
    step = 0
    while term > total * _NEGLIGIBLE:
        step += 1
        term *= coming / (leaving + step)
        total += term
    return total
