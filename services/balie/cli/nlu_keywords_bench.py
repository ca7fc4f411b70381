"""`balie nlu keywords bench`: measures in a process of its own, which has nothing else in it, and shows the figures."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console, fail
from balie.nlu.keywords.bench.measuring import Cost, Report


def run_bench(sizes: Sequence[int], messages: Sequence[Path], *, as_json: bool) -> None:
    """Prints the figures."""
    command = [sys.executable, "-m", "balie.nlu.keywords.bench", "--keywords", *map(str, sizes)]
    if messages:
        command += ["--messages", *map(str, messages)]
    with console.status("measuring"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own module
    if done.returncode:
        fail(done.stderr.strip().rpartition("\n")[2] or f"the measuring process ended with {done.returncode}")
    if as_json:
        sys.stdout.write(done.stdout)
    else:
        console.print(shown(Report.from_json(done.stdout)))


def shown(report: Report) -> RenderableType:
    """Returns the figures as tables."""
    before, after = report.additions_ms
    parts: list[RenderableType] = []
    for size in report.sizes:
        title = (
            f"{size.keywords:,} keywords of {size.terms:,} terms: {size.load_cpu_s:.1f} s to load, "
            f"{size.memory_mb:.0f} MB, {size.add_ms:.2f} ms to add one"
        )
        table = Table(box=None, padding=(0, 2))
        for place, column in enumerate(
            ("named", "messages", "words", "found", "mean µs", "p50 µs", "p99 µs")
        ):
            table.add_column(column, justify="left" if place == 0 else "right")
        for cost in size.costs:
            table.add_row(*_cells(cost))
        parts += [Text(title, style="bold"), table, Text()]
    parts.append(
        Text(
            f"processor time of one thread; a million additions in Python took {before:.0f} ms before and {after:.0f} ms after",
            style="dim",
        )
    )
    return Group(*parts)


def _cells(cost: Cost) -> tuple[str, ...]:
    times = (f"{value:.0f}" for value in (cost.mean_us, cost.p50_us, cost.p99_us))
    return cost.how, str(cost.messages), f"{cost.words:.1f}", f"{cost.found:.0%}", *times
