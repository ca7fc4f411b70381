"""A file that entries are read from: its lines, or the whole of it, in whichever encoding it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from balie.faq.errors import EntryFileWrong
from balie.kit.text_files.encoding import as_windows_1252, encoding_of, undecoded
from balie.kit.text_files.lines import FileUnreadable, Line, read_lines, refuse_pipes

LINE_CHARACTERS = 16 * 1024 * 1024
"""Several times an entry of 20 languages at its bounds."""

WHOLE_BYTES = 64 * 1024 * 1024
"""Of a file that is read whole: a page, or JSON that is one value."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what its reader was told about it.

    Attributes:
        encoding: the one it is in; "" for UTF-8 with or without a mark, or UTF-16 with one.
        language: of texts for which the file names none; "" for none.
        on_bytes: told now and then how many bytes were read.
    """

    path: Path
    encoding: str = ""
    language: str = ""
    on_bytes: Callable[[int], None] | None = None

    def wrong(self, line: int, problem: str) -> EntryFileWrong:
        """Returns what is told of a line."""
        return EntryFileWrong(self.path, line, problem)

    def lines(self, *, newline: str | None = None) -> Iterator[tuple[int, str]]:
        r"""Yields its lines with their places, from 1.

        Args:
            newline: None gives `\n` for every line's end, "" leaves the ends as they are.

        Raises:
            EntryFileWrong: it cannot be read to its end.
        """
        try:
            for line in read_lines(
                self.path,
                max_characters=LINE_CHARACTERS,
                encoding=self.encoding,
                newline=newline,
                on_bytes=self.on_bytes,
            ):
                if line.problem:
                    raise self.wrong(line.place, self._problem(line))
                yield line.place, line.text
        except FileUnreadable as error:
            raise self.wrong(0, error.problem) from None

    def whole(self) -> str:
        """Returns all of it.

        Raises:
            EntryFileWrong: it cannot be read to its end, or is too large to be read whole.
        """
        try:
            refuse_pipes(self.path)
            if self.path.stat().st_size > WHOLE_BYTES:
                problem = f"has more than {WHOLE_BYTES} bytes; JSON Lines and CSV may be larger"
                raise self.wrong(0, problem)
        except OSError as error:
            problem = f"cannot be read: {error.strerror or type(error).__name__}"
            raise self.wrong(0, problem) from None
        return "".join(text for _, text in self.lines())

    def _problem(self, line: Line) -> str:
        found = undecoded(line.text)
        if found is None:
            return f"the line {line.problem}"
        byte, column = found
        used = self.encoding or ("UTF-16" if encoding_of(self.path) == "utf-16" else "UTF-8")
        problem = f"the byte 0x{byte:02X} in column {column} is not {used}"
        guess = "" if self.encoding else as_windows_1252(line.text)
        if not guess:
            return f"{problem}: save the file as UTF-8, or name its encoding with --encoding"
        return (
            f"{problem}; in Windows-1252 it is {guess[column - 1 :][:1]!r}: save the file as UTF-8, or add "
            "--encoding windows-1252"
        )
