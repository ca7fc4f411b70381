"""Reads the entries of a file, whichever format it is of."""

from collections.abc import Iterator
from pathlib import Path

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files.entry import FileEntry
from balie.faq.knowledge.files.formats import format_of
from balie.faq.knowledge.files.joining import distinct, joined
from balie.faq.knowledge.files.source import Source


def scan_entries(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the entries of a file in its order, and what is wrong with each that is none.

    Raises:
        EntryFileWrong: the file cannot be read to its end, or holds no entries at all.
    """
    empty = True
    for found in distinct(source, joined(source, format_of(source.path).read(source))):
        empty = False
        yield found
    if empty:
        raise source.wrong(0, "holds no entries")


def read_entries(source: Source | Path) -> Iterator[FileEntry]:
    """Yields the entries of a file in its order.

    Raises:
        EntryFileWrong: it cannot be read, or something in it is no entry; names the place.
    """
    for found in scan_entries(source if isinstance(source, Source) else Source(source)):
        if isinstance(found, EntryFileWrong):
            raise found
        yield found


def count_entries(source: Source | Path) -> int:
    """Returns how many entries a file holds, after reading it to its end.

    Raises:
        EntryFileWrong: as `read_entries`.
    """
    return sum(1 for _ in read_entries(source))
