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

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import Example
from balie.nlu.training_data.collecting import Collector, shortened
from balie.nlu.training_data.column_names import LABEL, LANGUAGE, TEXT
from balie.nlu.training_data.text_lines import text_lines

_DELIMITERS = (",", ";", "\t", "|")
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
    lines = _Lines(file, header.line, into)
    if header.delimiter == "\t" and not _is_quoted(file, header):
        rows = csv.reader(
            lines, delimiter=header.delimiter, quoting=csv.QUOTE_NONE, skipinitialspace=True, strict=True
        )
    else:
        rows = csv.reader(lines, delimiter=header.delimiter, skipinitialspace=True, strict=True)
    while True:
        lines.first = 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            into.wrong(lines.first, _meaning(error))
        else:
            if any(map(str.strip, row)):
                _add(lines.first, row, header, into)


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


class _Lines:
    """The lines after a header, and where the row that is being read begins."""

    def __init__(self, file: Path, header: int, into: Collector) -> None:
        self._lines = text_lines(file, into, newline="")
        self._header = header
        self.first = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for place, line in self._lines:
            if place > self._header:
                self.first = self.first or place
                return line
        raise StopIteration


def _header(file: Path) -> _Header:
    into = Collector()  # what is wrong further down is told when it is read
    into.file = file
    for place, line in text_lines(file, into):
        if not line.strip() or line.lower().startswith("sep="):  # Excel's own first line
            continue
        named: Sequence[str] = ()
        for delimiter in _DELIMITERS:
            names = [name.strip().lower() for name in _cells(line, delimiter)]
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


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _is_quoted(file: Path, header: _Header) -> bool:
    """Returns whether all of a file is right when quotes are taken as such."""
    unheard = Collector()
    unheard.file = file
    lines = _Lines(file, header.line, unheard)
    try:
        return all(
            len(row) in (0, header.width)
            for row in csv.reader(lines, delimiter=header.delimiter, skipinitialspace=True, strict=True)
        )
    except csv.Error:
        return False


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


def _meaning(error: csv.Error) -> str:
    problem = str(error)
    if "field larger" in problem:
        return f"a column has more than {csv.field_size_limit()} characters: is a quote not closed?"
    if "unexpected end" in problem:
        return "a quote that begins in this row is not closed"
    if "expected after" in problem:
        return "a quote stands inside a text in quotes: write it twice"
    return f"is no row: {problem}"
