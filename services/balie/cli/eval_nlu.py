"""Evaluates an engine and shows the figures."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console, errors, fail, printable
from balie.cli.eval_progress import watched
from balie.cli.eval_report.page import Subject, write_page
from balie.encoders import EncoderSettings, open_encoder
from balie.nlu.calibrating import Promise
from balie.nlu.evaluation.engines import EngineTeacher
from balie.nlu.evaluation.running import Evaluation, Plan, run
from balie.nlu.evaluation.vectors import Vectors
from balie.nlu.verdicts import NEVER

if TYPE_CHECKING:
    from balie.nlu.evaluation.measuring import IntentFigures

_WORST = 10
_CONFUSIONS = 10

_ROWS = (
    ("accuracy", "accuracy", "of verdicts, refusals counted"),
    ("in-scope accuracy", "in_scope_accuracy", "best intent, accepted or not"),
    ("macro F1", "macro_f1", "of the intents"),
    ("coverage", "coverage", "accepted of all"),
    ("in-scope coverage", "in_scope_coverage", "accepted of these"),
    ("wrong rate", "wrong_rate", "of what is accepted"),
    ("choices", "ambiguous", "asked which is meant"),
    ("out-of-scope AUROC", "oos_auroc", ""),
    ("out-of-scope recall", "oos_recall", "refused of these"),
    ("  at 5 % of in scope", "oos_recall_at_5", "if so many may be refused"),
    ("calibration error", "ece", "15 bins of equal mass"),
    ("  in scope", "ece_in_scope", ""),
)


@dataclass(frozen=True)
class Asked:
    """What the command was asked for.

    Attributes:
        plan: which files.
        engine: its name.
        options: the engine's.
        promise: what thresholds have to keep.
        encoder: folder of the encoder.
        cache: folder that vectors are kept in; None keeps none.
        report: folder that the page is written into; None writes none.
    """

    plan: Plan
    engine: str
    options: Mapping[str, str]
    promise: Promise
    encoder: Path
    cache: Path | None = None
    report: Path | None = None


def run_eval(asked: Asked, *, as_json: bool) -> None:
    """Evaluates, prints the figures, and writes the page where one is asked for."""
    with watched("evaluation") as progress:
        settings = EncoderSettings.load().model_copy(update={"folder": asked.encoder})
        vectors = Vectors(lambda: open_encoder(settings), settings.workers, asked.cache)
        teacher = EngineTeacher(asked.engine, asked.options, asked.promise, vectors)
        found = run(asked.plan, teacher, progress)
    if asked.report:
        path = _written(found, asked, asked.report)
        errors.print(f"The page is {path}", highlight=False)
    if as_json:
        told = {"engine": asked.engine, "engine_options": dict(asked.options), **found.as_dict()}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(found, asked))


def _written(found: Evaluation, asked: Asked, folder: Path) -> Path:
    files = asked.plan.test or asked.plan.train
    title = f"{asked.engine} on {', '.join('/'.join(file.parts[-2:]) for file in files)}"
    if asked.plan.folds:
        title += f", {asked.plan.folds} folds"
    made = datetime.now().astimezone()
    try:
        return write_page(found, Subject(title, asked.engine, asked.options, asked.promise, made), folder)
    except OSError as error:
        fail(f"The page cannot be written to {folder}: {error.strerror}")


def shown(found: Evaluation, asked: Asked) -> RenderableType:
    """Returns the figures as tables."""
    parts: list[RenderableType] = [_headline(found, asked), Text()]
    if len(found.measured.by_language) > 1:
        parts += [_languages(found), Text()]
    parts += [_worst(found.measured.per_intent), Text()]
    if found.measured.confusions:
        parts += [_confusions(found), Text()]
    parts.append(Text(_summary(found, asked), style="dim"))
    parts += [Text(printable(note), style="yellow") for note in _notes(found)]
    return Group(*parts)


def _headline(found: Evaluation, asked: Asked) -> Table:
    table = _table(f"{asked.engine} on {len(found.outcome.messages)} messages", "", "", "95 %", "")
    table.columns[-1].justify = "left"
    for name, key, meaning in _ROWS:
        value = found.measured.figures[key]
        if value is None:
            continue
        interval = found.measured.intervals.get(key)
        reach = f"{interval.low:.3f} to {interval.high:.3f}" if interval else ""
        table.add_row(name, f"{value:.3f}", reach, Text(meaning, style="dim"))
    return table


def _languages(found: Evaluation) -> Table:
    table = _table("by language", "", "messages", "in-scope accuracy", "95 %", "coverage", "wrong rate")
    for one in found.measured.by_language:
        accuracy = "-" if one.in_scope_accuracy is None else f"{one.in_scope_accuracy:.3f}"
        reach = f"{one.interval.low:.3f} to {one.interval.high:.3f}"
        table.add_row(
            printable(one.language) or "unknown",
            str(one.messages),
            accuracy,
            reach,
            f"{one.coverage:.3f}",
            f"{one.wrong_rate:.3f}",
        )
    return table


def _worst(intents: "Sequence[IntentFigures]") -> Table:
    some = sorted((one for one in intents if one.support), key=lambda one: one.f1)[:_WORST]
    table = _table("intents with the lowest F1", "", "precision", "recall", "F1", "messages", "coverage")
    for one in some:
        coverage = "-" if one.coverage is None else f"{one.coverage:.3f}"
        table.add_row(
            printable(one.intent),
            f"{one.precision:.3f}",
            f"{one.recall:.3f}",
            f"{one.f1:.3f}",
            str(one.support),
            coverage,
        )
    return table


def _confusions(found: Evaluation) -> Table:
    table = _table("taken for another", "", "for", "times", "accepted")
    table.columns[1].justify = "left"
    for one in found.measured.confusions[:_CONFUSIONS]:
        table.add_row(printable(one.truth), printable(one.predicted), str(one.count), str(one.accepted))
    return table


def _summary(found: Evaluation, asked: Asked) -> str:
    thresholds = " / ".join(f"{name} {value:.3f}" for name, value in found.thresholds.items())
    return (
        f"at most {asked.promise.max_wrong:g} wrong promised with confidence {1 - asked.promise.delta:g}: {thresholds}\n"
        f"trained in {found.train_seconds:.1f} s, {found.milliseconds_per_message:.2f} ms a message, "
        f"at most {found.peak_memory_mb:.0f} MB"
    )


def _notes(found: Evaluation) -> list[str]:
    notes = list(found.notes)
    if found.thresholds.get("match", 0.0) >= NEVER:
        notes.insert(0, "No threshold keeps the promise: only what is known word for word is accepted.")
    return notes


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table
