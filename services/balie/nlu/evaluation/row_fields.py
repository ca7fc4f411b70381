"""What a file says of its rows beside text, label and language, for figures that are told apart by it."""

import json
from collections.abc import Sequence
from pathlib import Path

from balie.kit.text_files.lines import read_lines
from balie.nlu.examples import Example
from balie.nlu.training_data.text_lines import LINE_CHARACTERS


def values_of(examples: Sequence[Example], name: str) -> list[str]:
    """Returns what the row of each example holds under a name; empty where it has nothing, or is no row of JSON Lines.

    Args:
        examples: as they were read, with file and line.
        name: such as `source`.

    Raises:
        FileUnreadable: a file cannot be read any more.
    """
    rows: dict[Path, dict[int, str]] = {}
    for file in {one.file for one in examples if one.file is not None}:
        lines = read_lines(file, max_characters=LINE_CHARACTERS)
        rows[file] = {line.place: line.text for line in lines if not line.problem}
    return [_value(rows[one.file].get(one.line, ""), name) if one.file else "" for one in examples]


def _value(line: str, name: str) -> str:
    try:
        row = json.loads(line)
    except ValueError:
        return ""
    value = row.get(name) if isinstance(row, dict) else None
    return "" if value is None else str(value)


def shown_file(file: Path | None) -> str:
    """Returns a file's name with that of its folder: `train.jsonl` alone tells nobody which."""
    return "" if file is None else "/".join(file.parts[-2:])
