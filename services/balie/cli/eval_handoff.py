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
from balie.nlu.evaluation.row_fields import values_of
from balie.nlu.signals import SignalReader
from balie.nlu.training_data import read_messages

_SHOWN = 20


def run_eval_handoff(
    files: Sequence[Path], languages: Sequence[str], *, language: str, label: str, by: str, as_json: bool
) -> None:
    """Evaluates and prints the figures, told apart by language and file, and by a field of the rows where one is named."""
    try:
        examples = read_messages(files, languages, language=language, oos_labels=()).items
        values = values_of(examples, by) if by else []
    except DataFileWrong as wrong:
        fail(str(wrong))
    if not any(example.intent == label for example in examples):
        errors.print(
            f"No message has the label {printable(label)}: only false alarms can be told.", style="yellow"
        )
    if by and not any(values):
        errors.print(f"No row has a field {printable(by)}.", style="yellow")
    found = measure_requests(examples, SignalReader(languages), label=label, values=values)
    if as_json:
        sys.stdout.write(json.dumps(_told(found, by), indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(found, by))


def _told(found: MeasuredRequests, by: str) -> dict[str, object]:
    parts = {"by_language": found.by_language, "by_file": found.by_file}
    if by:
        parts[f"by_{by}"] = found.by_value
    told = {name: {key: asdict(one) for key, one in part.items()} for name, part in parts.items()}
    return {**asdict(found.all), **told, "missed": found.missed, "false_alarms": found.false_alarms}


def shown(found: MeasuredRequests, by: str = "") -> RenderableType:
    """Returns the figures as tables, and what was heard wrong."""
    parts: list[RenderableType] = [_headline(found.all)]
    for name, part in (("language", found.by_language), ("file", found.by_file), (by, found.by_value)):
        if len(part) > 1:
            parts += [Text(), _parted(name, part)]
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


def _parted(name: str, parts: Mapping[str, RequestFigures]) -> Table:
    table = _table(f"by {printable(name)}", "", "do", "do not", "precision", "recall", "F1", "false alarms")
    for key, figures in parts.items():
        shares = (figures.precision, figures.recall, figures.f1)
        # Where nobody asks for a person, false alarms are all there is to tell.
        told = (f"{share:.3f}" if figures.requests else "-" for share in shares)
        alarms = f"{figures.false_alarm_rate:.2%}" if figures.others else "-"
        counts = (str(figures.requests), str(figures.others))
        table.add_row(printable(key) or "unknown", *counts, *told, alarms)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for place, column in enumerate(columns):
        # Names of files are told from each other by their ends: a narrow terminal breaks them and cuts nothing off.
        table.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    return table


def _texts(title: str, texts: Sequence[str]) -> list[RenderableType]:
    if not texts:
        return []
    more = f" (the first {_SHOWN} of {len(texts)})" if len(texts) > _SHOWN else ""
    return [Text(f"\n{title}{more}"), *(Text(f"  {printable(text)}", style="dim") for text in texts[:_SHOWN])]
