"""Tables in Markdown, and the place between two marks of a document that a command writes its tables into."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class MarksMissing(Exception):
    """A document has no place for what a command writes."""

    def __init__(self, marks: "Marks") -> None:
        super().__init__(
            f"the document needs the lines {marks.begin} and {marks.end}, in this order, for the table to stand between"
        )


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one command.

    Attributes:
        command: as people write it.
    """

    command: str

    @property
    def begin(self) -> str:
        """Returns the line before what the command writes."""
        return f"<!-- {self.command}: begin -->"

    @property
    def end(self) -> str:
        """Returns the line after it."""
        return f"<!-- {self.command}: end -->"

    def placed(self, document: str, text: str) -> str:
        """Returns a document with a text between the marks, in place of what was there.

        Raises:
            MarksMissing: they are not there.
        """
        before, begin, rest = document.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise MarksMissing(self)
        return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Returns the lines of a table, with an empty one before and after."""
    rows = [" | ".join(_cell(one) for one in line) for line in lines]
    rule = " | ".join("---" for _ in head)
    return ["", f"| {' | '.join(head)} |", f"| {rule} |", *(f"| {row} |" for row in rows), ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
