"""`balie encoder adapt`: teaches the encoder a language, and shows what that changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from rich.table import Table
from rich.text import Text

from balie.cli.console import console, fail, printable
from balie.cli.encoder_options import shown
from balie.encoders.adapting.adapt import Adapted, adapt, make_word_table
from balie.encoders.adapting.errors import PairsUnusable
from balie.encoders.adapting.language_check import CHECKED
from balie.encoders.adapting.plan import Plan
from balie.encoders.adapting.report import AdaptationRefused, AdaptationReport, EnglishScores, Stage

_LANGUAGE_ROWS = (
    ("tokens per word", "tokens_per_word", "{:.2f}"),
    ("tokens per sentence", "tokens_per_text", "{:.1f}"),
    ("words with an entry of their own", "known_words", "{:.1%}"),
    ("English translation found first (P@1)", "to_english", "{:.3f}"),
    ("found first from English (P@1)", "from_english", "{:.3f}"),
    ("cosine with its translation", "cosine", "{:.3f}"),
    ("cosine with other sentences", "cosine_random", "{:.3f}"),
)


def tags_of(listed: str) -> tuple[str, ...]:
    """Returns the languages of a list with commas, each once whatever its capitals; ends the command when there is none."""
    tags = {tag.strip().lower(): tag.strip() for tag in listed.split(",") if tag.strip()}
    if not tags:
        fail("--languages names no language: give one such as fr, or several such as nl,de.")
    return tuple(tags.values())


def run_adapt(plan: Plan, *, as_json: bool) -> None:
    """Adapts, and prints the measurements; ends the command with 1 and a sentence when nothing is written."""
    with shown("adapt") as progress:
        try:
            adapted = adapt(plan, progress)
        except AdaptationRefused as refused:
            progress("refused", 1.0)
            _print_refusal(refused, as_json=as_json)
        except PairsUnusable as error:
            fail(str(error))
    if as_json:
        console.print_json(json.dumps(_as_json(adapted)))
        return
    _print_report(adapted.report)
    if adapted.manifest is None:
        console.print("Nothing was written: this was a dry run.")
        return
    words = adapted.manifest.adaptations[-1].words
    trained = ", trained" if adapted.report.kept == "trained" else ""
    console.print(f"encoder {adapted.manifest.name} is in {adapted.folder}: {words} new words{trained}")
    console.print(f"fingerprint {adapted.manifest.fingerprint}", style="dim")
    console.print(
        f"Services use it with BALIE_ENCODER_FOLDER={adapted.folder}; indexes and models made with another encoder "
        "are made anew.",
        style="dim",
    )


def run_table(plan: Plan, file: Path, *, as_json: bool) -> None:
    """Writes the word table of all pairs and measures nothing; ends with 2 when more was asked for than that."""
    more = {
        "--to": plan.folder,
        "--name": plan.name,
        "--english": plan.english,
        "--train": plan.train,
        "--table": plan.table,
        "--replace": plan.replace,
        "--dry-run": plan.dry_run,
    }
    if given := [option for option, value in more.items() if value]:
        fail(f"--table-only writes the table and nothing else: leave out {' and '.join(given)}.", code=2)
    with shown("table") as progress:
        try:
            made = make_word_table(plan, file, progress)
        except PairsUnusable as error:
            fail(str(error))
    table = made.table
    if as_json:
        found = {
            "table": str(file),
            "words": len(table.words),
            "languages": list(table.languages),
            "language_checks": made.language_checks,
        }
        console.print_json(json.dumps(found))
        return
    console.print(f"{len(table.words)} words of {', '.join(table.languages)} are in {file}")
    _print_unchecked(made.language_checks)


def _print_refusal(refused: AdaptationRefused, *, as_json: bool) -> NoReturn:
    if as_json:
        console.print_json(json.dumps(_as_json(Adapted(refused.report, None, None))))
    else:
        _print_report(refused.report)
    fail(str(refused))


def _as_json(adapted: Adapted) -> dict[str, Any]:
    encoder = None
    if adapted.manifest is not None:
        encoder = {
            "folder": str(adapted.folder),
            **adapted.manifest.model_dump(mode="json", include={"name", "fingerprint", "adaptations"}),
        }
    return {"encoder": encoder, "report": asdict(adapted.report)}


def _print_report(report: AdaptationReport) -> None:
    stages = [("before", report.before), ("adapted", report.composed)]
    if report.trained is not None:
        stages.append(("trained", report.trained))
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    table.add_column()
    for name, _stage in stages:
        table.add_column(name, justify="right")
    for language in report.learnt:
        table.add_row(Text(printable(language), style="bold"))
        table.add_row("  pairs learnt from", "", f"{report.learnt[language]:,}")
        table.add_row("  pairs held out to measure", "", f"{report.held_out[language]:,}")
        table.add_row("  new words", "", f"{report.words.get(language, 0):,}")
        for label, field, form in _LANGUAGE_ROWS:
            values = (getattr(stage.languages[language], field) for _name, stage in stages)
            table.add_row(f"  {label}", *(form.format(value) for value in values))
    for place, english in enumerate(report.composed.english):
        table.add_row(Text(f"en, {printable(english.source)}", style="bold"))
        table.add_row("  texts", "", f"{english.texts:,}")
        columns = [_english(stage, place) for _name, stage in stages[1:]]
        for label, was, key in _english_rows(english):
            table.add_row(f"  {label}", was, *(column[key] for column in columns))
    console.print(table)
    _print_unchecked(report.language_checks)
    if report.trained is not None and report.kept != "trained":
        console.print("Training did not help: the new words stay as they were composed.")


def _print_unchecked(checks: Mapping[str, str]) -> None:
    for language, check in checks.items():
        if check != CHECKED:
            console.print(f"{printable(language)}: language {check}", style="yellow", markup=False)


def _english_rows(english: EnglishScores) -> list[tuple[str, str, str]]:
    """Returns each row's label, its value before, and where `_english` has the others."""
    rows = [
        ("texts with other tokens", "", "changed"),
        ("greatest change of a vector", "", "greatest"),
        ("same nearest neighbour", "", "agreement"),
    ]
    if english.accuracy_before is not None:
        rows.append(("accuracy by nearest neighbour", f"{english.accuracy_before:.3f}", "accuracy"))
    return rows


def _english(stage: Stage, place: int) -> dict[str, str]:
    english = stage.english[place]
    return {
        "changed": f"{english.changed} ({english.changed_share:.2%})",
        "greatest": f"{english.greatest_change:.4f}" if english.greatest_change else "none",
        "agreement": f"{english.agreement:.2%}",
        "accuracy": "" if english.accuracy_after is None else f"{english.accuracy_after:.3f}",
    }
