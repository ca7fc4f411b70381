"""Rows of training data, and what validation finds in them."""

import json
from collections.abc import Sequence
from pathlib import Path

from balie.nlu.validating import CHECKS, Finding, Validation, validate

LANGUAGES = ("nl", "de", "en")


def write(folder: Path, rows: Sequence[tuple[str, ...]], name: str = "data.jsonl") -> Path:
    """Writes rows of text, label and language, English unless it is given."""
    keys = ("text", "label", "lang")
    path = folder / name
    lines = [json.dumps(dict(zip(keys, (*row, "en"), strict=False))) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def validated(folder: Path, rows: Sequence[tuple[str, ...]]) -> Validation:
    """Returns what validation says of rows, all checks together."""
    return validate([write(folder, rows)], LANGUAGES)


def found_by(check: str, folder: Path, rows: Sequence[tuple[str, ...]]) -> list[Finding]:
    """Returns what one check finds in rows."""
    others = CHECKS.keys() - {check}
    return list(validate([write(folder, rows)], LANGUAGES, skip=others).findings)


def lines_of(finding: Finding) -> list[int]:
    """Returns the lines a finding is about."""
    return [place.line for place in finding.places]
