"""Asks the sets with each retriever, row by row, and writes the tables of the document."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from balie.cli.console import errors, fail
from balie.cli.desk import SAMPLE
from balie.cli.eval_progress import watched
from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.kept_vectors import KeptVectors
from balie.faq.evaluation.benchmark.goals import Goal, goals_of, goals_over
from balie.faq.evaluation.benchmark.markdown import MARKS, table_of
from balie.faq.evaluation.benchmark.results import Results
from balie.faq.evaluation.benchmark.rows import Bench, work_out
from balie.faq.evaluation.benchmark.sets import RETRIEVERS, ROWS, SetRow, names
from balie.faq.retrieval.registry import open_retriever
from balie.kit.text_files.markdown import MarksMissing


@dataclass(frozen=True)
class Order:
    """What the command was asked for.

    Attributes:
        data: folder of the evaluation data.
        work: folder of results and vectors.
        document: whose tables are written; None writes them to standard output.
        only: names of rows; all, without any.
        anew: whether rows are worked out that are kept.
        max_wrong: greatest share of wrong among the answers given.
        delta: chance that this promise is broken.
        encoder: folder of the encoder.
    """

    data: Path
    work: Path
    document: Path | None
    only: Sequence[str]
    anew: bool
    max_wrong: float
    delta: float
    encoder: Path


def run_faq_table(order: Order) -> None:
    """Works rows out, shows what is wanted of each, and writes the tables; ends with 1 when something wanted was missed."""
    wanted = _wanted(order)
    results = _results(order)
    missed: list[Goal] = []
    for place, row in enumerate(wanted, 1):
        found = {}
        for name in RETRIEVERS:
            with watched(f"{place} of {len(wanted)}, {row.name}, {name}") as progress:
                try:
                    found[name] = results.get(row, name, progress, anew=order.anew)
                except OSError as error:
                    fail(
                        f"{order.work} cannot be written: {error.strerror}",
                        "Name another folder with --work.",
                    )
        missed += _show(goals_of(row, found, order.max_wrong))
    kept = results.all_kept(ROWS)
    missed += _show(goals_over(ROWS, kept))
    _write(order, table_of(ROWS, kept, order.max_wrong))
    if missed:
        errors.print(Text(f"Missed: {'; '.join(map(str, missed))}", style="bold red"))
        raise typer.Exit(1)


def _wanted(order: Order) -> list[SetRow]:
    if unknown := sorted({*order.only} - {*names()}):
        fail(f"There is no row {', '.join(unknown)}.", f"There are {', '.join(names())}.", code=2)
    wanted = [row for row in ROWS if not order.only or row.name in order.only]
    if any(not row.is_desk for row in wanted) and not (order.data / "faq").is_dir():
        fail(f"There is no folder faq in {order.data}.", "Name the folder of evaluation data with `--data`.")
    return wanted


def _results(order: Order) -> Results:
    with watched("encoder"):
        settings = EncoderSettings.load().model_copy(update={"folder": order.encoder})
        encoder = open_encoder(settings)
    bench = Bench(
        data=order.data,
        desk=SAMPLE,
        max_wrong=order.max_wrong,
        delta=order.delta,
        vectors=KeptVectors(lambda: encoder, settings.workers, order.work / "vectors"),
        open_retriever=lambda name: open_retriever(name, {}),
    )
    return Results(bench, order.work / "results", work_out)


def _show(goals: Iterable[Goal]) -> list[Goal]:
    """Shows goals, and returns those that are missed."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    missed = []
    for goal in goals:
        value = "none" if goal.value is None else f"{goal.value:.4g}"
        met = Text("met", "green") if goal.is_met else Text("missed", "red")
        sign = "at most" if goal.is_most else "at least"
        table.add_row(goal.where, goal.what, value, f"wanted {sign} {goal.wanted:.4g}", met)
        if not goal.is_met:
            missed.append(goal)
    if table.row_count:
        errors.print(table)
    return missed


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
    errors.print(f"The tables are in {order.document}")
