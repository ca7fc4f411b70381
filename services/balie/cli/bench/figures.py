"""The figures of a bench, and how they are shown."""

import statistics
from dataclasses import asdict, dataclass, field

import grpc
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.suite import SERVICES


@dataclass(frozen=True)
class Level:
    """What was measured with a number of messages in flight.

    Attributes:
        in_flight: messages under way at a time.
        turns: messages that were sent and answered.
        turns_per_second: of them.
        p50_ms: median time from sending to the reply seen, milliseconds.
        p99_ms: the same for the slowest in a hundred.
        unanswered: messages without a reply within a minute.
        failed: messages that were refused.
        cpu_ms_per_turn: CPU time per turn of each service and of the load, milliseconds.
        echo_calls_per_second: bare gRPC calls with as many in flight, in the same run.
    """

    in_flight: int
    turns: int
    turns_per_second: float
    p50_ms: float
    p99_ms: float
    unanswered: int
    failed: int
    cpu_ms_per_turn: dict[str, float]
    echo_calls_per_second: float


@dataclass(frozen=True)
class Report:
    """All of a bench: the machine, the messages, the floors and the levels."""

    machine: dict[str, str]
    messages: str
    encoder_sentences_per_second: dict[str, float]
    memory_mb: dict[str, float]
    levels: list[Level] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        return asdict(self)


def percentile(values: list[float], share: float) -> float:
    """Returns the value below which a share in (0, 1) of them lies; 0 when there are none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


def shown(report: Report) -> RenderableType:
    """Returns the report as tables."""
    machine = Text(", ".join(f"{name} {value}" for name, value in report.machine.items()), style="dim")
    turns = Table(
        title="one turn through the suite, from sending to the reply seen",
        title_justify="left",
        box=None,
        padding=(0, 2),
    )
    for column in (
        "in flight",
        "turns/s",
        "p50 ms",
        "p99 ms",
        "turns",
        "unanswered",
        "failed",
        "echo calls/s",
    ):
        turns.add_column(column, justify="right")
    cost = Table(title="CPU ms per turn", title_justify="left", box=None, padding=(0, 2))
    names = [*SERVICES, "load"]
    for column in ("in flight", *names, "suite"):
        cost.add_column(column, justify="right")
    for level in report.levels:
        turns.add_row(
            str(level.in_flight),
            f"{level.turns_per_second:.1f}",
            f"{level.p50_ms:.1f}",
            f"{level.p99_ms:.1f}",
            str(level.turns),
            str(level.unanswered),
            str(level.failed),
            f"{level.echo_calls_per_second:.0f}",
        )
        suite = sum(level.cpu_ms_per_turn[service] for service in SERVICES)
        cost.add_row(
            str(level.in_flight), *(f"{level.cpu_ms_per_turn[name]:.1f}" for name in names), f"{suite:.1f}"
        )
    memory = ", ".join(f"{service} {size:.0f} MB" for service, size in report.memory_mb.items())
    floors = ", ".join(f"{rate:.0f}/s {name}" for name, rate in report.encoder_sentences_per_second.items())
    return Group(
        machine,
        Text(f"messages: {report.messages}; gRPC {grpc.__version__}", style="dim"),
        Text(),
        turns,
        Text(),
        cost,
        Text(f"\nmemory: {memory}\nthe bare encoder, one thread: {floors}"),
    )
