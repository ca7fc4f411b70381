"""The figures of the bench of FAQ, the targets they are held against, and how both are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from balie.cli.bench.faq.txtai import TXTAI
from balie.cli.bench.speeds import (
    ALONE,
    TOGETHER,
    Speed,
    Target,
    at_least,
    speeds_table,
    table,
    targets_table,
)

GIVEN, ENCODED = "embedding passed in", "text alone"

TIMES_GIVEN = 10.0
TIMES_ENCODED = 3.0


@dataclass(frozen=True)
class Held:
    """What one side holds.

    Attributes:
        side: whose it is.
        entries: that searches find.
        vectors: that they are compared with.
        filled_seconds: from the first entry to the index that holds all.
        memory_mb: resident, after all rounds.
    """

    side: str
    entries: int
    vectors: int
    filled_seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Report:
    """All of a bench.

    Attributes:
        machine: what it ran on.
        described: what is held and asked.
        rounds: of each measurement.
        seconds: of one measurement.
    """

    machine: Mapping[str, str]
    described: str
    rounds: int
    seconds: float
    speeds: Sequence[Speed]
    held: Sequence[Held]

    @property
    def targets(self) -> Sequence[Target]:
        """Returns what is wanted, and what was found."""
        times = {one.way: one.times_yardstick for one in self.speeds if one.in_flight == TOGETHER}
        return [
            at_least(f"searches/s, {TOGETHER} in flight, {way}", least, times.get(way))
            for way, least in ((GIVEN, TIMES_GIVEN), (ENCODED, TIMES_ENCODED))
        ]

    @property
    def missed(self) -> bool:
        """Returns whether a target was missed, or could not be measured."""
        return not all(target.met for target in self.targets)

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        return asdict(self) | {"targets": [asdict(target) for target in self.targets]}


def shown(report: Report) -> RenderableType:
    """Returns the figures as tables, with the targets at their foot."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    titles = {ALONE: "one search at a time", TOGETHER: f"{TOGETHER} searches in flight"}
    parts: list[RenderableType] = [Text(machine, style="dim"), Text(report.described, style="dim")]
    for in_flight, title in titles.items():
        speeds = [one for one in report.speeds if one.in_flight == in_flight]
        parts += [Text(), speeds_table(title, speeds, yardstick=TXTAI, unit="searches/s")]
    held = table("what they hold", "", "entries", "vectors", "filled s", "MB")
    for one in report.held:
        held.add_row(
            one.side,
            f"{one.entries:,}",
            f"{one.vectors:,}",
            f"{one.filled_seconds:.0f}",
            f"{one.memory_mb:.0f}",
            style="dim" if one.side == TXTAI else "",
        )
    note = (
        "p50, p99: of a call, ms; CPU: of the server for each search, ms; x rate, x p50: txtai's taken as 1, within each "
        f"round; medians of {report.rounds} rounds of {report.seconds:g} s; no embedding comes from a cache; MB: resident"
    )
    return Group(*parts, Text(), held, Text(), Text(note, style="dim"), Text(), targets_table(report.targets))
