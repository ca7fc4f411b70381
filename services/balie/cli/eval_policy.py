"""Evaluates the whole policy and shows the figures."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.cli.console import console, errors, fail, printable
from balie.cli.eval_progress import watched
from balie.cli.policy_evaluation.figures import Share
from balie.cli.policy_evaluation.rows import MARKS, WHY_HEAD, head, markdown, number, rows, why_rows
from balie.cli.policy_evaluation.running import Evaluation, Plan, run
from balie.cli.policy_evaluation.turns import Judged
from balie.encoders import EncoderSettings
from balie.kit.text_files.markdown import MarksMissing

_SHOWN = 10


@dataclass(frozen=True)
class Asked:
    """What the command was asked for.

    Attributes:
        plan: what is evaluated.
        encoder: folder of the encoder.
        document: whose tables are written; None writes none.
    """

    plan: Plan
    encoder: Path
    document: Path | None = None


def run_eval_policy(asked: Asked, *, as_json: bool) -> None:
    """Evaluates, prints the figures, and writes them into the document where one is named."""
    try:
        with watched("evaluation") as progress:
            settings = EncoderSettings.load().model_copy(update={"folder": asked.encoder})
            found = run(asked.plan, settings, progress)
    except OSError as error:
        fail(f"{asked.plan.cache or 'A folder'}: models cannot be kept ({error.strerror}).")
    if asked.document:
        _write(asked.document, markdown(found, _subject(found, asked.plan)))
    if as_json:
        told = {"engine": asked.plan.task.engine, **found.as_dict()}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(found, asked.plan))


def _write(document: Path, tables: str) -> None:
    try:
        text = document.read_text(encoding="utf-8")
        document.write_text(MARKS.placed(text, tables), encoding="utf-8")
    except MarksMissing as error:
        fail(f"{document}: {error}")
    except OSError as error:
        fail(f"{document} cannot be written: {error.strerror}")
    errors.print(f"The tables are in {document}")


def _subject(found: Evaluation, plan: Plan) -> str:
    learned, judged = (
        " and ".join("/".join(path.parts[-2:]) for path in paths) for paths in (plan.train, plan.test)
    )
    stated = found.expected_out_of_scope
    share = "that of the examples" if stated is None else f"stated as {stated:g}"
    return (
        f"{plan.task.engine}, {found.examples:,} examples of {learned}, judged on {judged}; share out of scope: {share}; "
        f"at most {plan.task.promise.max_wrong:g} wrong promised; policy {found.policy_version}."
    )


def shown(found: Evaluation, plan: Plan) -> RenderableType:
    """Returns the figures as tables, what was decided why, and what was answered wrongly."""
    parts: list[RenderableType] = [_figures(found), Text(), _why(found)]
    parts += _texts("answered wrongly", found.wrong, lambda one: f"{one.message.intent} as {one.intent}")
    heard = found.person_requests
    parts += _texts("heard to ask for a person", heard, lambda one: one.message.intent)
    parts.append(Text(f"\n{printable(_subject(found, plan))}", style="dim"))
    parts += [Text(printable(note), style="yellow") for note in found.notes]
    return Group(*parts)


def _figures(found: Evaluation) -> Table:
    table = _table("what becomes of messages", *head(found))
    for row in rows(found, _narrow):
        table.add_row(*row)
    return table


def _narrow(share: Share) -> str:
    if share.value is None:
        return "-"
    return f"{number(share.value)} {share.interval.low:.3f}-{share.interval.high:.3f}"


def _why(found: Evaluation) -> Table:
    table = _table("", *WHY_HEAD)
    table.columns[1].justify = "left"
    for row in why_rows(found):
        table.add_row(*map(printable, row))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, padding=(0, 1))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _texts(title: str, turns: Sequence[Judged], about: Callable[[Judged], str]) -> list[RenderableType]:
    if not turns:
        return []
    more = f" (the first {_SHOWN} of {len(turns)})" if len(turns) > _SHOWN else ""
    lines = (printable(f"  {one.message.text}  ({about(one)})") for one in turns[:_SHOWN])
    return [Text(f"\n{title}{more}"), *(Text(line, style="dim") for line in lines)]
