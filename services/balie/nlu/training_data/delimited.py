"""CSV and its kin: a header that names the columns `text`, `label` (or `intent`) and perhaps `lang`, then a row each.

Columns are parted by comma, semicolon, tab or bar: by whichever the header is. Texts may stand in quotes, with a quote
written twice and line ends inside. Files of tabs that use quotes as plain signs are read as such.

Source: RFC 4180.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from balie.kit.text_files.rows import DELIMITERS, cells_of, is_quoted, read_rows
from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import Example
from balie.nlu.training_data.collecting import Collector, shortened
from balie.nlu.training_data.column_names import LABEL, LANGUAGE, TEXT
from balie.nlu.training_data.text_lines import text_lines

_NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Header:
    """Where a row has what; `language` is None when no column has it."""

    line: int
    delimiter: str
    width: int
    text: int
    label: int
    language: int | None


def read(file: Path, into: Collector) -> None:
    """Collects the examples of a file.

    Raises:
        DataFileWrong: it cannot be read at all, or has no header.
    """
    header = _header(file)
    unheard = Collector()
    unheard.file = file
    quoted = is_quoted(_rest(file, header, unheard), header.delimiter, header.width)
    for row in read_rows(_rest(file, header, into), header.delimiter, quoted=quoted):
        if row.problem:
            into.wrong(row.place, row.problem)
        else:
            _add(row.place, row.cells, header, into)


def write(examples: Iterable[Example], stream: TextIO) -> None:
    """Writes examples with commas, and without the language where none is known."""
    kept = list(examples)
    has_language = any(example.language for example in kept)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([TEXT[0], LABEL[0], *([LANGUAGE[0]] if has_language else [])])
    for example in kept:
        writer.writerow([example.text, example.intent, *([example.language] if has_language else [])])


def looks_delimited(file: Path) -> bool:
    """Returns whether a file begins with a header as it should be.

    Raises:
        DataFileWrong: it cannot be read.
    """
    try:
        _header(file)
    except _NoHeader:
        return False
    return True


class _NoHeader(DataFileWrong):
    """The first line does not name the columns."""


def _rest(file: Path, header: _Header, into: Collector) -> Iterator[tuple[int, str]]:
    """Yields the lines after the header."""
    return ((place, line) for place, line in text_lines(file, into, newline="") if place > header.line)


def _header(file: Path) -> _Header:
    into = Collector()  # what is wrong further down is told when it is read
    into.file = file
    for place, line in text_lines(file, into):
        if not line.strip() or line.lower().startswith("sep="):  # Excel's own first line
            continue
        named: Sequence[str] = ()
        for delimiter in DELIMITERS:
            names = [name.strip().lower() for name in cells_of(line, delimiter)]
            text, label, language = (_place(names, known) for known in (TEXT, LABEL, LANGUAGE))
            if text is not None and label is not None:
                return _Header(place, delimiter, len(names), text, label, language)
            named = max(named, names, key=len)
        if into.problems:
            break
        raise _NoHeader(
            file,
            place,
            f"the first line must name the columns {TEXT[0]} and {LABEL[0]} (or {LABEL[1]}), and perhaps {LANGUAGE[0]}; "
            f"it has {', '.join(map(shortened, named[:_NAMES_SHOWN]))}",
        )
    if into.problems:
        raise into.problems[0]
    raise _NoHeader(file, 0, "is empty")


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _add(place: int, row: Sequence[str], header: _Header, into: Collector) -> None:
    if len(row) < header.width:
        into.wrong(place, f"has {len(row)} columns, the header has {header.width}")
    elif any(map(str.strip, row[header.width :])):
        into.wrong(
            place,
            f"has {len(row)} columns, the header has {header.width}: put a text that holds "
            f"{shortened(header.delimiter)} between quotes",
        )
    else:
        language = "" if header.language is None else row[header.language]
        into.add(place, row[header.label], row[header.text], language)
