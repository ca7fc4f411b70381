"""The figures of the bench of the index, and how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from balie.cli.bench.faq_index.order import Built, Reopened, What
from balie.cli.bench.speeds import or_dash, table

TITLES: Mapping[What, str] = {
    "vectors": "the vectors alone, one of each entry",
    "whole": "the whole index: words, and vectors of question and answer",
}


@dataclass(frozen=True)
class Row:
    """An index of one size."""

    what: What
    entries: int
    built: Built
    reopened: Reopened


@dataclass(frozen=True)
class Report:
    """All of a bench.

    Attributes:
        machine: what it ran on.
        described: what the vectors are.
        top: entries that a search returns.
    """

    machine: Mapping[str, str]
    described: str
    top: int
    rows: Sequence[Row]

    def as_dict(self) -> dict[str, object]:
        """Returns it for machines."""
        return asdict(self)

    def of(self, what: What) -> list[Row]:
        """Returns the rows of one index, small ones first."""
        return sorted((row for row in self.rows if row.what == what), key=lambda row: row.entries)


def shown(report: Report) -> RenderableType:
    """Returns the figures as tables."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    parts: list[RenderableType] = [Text(machine, style="dim"), Text(report.described, style="dim")]
    for what, title in TITLES.items():
        rows = report.of(what)
        if rows:
            parts += [Text(), _table(title, rows)]
    bare = min((row.reopened.bare_mb for row in report.rows), default=0.0)
    note = (
        f"p50, p99: of a search for the best {report.top} with one thread, ms; recall: share of the {report.top} nearest that "
        f"it finds; build: s; peak: memory while it is built, MB, the vectors it is built from among it; MB: resident in a "
        f"process that opened the saved index, {bare:.0f} of them Python and libraries; file: MB; start: from the start of "
        "that process to its first answer, s"
    )
    return Group(*parts, Text(), Text(note, style="dim"))


def _table(title: str, rows: Sequence[Row]) -> RenderableType:
    found = table(
        title,
        "entries",
        "kind",
        "p50",
        "p99",
        "recall",
        "build",
        "peak",
        "MB",
        "file",
        "start",
    )
    for row in rows:
        found.add_row(
            f"{row.entries:,}",
            row.built.kind,
            f"{row.reopened.p50_ms:.2f}",
            f"{row.reopened.p99_ms:.2f}",
            or_dash(row.reopened.recall, "{:.1%}"),
            f"{row.built.seconds:.1f}",
            f"{row.built.peak_mb:.0f}",
            f"{row.reopened.memory_mb:.0f}",
            f"{row.built.saved_mb:.0f}",
            f"{row.reopened.first_answer_seconds:.1f}",
        )
    return found
