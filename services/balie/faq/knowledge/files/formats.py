"""Which format a file is of, told from its ending, and what reads and writes it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent
from balie.faq.knowledge.files import balie_yaml, delimited, faq_page, html_page, json_lines
from balie.faq.knowledge.files.entry import FileEntry
from balie.faq.knowledge.files.source import Source


class Writer(Protocol):
    """Writes a file of entries."""

    def write(self, content: EntryContent) -> None:
        """Writes one entry."""

    def end(self) -> None:
        """Writes what stands after the last one."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is read.

    Attributes:
        read: yields the entries of a file, and what is wrong with each that is none.
        unit: what an entry's place in a file is counted in.
    """

    read: Callable[[Source], Iterator[FileEntry | EntryFileWrong]]
    unit: str = "line"


_YAML = Format(balie_yaml.read)
_JSON_LINES = Format(json_lines.read)
_DELIMITED = Format(delimited.read)
_FAQ_PAGE = Format(faq_page.read, "question")
_HTML = Format(html_page.read, "question")

FORMATS: Mapping[str, Format] = {
    ".yaml": _YAML,
    ".yml": _YAML,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".csv": _DELIMITED,
    ".tsv": _DELIMITED,
    ".tab": _DELIMITED,
    ".jsonld": _FAQ_PAGE,
    ".json": _FAQ_PAGE,
    ".html": _HTML,
    ".htm": _HTML,
}
"""By the ending of a file's name, in lower case."""

WRITERS: Mapping[str, Callable[[TextIO], Writer]] = {
    "jsonl": json_lines.Writer,
    "csv": delimited.Writer,
    "yaml": balie_yaml.Writer,
    "jsonld": faq_page.Writer,
}
"""By the format's name."""


def format_of(path: Path) -> Format:
    """Returns the format of a file.

    Raises:
        EntryFileWrong: its ending is not known; names those that are.
    """
    known = FORMATS.get(path.suffix.lower())
    if known is None:
        raise EntryFileWrong(path, 0, f"unknown kind of file; known endings are {', '.join(FORMATS)}")
    return known
