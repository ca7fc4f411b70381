"""Runs a bench of the encoder in a process of its own, and shows its figures."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console
from balie.cli.encoder_options import shown as bar
from balie.encoders.bench.errors import BenchFailed

if TYPE_CHECKING:
    from balie.encoders.bench.figures import Report, Speed, Target

_PACKAGE = __name__.partition(".")[0]
_STEP = re.compile(r"\s*(\d+)%  (\w.*)")


@dataclass(frozen=True)
class Asked:
    """What the command was asked for.

    Attributes:
        folder: of the encoder.
        python: interpreter that measures; one with torch measures torch as well.
        sentences: a file of JSON Lines with `text`, or None.
        model: for torch; empty for the packaged model.
        torch: whether torch is measured where it is installed.
        rounds: of each measurement.
        seconds: of one measurement of concurrent callers.
    """

    folder: Path
    python: str = sys.executable
    sentences: Path | None = None
    model: str = ""
    torch: bool = True
    rounds: int = 7
    seconds: float = 1.5

    def command(self) -> list[str]:
        """Returns the command that measures.

        A process of its own has nothing but the encoder in it, and tells its matrix library, before that is loaded,
        to use one thread.
        """
        command = [self.python, "-m", "balie.encoders.bench", "--folder", str(self.folder)]
        command += ["--rounds", str(self.rounds), "--seconds", str(self.seconds), "--model", self.model]
        if self.sentences:
            command += ["--sentences", str(self.sentences)]
        return command if self.torch else [*command, "--no-torch"]


def run_bench(asked: Asked, *, check: bool, as_json: bool) -> None:
    """Prints the figures, and ends the command with 1 when a target is to be checked and was missed."""
    with bar("bench") as progress:
        report = measure(asked, progress)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(report))
    if check and report.missed:
        raise typer.Exit(1)


def measure(asked: Asked, progress: Callable[[str, float], None]) -> "Report":
    """Returns the figures.

    Args:
        asked: what to measure.
        progress: is told the step and the share that is done, in [0, 1].

    Raises:
        BenchFailed: nothing could be measured; the message is the measuring process's own, or says that the
            interpreter cannot measure.
    """
    from pydantic import TypeAdapter, ValidationError

    from balie.encoders.bench.figures import Report

    said: list[str] = []
    try:
        process = subprocess.Popen(  # noqa: S603 - an interpreter that the caller named
            asked.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
        )
    except OSError as error:
        raise BenchFailed(
            f"{asked.python} cannot be run ({error.strerror}): name an interpreter with `--python`"
        ) from None
    with process:
        try:
            for line in process.stderr or ():  # its standard output is one line, and comes last
                if step := _STEP.fullmatch(line.rstrip("\n")):
                    progress(step[2], int(step[1]) / 100)
                else:
                    said.append(line)
            answer = process.stdout.read() if process.stdout else ""
        except BaseException:
            process.kill()
            raise
    text = "".join(said).strip()
    foreign = f"No module named '{_PACKAGE}" in text
    if process.returncode < 0 or (process.returncode and text and not foreign):
        raise BenchFailed(text or f"the measuring process was ended by signal {-process.returncode}")
    try:
        return TypeAdapter(Report).validate_json(answer)
    except ValidationError:
        raise BenchFailed(
            f"{asked.python} is no Python interpreter with this version of balie installed: "
            "name one with `--python`, or leave that out to measure with this one"
        ) from None


def shown(report: "Report") -> RenderableType:
    """Returns the figures as tables, with the targets at their foot."""
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    encoder = ", ".join(report.encoder.values())
    parts: list[RenderableType] = [Text(machine, style="dim"), Text(encoder, style="dim"), Text()]
    for entry in report.sets:
        speeds = [speed for speed in report.speeds if speed.sentences == entry.name]
        title = f"{entry.described} ({entry.tokens:.1f} tokens, {entry.mflop:.0f} MFLOP a text)"
        parts += [_speeds(title, speeds), Text()]
    peak, start = report.peak, report.start
    parts += [
        Text(f"one core's fp32 peak: {peak.gflops:.0f} GFLOP/s ({peak.by}); torch: {report.torch}"),
        Text(
            f"a fresh process: first vector after {start.wall_seconds:.2f} s, {start.cpu_seconds:.2f} s of CPU, "
            f"{start.resident_mb:.0f} MB"
        ),
        Text(
            f"CPU ms: of one text; peak: share of it in use; x torch: times as fast; batched: share of the rate of full "
            f"batches on {report.workers} workers; medians of {report.rounds} rounds, ratios taken within each",
            style="dim",
        ),
        Text(),
        _targets(report.targets),
    ]
    return Group(*parts)


def _speeds(title: str, speeds: "Sequence[Speed]") -> Table:
    table = _table(title, "", "way", "texts/s", "CPU ms", "peak", "x torch", "batched")
    for who, way, *figures in map(_cells, speeds):
        table.add_row(who, way, *figures, style="dim" if who == "torch" else "")
    return table


def _cells(speed: "Speed") -> tuple[str, ...]:
    return (
        speed.who,
        speed.way,
        f"{speed.sentences_per_second:.1f}",
        f"{speed.cpu_ms_per_sentence:.2f}",
        _or_dash(speed.share_of_peak, "{:.0%}"),
        _or_dash(speed.times_torch, "{:.2f}"),
        _or_dash(speed.share_of_batched, "{:.0%}"),
    )


def _targets(targets: "Sequence[Target]") -> Table:
    from balie.encoders.bench.figures import in_unit

    table = _table("targets", "", "wanted", "found", "")
    for target in targets:
        found = "-" if target.found is None else in_unit(target.found, target.unit)
        met = {True: ("met", "green"), False: ("not met", "red"), None: ("not measured", "yellow")}[
            target.met
        ]
        table.add_row(target.name, target.wanted, found, Text(met[0], style=met[1]))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
