"""Evaluates how well requests for a person are heard, and shows the figures."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console, errors, fail, printable
from balie.nlu.errors import DataFileWrong
from balie.nlu.evaluation.person_requests import MeasuredRequests, RequestFigures, measure_requests
from balie.nlu.signals import SignalReader
from balie.nlu.training_data import read_messages

_SHOWN = 20


def run_eval_handoff(
    files: Sequence[Path], languages: Sequence[str], *, language: str, label: str, as_json: bool
) -> None:
    """Evaluates and prints the figures."""
    try:
        examples = read_messages(files, languages, language=language, oos_labels=()).items
    except DataFileWrong as wrong:
        fail(str(wrong))
    if not any(example.intent == label for example in examples):
        errors.print(
            f"No message has the label {printable(label)}: only false alarms can be told.", style="yellow"
        )
    found = measure_requests(examples, SignalReader(languages), label=label)
    if as_json:
        by_language = {tag: asdict(figures) for tag, figures in found.by_language.items()}
        told = {**asdict(found.all), "by_language": by_language, "missed": found.missed}
        told["false_alarms"] = found.false_alarms
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(found))


def shown(found: MeasuredRequests) -> RenderableType:
    """Returns the figures as tables, and what was heard wrong."""
    parts: list[RenderableType] = [_headline(found.all)]
    if len(found.by_language) > 1:
        parts += [Text(), _languages(found.by_language)]
    parts += _texts("not heard", found.missed)
    parts += _texts("heard where there is none", found.false_alarms)
    return Group(*parts)


def _headline(figures: RequestFigures) -> Table:
    title = f"asks for a person: {figures.requests} messages that do, {figures.others} that do not"
    table = _table(title, "", "", "95 %")
    for name, value, interval in (
        ("precision", figures.precision, figures.precision_interval),
        ("recall", figures.recall, figures.recall_interval),
    ):
        table.add_row(name, f"{value:.3f}", f"{interval.low:.3f} to {interval.high:.3f}")
    table.add_row("F1", f"{figures.f1:.3f}", "")
    table.add_row("false alarms", f"{figures.false_alarm_rate:.2%}", "")
    return table


def _languages(by_language: Mapping[str, RequestFigures]) -> Table:
    table = _table("by language", "", "do", "do not", "precision", "recall", "F1", "false alarms")
    for language, figures in by_language.items():
        shares = (f"{share:.3f}" for share in (figures.precision, figures.recall, figures.f1))
        counts = (str(figures.requests), str(figures.others))
        table.add_row(printable(language) or "unknown", *counts, *shares, f"{figures.false_alarm_rate:.2%}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _texts(title: str, texts: Sequence[str]) -> list[RenderableType]:
    if not texts:
        return []
    more = f" (the first {_SHOWN} of {len(texts)})" if len(texts) > _SHOWN else ""
    return [Text(f"\n{title}{more}"), *(Text(f"  {printable(text)}", style="dim") for text in texts[:_SHOWN])]
