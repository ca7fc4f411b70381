"""The folder a desk is set up from: its knowledge, its intents and keywords, its calendars, queues and people, its demo."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from balie.cli.desk_file import DeskFile
    from balie.handoff.calendars.calendar import Calendar

SAMPLE = Path(__file__).parent / "waddenveer"
"""The desk of the ferry line Waddenveer, which does not exist; it ships with the package."""


class DeskFolderWrong(Exception):
    """A desk's folder lacks a file or holds one that cannot be read; the message names it."""


@dataclass(frozen=True)
class Desk:
    """Where the files of a desk are."""

    folder: Path

    @property
    def faq(self) -> Path:
        """Returns the file of questions and answers."""
        return self._file("faq.yaml")

    @property
    def intents(self) -> Path:
        """Returns the file of intents and their examples."""
        return self._file("intents.yaml")

    @property
    def keywords(self) -> Path:
        """Returns the file of keywords."""
        return self._file("keywords.yaml")

    @property
    def follow_ups(self) -> Path:
        """Returns the file that says what an intent leads to."""
        return self._file("follow_ups.yaml")

    @property
    def collection(self) -> tuple[str, tuple[str, ...]]:
        """Returns the id and the languages of the collection that the file of questions and answers is for."""
        head = self._read(self.faq)
        return str(head["collection"]), tuple(head["languages"])

    def staffing(self) -> "DeskFile":
        """Returns the desk's queues, people and canned replies."""
        from balie.cli.desk_file import DeskFileWrong, read_desk

        try:
            return read_desk(self._file("desk.yaml"))
        except DeskFileWrong as wrong:
            raise DeskFolderWrong(str(wrong)) from wrong

    @property
    def first_agent(self) -> str:
        """Returns the id of the first of the desk's agents."""
        return self.staffing().agents[0].id

    def calendars(self) -> "list[Calendar]":
        """Returns the calendars of the folder `calendars`, by file name; a desk need not have any."""
        from balie.cli.calendar_file import CalendarFileWrong, read_calendar

        try:
            return [read_calendar(path) for path in sorted((self.folder / "calendars").glob("*.yaml"))]
        except CalendarFileWrong as wrong:
            raise DeskFolderWrong(str(wrong)) from wrong

    def conversations(self) -> list[dict[str, Any]]:
        """Returns the conversations of the demo, as written."""
        return list(self._read(self._file("demo.yaml"))["conversations"])

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise DeskFolderWrong(f"{self.folder} holds no {name}; see {SAMPLE} for one that is whole")
        return path

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, in C
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DeskFolderWrong(f"{path} is no YAML: {error}") from error
        if not isinstance(content, dict):
            raise DeskFolderWrong(f"{path} holds no mapping at its top")
        return content


# The C loader reads a large file ten times faster; it is there wherever PyYAML came as a wheel.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
