"""Runs the engine on the public sets, row by row, and writes the table of the document."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from balie.cli.console import errors, fail
from balie.cli.eval_progress import watched
from balie.encoders import EncoderSettings, open_encoder
from balie.kit.text_files.markdown import MarksMissing
from balie.nlu.calibrating import Promise
from balie.nlu.evaluation.benchmark.markdown import MARKS, table_of
from balie.nlu.evaluation.benchmark.results import Results
from balie.nlu.evaluation.benchmark.rows import Bench, Result, work_out
from balie.nlu.evaluation.benchmark.sets import ROWS, FewShotRow, PromiseRow, Row, names


@dataclass(frozen=True)
class Order:
    """What the command was asked for.

    Attributes:
        data: folder of the evaluation data.
        work: folder of results, vectors and judged messages.
        document: whose table is written; None writes it to standard output.
        only: names of rows; all, without any.
        anew: whether rows are worked out that are kept.
    """

    data: Path
    work: Path
    document: Path | None
    only: Sequence[str]
    anew: bool
    engine: str
    options: Mapping[str, str]
    promise: Promise
    encoder: Path


def run_table(order: Order) -> None:
    """Works rows out, shows each, and writes the table of all that are kept; ends with 1 when a goal was missed."""
    wanted = _wanted(order)
    if not (order.data / "intents").is_dir():
        fail(
            f"There is no folder intents in {order.data}.",
            "Name the folder of evaluation data with `--data`.",
        )
    results = _results(order)
    missed = []
    for place, row in enumerate(wanted, 1):
        with watched(f"{place} of {len(wanted)}, {row.name}") as progress:
            found = results.get(row, progress, anew=order.anew)
        missed += _show(row, found)
    _write(order, table_of(ROWS, results.all_kept(ROWS), f"Balie, {order.engine}"))
    if missed:
        errors.print(Text(f"Missed: {', '.join(missed)}", style="bold red"))
        raise typer.Exit(1)


def _wanted(order: Order) -> list[Row]:
    if unknown := sorted({*order.only} - {*names()}):
        fail(f"There is no row {', '.join(unknown)}.", f"There are {', '.join(names())}.", code=2)
    return [row for row in ROWS if not order.only or row.name in order.only]


def _results(order: Order) -> Results:
    with watched("encoder"):
        settings = EncoderSettings.load().model_copy(update={"folder": order.encoder})
        encoder = open_encoder(settings)
    bench = Bench(
        data=order.data,
        work=order.work,
        engine=order.engine,
        options=order.options,
        promise=order.promise,
        open_encoder=lambda: encoder,
        workers=settings.workers,
    )
    return Results(bench, order.work / "results", encoder.fingerprint, work_out)


def _write(order: Order, table: str) -> None:
    if order.document is None:
        sys.stdout.write(table + "\n")
        return
    try:
        text = order.document.read_text(encoding="utf-8")
        order.document.write_text(MARKS.placed(text, table), encoding="utf-8")
    except MarksMissing as error:
        fail(f"{order.document}: {error}")
    except OSError as error:
        fail(f"{order.document} cannot be written: {error.strerror}")
    errors.print(f"The table is in {order.document}")


def _show(row: Row, found: Result) -> list[str]:
    """Shows the figures of a row that have goals, and returns the names of those that are missed."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    missed = []
    for name, value, goal in _figures(row, found):
        met = Text("") if goal is None else Text("met", "green") if value >= goal else Text("missed", "red")
        if goal is not None and value < goal:
            missed.append(f"{row.name} {name} {value:.4f}")
        table.add_row(row.name, name, f"{value:.4f}", "" if goal is None else f"wanted {goal:g}", met)
    errors.print(table)
    return missed


def _figures(row: Row, found: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    if isinstance(row, FewShotRow):
        return [
            ("accuracy", found["accuracy"]["mean"], None),
            ("logistic regression", found["logistic"]["mean"], None),
            ("gain", found["gain"]["mean"], row.goals.get("gain")),
        ]
    if isinstance(row, PromiseRow):
        kept = found["as_it_is"]
        within = kept["limit"] - kept["broken"]
        return [
            ("in_scope_coverage", kept["coverage"], row.goals.get("in_scope_coverage")),
            (f"breaks below the limit, {kept['broken']} broken", within, 0.0),
        ]
    shown = ["in_scope_accuracy", "oos_auroc", "oos_recall_at_5", "coverage", "wrong_rate", "ece"]
    figures = [
        (name, value, row.goals.get(name)) for name in shown if (value := found["figures"][name]) is not None
    ]
    pairs = [(f"recall at {pair['who']}", pair["ours"] or 0.0, pair["theirs"]) for pair in found["pairs"]]
    return figures + pairs
