"""Rows of one language each that make an entry together, and ids that are given twice."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files.entry import FileEntry
from balie.faq.knowledge.files.source import Source

Found = FileEntry | EntryFileWrong

_DIGEST_BYTES = 16


def joined(source: Source, rows: Iterable[Found]) -> Iterator[Found]:
    """Yields entries, made of the rows that follow each other with the same id."""
    open_entry: FileEntry | None = None
    for row in rows:
        if isinstance(row, EntryFileWrong):
            yield row
        elif open_entry is not None and row.is_part and row.id == open_entry.id:
            if problem := _cannot_join(open_entry, row):
                yield row.wrong(source, problem)
            else:
                content = replace(open_entry.content, texts=(*open_entry.texts, *row.texts))
                open_entry = replace(open_entry, content=content)
        else:
            if open_entry is not None:
                yield open_entry
            open_entry = row if row.is_part else None
            if open_entry is None:
                yield row
    if open_entry is not None:
        yield open_entry


def distinct(source: Source, rows: Iterable[Found]) -> Iterator[Found]:
    """Yields entries, and for one whose id was given before what is wrong with it; keeps 16 bytes and a place of each."""
    places: dict[bytes, int] = {}
    for row in rows:
        if isinstance(row, FileEntry):
            key = blake2b(row.id.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
            if key in places:
                yield row.wrong(source, f"the id {row.id!r} is that of {row.unit} {places[key]} too")
                continue
            places[key] = row.place
        yield row


def _cannot_join(first: FileEntry, row: FileEntry) -> str:
    (text,) = row.texts
    if any(text.language.lower() == known.language.lower() for known in first.texts):
        return f"{row.id!r} has texts in {text.language} already, since {first.where}"
    for name in sorted(row.said):
        if getattr(row.content, name) != getattr(first.content, name):
            return f"{name!r} of {row.id!r} is not that of {first.where}, where the entry begins"
    return ""
