"""Reads lines as rows of columns: CSV and its kin, parted by comma, semicolon, tab or bar.

Texts may stand in quotes, with a quote written twice and line ends inside. Files of tabs that use quotes as plain signs
are read as such.

Source: RFC 4180.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        place: line in which it begins, from 1.
        cells: empty when it could not be read.
        problem: why it could not be read, "" if it could.
    """

    place: int
    cells: Sequence[str]
    problem: str = ""


def cells_of(line: str, delimiter: str) -> list[str]:
    """Returns the cells of one line; none when it cannot be read."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return []


def read_rows(lines: Iterable[tuple[int, str]], delimiter: str, *, quoted: bool) -> Iterator[Row]:
    """Yields rows, those without any text left out.

    Args:
        lines: after the header, with their places and ends.
        delimiter: one of `DELIMITERS`.
        quoted: whether quotes are taken as such; see `is_quoted`.
    """
    places = _Places(lines)
    rows = csv.reader(
        places,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        skipinitialspace=True,
        strict=True,
    )
    while True:
        places.first = 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(places.first, (), _meaning(error))
        else:
            if any(map(str.strip, row)):
                yield Row(places.first, row)


def is_quoted(lines: Iterable[tuple[int, str]], delimiter: str, width: int) -> bool:
    """Returns whether all rows are right when quotes are taken as such; only files of tabs use them otherwise."""
    if delimiter != "\t":
        return True
    texts = (text for _, text in lines)
    try:
        rows = csv.reader(texts, delimiter=delimiter, skipinitialspace=True, strict=True)
        return all(len(row) in (0, width) for row in rows)
    except csv.Error:
        return False


class _Places:
    """Lines as `csv` takes them, and where the row that is being read begins."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._lines = iter(lines)
        self.first = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        place, line = next(self._lines)
        self.first = self.first or place
        return line


def _meaning(error: csv.Error) -> str:
    problem = str(error)
    if "field larger" in problem:
        return f"a column has more than {csv.field_size_limit()} characters: is a quote not closed?"
    if "unexpected end" in problem:
        return "a quote that begins in this row is not closed"
    if "expected after" in problem:
        return "a quote stands inside a text in quotes: write it twice"
    return f"is no row: {problem}"
