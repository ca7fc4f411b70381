"""`balie nlu validate`: what validation found, for people and as JSON."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from balie.cli.console import console, errors, fail, printable
from balie.nlu.errors import StartRefused
from balie.nlu.examples import OUT_OF_SCOPE
from balie.nlu.validating import CHECKS, Finding, Place, Severity, Validation, validate

_SHOWN = {Severity.ERROR: 5, Severity.WARNING: 5, Severity.HINT: 3}
_PLACES_SHOWN = 3
_TEXT_CHARACTERS = 100
_LOOKS = {
    Severity.ERROR: ("✗", "bold red"),
    Severity.WARNING: ("▲", "yellow"),
    Severity.HINT: ("·", "cyan"),
}


def run_validate(
    files: Sequence[Path],
    languages: Sequence[str],
    *,
    language: str,
    oos_labels: Sequence[str] | None,
    skip: Sequence[str],
    strict: bool,
    show_all: bool,
    as_json: bool,
) -> bool:
    """Validates, prints what was found, and returns whether that is too bad: errors, or warnings where strict."""
    if unknown := sorted(set(skip) - CHECKS.keys()):
        fail(f"There is no check {unknown[0]!r}.", f"Checks are {', '.join(CHECKS)}.", code=2)
    columns = (TextColumn("validate"), BarColumn(bar_width=32), TextColumn("{task.description}"))
    try:
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task("", total=1.0)
            found = validate(
                files,
                languages,
                language=language,
                oos_labels=oos_labels,
                skip=skip,
                progress=lambda step, share: progress.update(task, description=step, completed=share),
            )
    except StartRefused as refused:
        fail(str(refused), "Name the language of the examples with --lang, or other --languages.")
    if as_json:
        sys.stdout.write(json.dumps(_as_dict(found), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(found, show_all=show_all)
    worst = found.severities.get(Severity.ERROR, 0)
    return bool(worst or (strict and found.severities.get(Severity.WARNING, 0)))


def _print(found: Validation, *, show_all: bool) -> None:
    console.print(_summary(found))
    by_check: dict[str, list[Finding]] = {}
    for finding in found.findings:
        by_check.setdefault(finding.check, []).append(finding)
    for check, findings in by_check.items():
        findings.sort(key=lambda finding: list(Severity).index(finding.severity))
        _print_check(check, findings, found.counts[check], show_all=show_all)
    console.print()
    console.print(_verdict(found))


def _summary(found: Validation) -> Text:
    intents = len(found.intents.keys() - {OUT_OF_SCOPE})
    parts = [
        _number(len(found.files), "file"),
        _number(found.examples, "example"),
        _number(intents, "intent"),
        *([f"{found.intents[OUT_OF_SCOPE]} oos"] if OUT_OF_SCOPE in found.intents else []),
        ", ".join(f"{tag or 'no language'} {count}" for tag, count in found.languages.items()),
    ]
    return Text(" · ".join(filter(None, parts)), style="bold")


def _print_check(check: str, findings: Sequence[Finding], count: int, *, show_all: bool) -> None:
    sign, style = _LOOKS[findings[0].severity]
    console.print()
    console.print(Text.assemble((f"{sign} {CHECKS[check].title}", style), (f"  {count}", "bold")))
    shown = findings if show_all else findings[: _SHOWN[findings[0].severity]]
    for finding in shown:
        for line in _lines(finding):
            _indented(line)
    if count > len(shown):
        hint = "" if show_all else "; --all shows them"
        _indented(Text(f"and {count - len(shown)} more{hint}", style="dim"))
    _indented(Text(f"→ {CHECKS[check].advice}", style="italic"))


def _indented(line: Text) -> None:
    console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _lines(finding: Finding) -> list[Text]:
    """Returns a finding as people read it: in one line where it is about one place."""
    if len(finding.places) > 1:
        return _several(finding)
    message = Text(printable(finding.message))
    if not finding.places:
        return [message]
    place = finding.places[0]
    line = Text.assemble((f"{_where(place)}  ", "dim"), message)
    return [line.append("  ").append_text(_quoted(place)) if place.text else line]


def _several(finding: Finding) -> list[Text]:
    """Returns a line for each place; what they have in common is said by the check, or before them."""
    lines = [] if any(place.text for place in finding.places) else [Text(printable(finding.message))]
    for place in finding.places[:_PLACES_SHOWN]:
        line = Text("  " if lines else "").append(f"{_where(place)}  ", style="dim")
        lines.append(line.append(printable(place.intent), style="magenta"))
        if place.text:
            line.append("  ").append_text(_quoted(place))
    if finding.similarity is not None:
        lines[-1].append(f"  {finding.similarity:.2f} alike", style="dim")
    if len(finding.places) > _PLACES_SHOWN:
        lines.append(Text(f"  and {len(finding.places) - _PLACES_SHOWN} more", style="dim"))
    return lines


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}" if place.line else str(place.file)


def _quoted(place: Place) -> Text:
    text = printable(" ".join(place.text.split()))
    return Text(text if len(text) <= _TEXT_CHARACTERS else text[: _TEXT_CHARACTERS - 1] + "…", style="green")


def _verdict(found: Validation) -> Text:
    counts = [(severity, found.severities.get(severity, 0)) for severity in Severity]
    if not any(count for _, count in counts):
        return Text("✓ Nothing to say against it.", style="bold green")
    shown = [(_number(count, severity.value), _LOOKS[severity][1]) for severity, count in counts if count]
    return Text(", ").join(Text(words, style=style) for words, style in shown)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _as_dict(found: Validation) -> dict[str, Any]:
    return {
        "files": [str(file) for file in found.files],
        "examples": found.examples,
        "intents": dict(found.intents),
        "languages": dict(found.languages),
        **{f"{severity.value}s": found.severities.get(severity, 0) for severity in Severity},
        "counts": {check: found.counts[check] for check in CHECKS if found.counts.get(check)},
        "findings": [_finding_as_dict(finding) for finding in found.findings],
    }


def _finding_as_dict(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "message": finding.message,
        **({} if finding.similarity is None else {"similarity": finding.similarity}),
        "places": [
            {
                "file": None if place.file is None else str(place.file),
                "line": place.line,
                "intent": place.intent,
                "language": place.language,
                "text": place.text,
            }
            for place in finding.places
        ],
    }
