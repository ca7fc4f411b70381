"""Reads the lines of a text file: of bounded length, and whatever their ends are."""

import errno
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from balie.kit.text_files.encoding import encoding_of, wrong_encoding

_LINES_BETWEEN_REPORTS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        place: from 1.
        text: with its end, and with surrogates for bytes that could not be decoded; cut where it is too long.
        problem: what is wrong with it, "" if nothing.
    """

    place: int
    text: str
    problem: str


class FileUnreadable(Exception):
    """A file cannot be read, or not on from where it was read to.

    Attributes:
        problem: what is wrong.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_lines(
    file: Path,
    *,
    max_characters: int,
    encoding: str = "",
    newline: str | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[Line]:
    r"""Yields the lines of a file, those that cannot be used with what is wrong with them.

    Args:
        file: UTF-8 with or without a mark, or UTF-16 with one, unless an encoding is named.
        max_characters: of a line; more are not held in memory.
        encoding: the one it is in.
        newline: as for `open`: None gives `\n` for every line's end, "" leaves the ends as they are.
        on_bytes: told now and then how many bytes were read.

    Raises:
        FileUnreadable: it cannot be read.
    """
    try:
        refuse_pipes(file)
        used = encoding or encoding_of(file)
        with (
            file.open("rb") as raw,
            TextIOWrapper(raw, encoding=used, errors="surrogateescape", newline=newline) as stream,
        ):
            place = 0
            while text := stream.readline(max_characters + 1):
                place += 1
                if on_bytes is not None and place % _LINES_BETWEEN_REPORTS == 0:
                    on_bytes(raw.tell())
                if len(text) > max_characters:
                    rest = text
                    while rest and not rest.endswith(("\n", "\r")):
                        rest = stream.readline(max_characters)
                    yield Line(place, text, f"is longer than {max_characters} characters")
                elif problem := wrong_encoding(text):
                    yield Line(place, text, problem)
                elif "\0" in text:
                    yield Line(place, text, "holds a NUL character: save the file as UTF-8")
                else:
                    yield Line(place, text, "")
    except UnicodeDecodeError:  # of UTF-16 and others of several bytes, which cannot be read on
        if encoding:
            raise FileUnreadable(f"is not {encoding}") from None
        raise FileUnreadable("begins like UTF-16 and is not: save the file as UTF-8") from None
    except OSError as error:
        raise FileUnreadable(f"cannot be read: {error.strerror or type(error).__name__}") from None


def refuse_pipes(file: Path) -> None:
    """Refuses a pipe or a device, which may keep a reader waiting for ever.

    Raises:
        OSError: it is one, or cannot be looked at.
    """
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a folder has a message of its own
        raise OSError(errno.EINVAL, "it is a pipe or a device, and not a regular file")
