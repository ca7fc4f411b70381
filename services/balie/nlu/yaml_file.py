"""Reads a YAML file of the operator's so that whatever is wrong with it can be told with its line.

Every scalar is text: an example that says `no` is no boolean, and a keyword `1042` is no number.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from balie.nlu.errors import DataFileWrong

_MAX_BYTES = 64 * 1024 * 1024
_MAX_DEPTH = 16

# The reader in C is ten times faster; some builds of PyYAML come without it.
_LOADER: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Entry:
    """One place of a file: a mapping, a list or a text."""

    def __init__(self, path: Path, node: yaml.Node) -> None:
        self._path = path
        self._node = node

    @property
    def line(self) -> int:
        """Returns where it begins, from 1."""
        return int(self._node.start_mark.line) + 1

    def wrong(self, problem: str) -> DataFileWrong:
        """Returns the error that names this place."""
        return DataFileWrong(self._path, self.line, problem)

    def items(self, what: str) -> Iterator[tuple[str, "Entry"]]:
        """Yields the keys of a mapping with what they hold.

        Raises:
            DataFileWrong: it is no mapping, or has a key twice; `what` says what it should have been.
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong(f"{what} must be a mapping")
        seen: set[str] = set()
        for key, value in self._node.value:
            name = Entry(self._path, key).text(f"a key of {what}")
            if name in seen:
                raise Entry(self._path, key).wrong(f"{what} has {name!r} twice")
            seen.add(name)
            yield name, Entry(self._path, value)

    def elements(self, what: str) -> Iterator["Entry"]:
        """Yields the elements of a list.

        Raises:
            DataFileWrong: it is none.
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wrong(f"{what} must be a list")
        for node in self._node.value:
            yield Entry(self._path, node)

    def text(self, what: str, max_characters: int = 1000) -> str:
        """Returns a text without spaces around it.

        Raises:
            DataFileWrong: it is none, is blank, or is longer.
        """
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.wrong(f"{what} must be a text")
        value = str(self._node.value).strip()
        if not value:
            raise self.wrong(f"{what} is empty")
        if len(value) > max_characters:
            raise self.wrong(f"{what} has {len(value)} characters, at most {max_characters} are allowed")
        return value


def read(path: Path) -> Entry:
    """Returns what a file holds.

    Raises:
        DataFileWrong: it cannot be read, is empty, or is no YAML.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataFileWrong(path, 0, f"has more than {_MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFileWrong(path, 0, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise DataFileWrong(path, 0, "is not UTF-8") from None
    try:
        _refuse_depth(path, text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DataFileWrong(path, line, f"is no YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise DataFileWrong(path, 0, "is no YAML") from None
    if node is None:
        raise DataFileWrong(path, 0, "is empty")
    return Entry(path, node)


def _refuse_depth(path: Path, text: str) -> None:
    """Refuses what is nested deeper than any file of ours: the reader goes down recursively, in C without a guard."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise DataFileWrong(path, line, f"is nested deeper than {_MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
