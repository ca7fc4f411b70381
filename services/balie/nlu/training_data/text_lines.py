"""Reads the lines of a text file: in UTF-8 or, with its mark, UTF-16; of bounded length; and whatever their ends are."""

import codecs
import errno
import stat
from collections.abc import Iterator
from pathlib import Path

from balie.nlu.errors import DataFileWrong
from balie.nlu.training_data.collecting import Collector, wrong_encoding

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
        _refuse_pipes(file)
        with file.open(encoding=_encoding_of(file), errors="surrogateescape", newline=newline) as stream:
            place = 0
            while text := stream.readline(LINE_CHARACTERS + 1):
                place += 1
                if len(text) > LINE_CHARACTERS:
                    while text and not text.endswith(("\n", "\r")):
                        text = stream.readline(LINE_CHARACTERS)
                    into.wrong(place, f"the line is longer than {LINE_CHARACTERS} characters")
                elif problem := wrong_encoding(text):
                    into.wrong(place, f"the line {problem}")
                elif "\0" in text:
                    into.wrong(place, "the line holds a NUL character: save the file as UTF-8")
                else:
                    yield place, text
    except UnicodeDecodeError:  # of UTF-16, which cannot be read on
        raise DataFileWrong(file, 0, "begins like UTF-16 and is not: save the file as UTF-8") from None
    except OSError as error:
        raise DataFileWrong(file, 0, f"cannot be read: {error.strerror or type(error).__name__}") from None


def _refuse_pipes(file: Path) -> None:
    """A pipe or a device may keep a reader waiting for ever."""
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a folder has a message of its own
        raise OSError(errno.EINVAL, "it is a pipe or a device, and not a regular file")


def _encoding_of(file: Path) -> str:
    with file.open("rb") as stream:
        start = stream.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
