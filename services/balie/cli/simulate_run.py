"""Tries a desk, with a bar meanwhile, and prints what came of it."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from balie.cli import simulate_report as told
from balie.cli.console import console, errors, fail
from balie.cli.simulate import Rule
from balie.cli.simulate_desk import Numbers, Staffed, of_folder, of_numbers
from balie.cli.simulate_options import Pair
from balie.handoff.simulation.demand import (
    Demand,
    Exponential,
    LogNormal,
    Mix,
    Times,
    poisson,
    recorded,
)
from balie.handoff.simulation.engine import Desks
from balie.handoff.simulation.trial import Result, Trial, run
from balie.handoff.staffing.profiles import AgentOrder

_ORDERS = {
    Rule.LONGEST_IDLE: AgentOrder.LONGEST_IDLE,
    Rule.HIGHEST_SPARE: AgentOrder.HIGHEST_SPARE,
    Rule.WEIGHTED: AgentOrder.WEIGHTED_CAPACITY,
}
_HOUR = 3600.0
_MOST_CONTACTS = 20_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is tried, as the options say it; times in seconds, arrivals each second."""

    arrivals: float
    recorded: tuple[float, ...] | None
    handle: float
    spread: float | None
    patience: float | None
    languages: dict[str, Pair]
    skills: dict[str, Pair]
    queues: dict[str, Pair]
    agents: int
    chats: int
    desk: Path | None
    max_wait: float
    reaction: float | None
    rule: Rule | None
    hours: float
    promise: float
    runs: int
    seed: int

    @property
    def seconds(self) -> float:
        """Returns for how long contacts ask."""
        return self.recorded[-1] + 1 if self.recorded else self.hours * _HOUR

    @property
    def contacts(self) -> int:
        """Returns how many contacts ask in each run, about."""
        return len(self.recorded) if self.recorded else round(self.arrivals * self.seconds)


def run_simulation(wanted: Wanted, *, compare: bool, as_json: bool) -> None:
    """Tries a desk by its rule, or by each of the three, and prints what came of it."""
    staffed = _staffed(wanted)
    rules = list(Rule) if compare else [wanted.rule]
    if wanted.contacts * wanted.runs > _MOST_CONTACTS:
        fail(f"That would be more than {_MOST_CONTACTS:,} contacts.", "Try fewer --runs or --hours.")
    results: dict[Rule | None, Result] = {}
    with counting(wanted.contacts * wanted.runs * len(rules)) as count:
        for rule in rules:
            trial = _trial(wanted, _ruled(staffed, rule))
            results[rule] = run(trial, lambda number, contact: count())
    named = {str(rule): _told(wanted, staffed, result) for rule, result in results.items()}
    if as_json:
        plain = {name: told.plain(one) for name, one in named.items()}
        found = plain if compare else next(iter(plain.values()))
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    elif compare:
        console.print(next(iter(named.values())).title, style="bold")
        console.print(f"the same contacts for each rule; 95 % intervals of {wanted.runs} runs", style="dim")
        console.print()
        console.print(told.comparison({name: one.result for name, one in named.items()}, wanted.promise))
    else:
        console.print(told.report(next(iter(named.values()))))


@contextmanager
def counting(contacts: int) -> Iterator[Callable[[], None]]:
    """Yields what is called for each contact of so many; a bar grows meanwhile, where somebody can see it."""
    columns = (
        TextColumn("simulate"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} contacts"),
        TimeRemainingColumn(),
    )
    done = 0
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("simulate", total=contacts)

        def count() -> None:
            nonlocal done
            done += 1
            if done % 100 == 0:
                progress.update(task, completed=done)

        yield count


def _staffed(wanted: Wanted) -> Staffed:
    if wanted.desk is not None:
        staffed = of_folder(wanted.desk)
        unknown = wanted.queues.keys() - {queue.id for queue in staffed.queues}
        if unknown:
            fail(f"The desk has no queue {', '.join(sorted(unknown))}.")
        return staffed
    return of_numbers(
        Numbers(
            wanted.agents,
            wanted.chats,
            wanted.max_wait,
            languages={name: pair.agents for name, pair in wanted.languages.items()},
            skills={name: pair.agents for name, pair in wanted.skills.items()},
        )
    )


def _ruled(staffed: Staffed, rule: Rule | None) -> Staffed:
    if rule is None:
        return staffed
    queues = tuple(replace(queue, agent_order=_ORDERS[rule]) for queue in staffed.queues)
    return replace(staffed, queues=queues)


def _trial(wanted: Wanted, staffed: Staffed) -> Trial:
    queues = {name: pair.contacts for name, pair in wanted.queues.items()}
    spoken = Mix({name: pair.contacts for name, pair in wanted.languages.items()})
    demand = Demand(
        recorded(wanted.recorded) if wanted.recorded else poisson(wanted.arrivals, wanted.seconds),
        _handle(wanted),
        Mix(queues or {queue.id: 1.0 for queue in staffed.queues}),
        patience=None if wanted.patience is None else Exponential(wanted.patience),
        languages={queue.id: spoken for queue in staffed.queues} if spoken.shares else staffed.languages,
        skills={name: pair.contacts for name, pair in wanted.skills.items()},
    )
    reaction = None if wanted.reaction is None else Exponential(wanted.reaction)
    desks = Desks(staffed.queues, staffed.agents, reaction)
    return Trial(desks, demand, 0.0, wanted.seconds, wanted.promise, wanted.runs, wanted.seed)


def _handle(wanted: Wanted) -> Times:
    if wanted.spread is None:
        return Exponential(wanted.handle)
    return LogNormal(wanted.handle, wanted.spread)


def _told(wanted: Wanted, staffed: Staffed, result: Result) -> told.Told:
    rate = wanted.contacts / wanted.seconds * _HOUR
    places = sum(agent.max_chats for agent in staffed.agents)
    needed = f"{rate / _HOUR * wanted.handle / places:.0%}".replace("%", " %")
    title = (
        f"{rate:,.0f} contacts an hour for {wanted.seconds / _HOUR:.3g} hours, {told.lasting(wanted.handle)} each\n"
        f"{len(staffed.agents):,} agents with {places:,} places, of which {needed} are needed on average"
    )
    return told.Told(title, wanted.promise, wanted.runs, result)
