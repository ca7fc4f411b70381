"""JSON Lines: `{"text": "mag mijn fiets mee", "label": "bicycle_information", "lang": "nl"}`, one a line.

The label may be called `intent`, and `lang` may be left out; whatever else an object holds is not looked at.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from balie.nlu.examples import Example
from balie.nlu.training_data.collecting import Collector
from balie.nlu.training_data.column_names import LABEL, LANGUAGE, TEXT
from balie.nlu.training_data.text_lines import text_lines

_SHAPE = 'a line holds {"text": ..., "label": ..., "lang": ...}'


def read(file: Path, into: Collector) -> None:
    """Collects the examples of a file.

    Raises:
        DataFileWrong: it cannot be read at all.
    """
    empty = True
    for place, line in text_lines(file, into):
        if line.isspace():
            continue
        if empty and line.strip() in ("[", "{"):
            into.wrong(place, f"is JSON over several lines, and not JSON Lines: {_SHAPE}")
            return
        empty = False
        _add(place, line, into)
    if empty and not into.problems:
        into.wrong(0, "is empty")


def write(examples: Iterable[Example], stream: TextIO) -> None:
    """Writes examples, one a line."""
    for example in examples:
        row = {"text": example.text, "label": example.intent}
        if example.language:
            row["lang"] = example.language
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _add(place: int, line: str, into: Collector) -> None:
    try:
        row = json.loads(line.strip(), object_pairs_hook=_once)
    except _Twice as twice:
        into.wrong(place, f"holds {twice} twice")
        return
    except json.JSONDecodeError as error:
        into.wrong(place, f"is not JSON, from column {error.colno}: {_SHAPE}")
        return
    except (ValueError, RecursionError):  # a number of thousands of digits, or a thousand brackets
        into.wrong(place, f"is not JSON: {_SHAPE}")
        return
    if not isinstance(row, dict):
        into.wrong(place, f"is JSON, but no object: {_SHAPE}")
        return
    text, label, language = (_first(row, names) for names in (TEXT, LABEL, LANGUAGE))
    if text is None or label is None:
        lacking = TEXT[0] if text is None else f"{LABEL[0]} or {LABEL[1]}"
        into.wrong(place, f"has no {lacking}: {_SHAPE}")
    elif not isinstance(text, str):
        into.wrong(place, "the text is no text: put it between quotes")
    elif isinstance(label, bool) or not isinstance(label, str | int):
        into.wrong(place, "the label is neither a text nor a whole number")
    elif not isinstance(language or "", str):
        into.wrong(place, "the language is no text such as nl")
    else:
        into.add(place, str(label), text, language or "")


def _first(row: dict[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


class _Twice(Exception):
    """An object has a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found
