"""`balie simulate --check`: the simulation beside the formulas of queueing theory."""

import json
import sys

import typer
from rich.table import Table
from rich.text import Text

from balie.cli.console import console
from balie.cli.simulate_report import share
from balie.cli.simulate_run import counting
from balie.handoff.simulation.checks import CASES, WIDEST, Case, Comparison, compared


def run_check(seed: int, *, as_json: bool) -> None:
    """Compares each case with its formula; ends with 1 when one lies outside, or an interval is too wide to tell."""
    found: list[tuple[Case, Comparison]] = []
    with counting(sum(case.contacts * case.runs for case in CASES)) as count:
        for place, case in enumerate(CASES):  # no two of them on the same contacts
            found += ((case, one) for one in compared(case, seed + 1000 * place, lambda run: count()))
    if as_json:
        sys.stdout.write(json.dumps([_plain(*one) for one in found], indent=2) + "\n")
    else:
        console.print(_table(found))
    if not all(one.holds for _, one in found):
        raise typer.Exit(1)


def _table(found: list[tuple[Case, Comparison]]) -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("", no_wrap=True)
    for name in ("formula", "simulated", "95 %", "width"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    last = ""
    for case, one in found:
        if case.name != last:
            table.add_row(Text(case.name, style="bold"))
            last = case.name
        words = _seconds if one.figure == "mean wait" else share
        table.add_row(
            f"  {one.figure}",
            words(one.theory),
            words(one.simulated.mean),
            f"± {words(one.simulated.margin)}",
            f"± {share(one.simulated.relative)}",
            "[green]holds[/]" if one.holds else f"[red]{_why(one)}[/]",
        )
    return table


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _why(one: Comparison) -> str:
    if not one.simulated.covers(one.theory):
        return "the formula lies outside"
    return f"wider than ± {share(WIDEST)}"


def _plain(case: Case, one: Comparison) -> dict[str, object]:
    return {
        "case": case.name,
        "figure": one.figure,
        "formula": one.theory,
        "simulated": one.simulated.mean,
        "margin": one.simulated.margin,
        "holds": one.holds,
    }
