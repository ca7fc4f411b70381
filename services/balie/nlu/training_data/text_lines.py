"""Reads the lines of a text file of examples; what is wrong with one is collected."""

from collections.abc import Iterator
from pathlib import Path

from balie.kit.text_files.lines import FileUnreadable, read_lines
from balie.nlu.errors import DataFileWrong
from balie.nlu.training_data.collecting import Collector

LINE_CHARACTERS = 1_048_576


def text_lines(file: Path, into: Collector, newline: str | None = None) -> Iterator[tuple[int, str]]:
    r"""Yields each line's place, from 1, and its text; one that cannot be read is a problem, and passed over.

    Args:
        file: UTF-8 with or without a mark, or UTF-16 with one.
        into: is told what is wrong.
        newline: as for `open`: None gives `\n` for every line's end, "" leaves the ends as they are.

    Raises:
        DataFileWrong: the file cannot be read.
    """
    try:
        for line in read_lines(file, max_characters=LINE_CHARACTERS, newline=newline):
            if line.problem:
                into.wrong(line.place, f"the line {line.problem}")
            else:
                yield line.place, line.text
    except FileUnreadable as error:
        raise DataFileWrong(file, 0, error.problem) from None
