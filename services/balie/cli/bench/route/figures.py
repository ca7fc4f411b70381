"""The figures of the bench of the router, and how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from balie.cli.bench.speeds import ALONE, TOGETHER, Speed, speeds_table


@dataclass(frozen=True)
class Report:
    """All of a bench.

    Attributes:
        machine: what it ran on.
        rounds: of each measurement.
        seconds: of one measurement.
        yardstick: desk that the others are compared with.
        speeds: of each desk, alone and together.
        memory_mb: of each desk's service after all rounds, resident.
    """

    machine: Mapping[str, str]
    rounds: int
    seconds: float
    yardstick: str
    speeds: Sequence[Speed]
    memory_mb: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        return asdict(self)


def way_of(handoffs: int) -> str:
    """Returns what a desk with so many open handoffs is called."""
    return f"{handoffs:,} open handoffs"


def shown(report: Report) -> RenderableType:
    """Returns the figures as tables."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    parts: list[RenderableType] = [Text(machine, style="dim")]
    titles = {ALONE: "one turn at a time", TOGETHER: f"{TOGETHER} turns in flight"}
    for in_flight, title in titles.items():
        speeds = [one for one in report.speeds if one.in_flight == in_flight]
        parts += [Text(), speeds_table(title, speeds, yardstick=report.yardstick, unit="turns/s")]
    memory = ", ".join(f"{way}: {size:.0f} MB" for way, size in report.memory_mb.items())
    note = (
        "p50, p99: of a Route call, ms; CPU: of the service for each turn, ms; x rate, x p50: the first desk taken as 1, within each "
        f"round; medians of {report.rounds} rounds of {report.seconds:g} s; every turn is new: of ten, seven are answered, one is "
        "asked back, two ask for a person; SQLite, each decision on disk"
    )
    return Group(*parts, Text(), Text(memory), Text(), Text(note, style="dim"))
