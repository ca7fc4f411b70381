"""CSV and its kin: a header that names the columns, then a row for each language of each entry.

    id,language,question,answer,phrasings,tags,state,valid_from,valid_until,audience,market,metadata

`id`, `question` and `answer` must be there. Columns are parted by comma, semicolon, tab or bar, by whichever the header is;
`phrasings`, `tags`, `audience` and `market` hold texts parted by bars (`lists`), `metadata` a JSON object. The rows of an
entry stand one after another; what is not of one language need stand in the first of them alone.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent
from balie.faq.knowledge.files.entry import FileEntry, Wrong, attempt, flat_entry, plain
from balie.faq.knowledge.files.lists import join, split
from balie.faq.knowledge.files.source import Source
from balie.kit.text_files.rows import DELIMITERS, Row, cells_of, is_quoted, read_rows

COLUMNS = (
    "id",
    "language",
    "question",
    "answer",
    "phrasings",
    "tags",
    "state",
    "valid_from",
    "valid_until",
    "audience",
    "market",
    "metadata",
)
_NEEDED = ("id", "question", "answer")
_LISTS = ("phrasings", "tags", "audience", "market")
_OTHER_NAMES = {"lang": "language", "locale": "language"}
_NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Header:
    line: int
    delimiter: str
    names: Sequence[str]


def read(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the entries of a file, one language each, and what is wrong with the rows that are none.

    Raises:
        EntryFileWrong: it cannot be read to its end, or its first line does not name the columns.
    """
    header = _header(source)
    quoted = is_quoted(_rest(source, header), header.delimiter, len(header.names))
    for row in read_rows(_rest(source, header), header.delimiter, quoted=quoted):
        yield attempt(source, row.place, partial(_entry, source, header, row))


class Writer:
    """Writes entries with commas, a row for each language."""

    def __init__(self, stream: TextIO) -> None:
        # All in quotes: a reader drops spaces before a text that has none.
        self._rows = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._rows.writerow(COLUMNS)

    def write(self, content: EntryContent) -> None:
        """Writes one."""
        shared = plain(content)
        for text in content.texts:
            values = shared | {
                "language": text.language,
                "question": text.question,
                "answer": text.answer,
                "phrasings": text.phrasings,
            }
            self._rows.writerow([_cell(name, values.get(name)) for name in COLUMNS])
            shared = {"id": content.id}

    def end(self) -> None:
        """Writes nothing."""


def _cell(name: str, value: Any) -> str:
    if not value:
        return ""
    if name in _LISTS:
        return join(value)
    return json.dumps(value, ensure_ascii=False) if name == "metadata" else str(value)


def _header(source: Source) -> _Header:
    for place, line in source.lines():
        if not line.strip() or line.lower().startswith("sep="):  # Excel's own first line
            continue
        shown: Sequence[str] = ()
        for delimiter in DELIMITERS:
            cells = [name.strip().lower() for name in cells_of(line, delimiter)]
            names = [_OTHER_NAMES.get(name, name) for name in cells]
            if set(_NEEDED) <= set(names):
                _check(source, place, names)
                return _Header(place, delimiter, names)
            shown = max(shown, cells, key=len)
        problem = f"the first line must name the columns {', '.join(_NEEDED)} and perhaps others; it has "
        raise source.wrong(place, problem + ", ".join(repr(name[:40]) for name in shown[:_NAMES_SHOWN]))
    raise source.wrong(0, "is empty")


def _check(source: Source, place: int, names: Sequence[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            raise source.wrong(place, f"the column {name[:40]!r} is unknown; known are {', '.join(COLUMNS)}")
        if names.count(name) > 1:
            raise source.wrong(place, f"the column {name!r} is there twice")


def _rest(source: Source, header: _Header) -> Iterator[tuple[int, str]]:
    """Yields the lines after the header."""
    return ((place, line) for place, line in source.lines(newline="") if place > header.line)


def _entry(source: Source, header: _Header, row: Row) -> FileEntry:
    if row.problem:
        raise Wrong(row.problem)
    width = len(header.names)
    if len(row.cells) < width:
        raise Wrong(f"has {len(row.cells)} columns, the header has {width}")
    if any(map(str.strip, row.cells[width:])):
        raise Wrong(
            f"has {len(row.cells)} columns, the header has {width}: put a text that holds "
            f"{header.delimiter!r} between quotes"
        )
    values: dict[str, Any] = dict(zip(header.names, row.cells, strict=False))
    for name in _LISTS:
        if name in values:
            values[name] = split(values[name])
    if values.get("metadata", "").strip():
        values["metadata"] = _metadata(values["metadata"])
    else:
        values.pop("metadata", None)
    return flat_entry(
        row.place, {key: value for key, value in values.items() if _is_given(value)}, source.language
    )


def _is_given(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _metadata(cell: str) -> Mapping[str, Any]:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Wrong('\'metadata\' must be a JSON object such as {"owner": "webshop"}')
    return found
