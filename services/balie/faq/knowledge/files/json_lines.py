"""JSON Lines: an entry a line, with the keys of the YAML; or flat, one language a line.

{"id": "dogs", "texts": {"nl": {"question": "Mag mijn hond mee?", "answer": "Ja."}}, "tags": ["pets"]}
{"id": "dogs", "language": "nl", "question": "Mag mijn hond mee?", "answer": "Ja."}
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, TextIO

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent
from balie.faq.knowledge.files.entry import (
    FileEntry,
    Wrong,
    attempt,
    flat_entry,
    plain,
    plain_texts,
    whole_entry,
)
from balie.faq.knowledge.files.source import Source


def read(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the entries of a file, and what is wrong with the lines that are none.

    Raises:
        EntryFileWrong: it cannot be read to its end.
    """
    for place, line in source.lines():
        if not line.isspace():
            yield attempt(source, place, partial(_entry, source, place, line))


class Writer:
    """Writes entries, one a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, content: EntryContent) -> None:
        """Writes one."""
        row = plain(content) | {"texts": plain_texts(content)}
        self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def end(self) -> None:
        """Writes nothing."""


def _entry(source: Source, place: int, line: str) -> FileEntry:
    try:
        raw = json.loads(line, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Wrong(f"is not JSON, column {error.colno}: an entry stands on a line of its own") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, or a thousand brackets
        raise Wrong("is not JSON that could be an entry") from None
    if isinstance(raw, dict) and "texts" not in raw and "question" in raw:
        return flat_entry(place, raw, source.language)
    return whole_entry(place, raw)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Wrong(f"{twice!r} is given twice")
    return found
