"""Evaluates FAQ retrieval and shows the figures."""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console, errors, fail, printable
from balie.cli.eval_progress import watched
from balie.cli.eval_report.faq_page import Subject, write_faq_page
from balie.encoders import EncoderSettings, open_encoder
from balie.encoders.kept_vectors import KeptVectors
from balie.faq.evaluation.running import Evaluation, Plan, ShareUnknown, run
from balie.faq.retrieval.registry import open_retriever
from balie.kit.text_files.encoding import is_encoding

_ROWS = (
    ("first answer right", "p_at_1", "P@1, of the answerable"),
    ("among the first five", "hit_at_5", "hit@5, of these"),
    ("reciprocal rank", "mrr", "MRR, of these"),
    ("average precision", "map", "MAP, of these"),
    ("answerable AUROC", "answerable_auroc", "confidence tells who has an answer"),
    ("coverage", "coverage", "answered of the answerable"),
    ("right rate", "right_rate", "answered rightly of these"),
    ("wrong rate", "wrong_rate", "of all answers given"),
)


@dataclass(frozen=True)
class Asked:
    """What the command was asked for.

    Attributes:
        plan: which files, and what the threshold has to keep.
        retriever: its name.
        encoding: of the files, as it was named.
        encoder: folder of the encoder.
        cache: folder that vectors are kept in; None keeps none.
        report: folder that the page is written into; None writes none.
    """

    plan: Plan
    retriever: str
    encoding: str
    encoder: Path
    cache: Path | None = None
    report: Path | None = None


def run_eval_faq(asked: Asked, *, as_json: bool) -> None:
    """Evaluates, prints the figures, and writes the page where one is asked for."""
    if asked.encoding and not is_encoding(asked.encoding):
        fail(f"There is no encoding {asked.encoding!r}.", "Names are such as windows-1252 or utf-16.", code=2)
    try:
        found = _evaluated(asked)
    except ShareUnknown as error:
        fail(f"{str(error).capitalize()}.", "State it with --unanswerable, such as --unanswerable 0.3.")
    except OSError as error:
        fail(
            f"{asked.cache}: vectors cannot be kept ({error.strerror}).", "Name another folder with --cache."
        )
    if asked.report:
        errors.print(f"The page is {_written(found, asked, asked.report)}", highlight=False)
    if as_json:
        told = {"retriever": asked.retriever, **found.as_dict()}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(found, asked.retriever))


def _evaluated(asked: Asked) -> Evaluation:
    with watched("evaluation") as progress:
        retriever = open_retriever(asked.retriever, {})
        settings = EncoderSettings.load().model_copy(update={"folder": asked.encoder})
        vectors = KeptVectors(lambda: open_encoder(settings), settings.workers, asked.cache)
        return run(asked.plan, retriever, vectors, progress)


def _written(found: Evaluation, asked: Asked, folder: Path) -> Path:
    files = [*asked.plan.queries, *asked.plan.entries]
    title = f"{asked.retriever} on {', '.join('/'.join(file.path.parts[-2:]) for file in files)}"
    subject = Subject(title, asked.retriever, datetime.now().astimezone())
    try:
        return write_faq_page(found, subject, folder)
    except OSError as error:
        fail(f"The page cannot be written to {folder}: {error.strerror}")


def shown(found: Evaluation, retriever: str) -> RenderableType:
    """Returns the figures as tables."""
    parts: list[RenderableType] = [_headline(found, retriever), Text()]
    if len(found.by_language) > 1:
        parts += [_languages(found), Text()]
    parts.append(Text(_summary(found), style="dim"))
    parts += [Text(printable(note), style="yellow") for note in found.notes]
    return Group(*parts)


def _headline(found: Evaluation, retriever: str) -> Table:
    title = (
        f"{retriever} on {found.figures.queries} questions, {found.figures.answerable} of them answerable, "
        f"and {len(found.contents)} entries"
    )
    table = _table(title, "", "", "95 %", "")
    table.columns[-1].justify = "left"
    for name, key, meaning in _ROWS:
        value = getattr(found.figures, key)
        if value is None:
            continue
        interval = found.intervals.get(key)
        reach = f"{interval.low:.3f} to {interval.high:.3f}" if interval else ""
        table.add_row(name, f"{value:.3f}", reach, Text(meaning, style="dim"))
    table.add_row(
        "calibration error",
        f"{found.calibration_error:.3f}",
        "",
        Text("of the confidence, 15 bins", style="dim"),
    )
    return table


def _languages(found: Evaluation) -> Table:
    columns = ("", "questions", "P@1", "hit@5", "MRR", "coverage", "wrong rate")
    table = _table("by language", *columns)
    for language, one in found.by_language.items():
        table.add_row(
            printable(language) or "unknown",
            str(one.queries),
            *(_share(value) for value in (one.p_at_1, one.hit_at_5, one.mrr, one.coverage, one.wrong_rate)),
        )
    return table


def _summary(found: Evaluation) -> str:
    policy, latency = found.policy, found.figures.latency_ms
    learned = (
        f"{found.tuned_on} questions to tune on" if found.tuned_on else "the collection, as the service does"
    )
    return (
        f"threshold {found.figures.threshold:.3f}, learned from {learned}: at most {policy.max_wrong:g} wrong promised with "
        f"confidence {1 - policy.delta:g}, {policy.expected_unanswerable:.2f} of the questions unanswerable\n"
        f"a search takes {latency['p50']:.2f} ms, one in a hundred {latency['p99']:.2f} ms or more, with the question encoded"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table
