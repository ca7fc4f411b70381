"""Reads a YAML file of the operator's so that whatever is wrong with it can be told with its line.

Every scalar is text: an example that says `no` is no boolean, and a keyword `1042` is no number.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from balie.nlu.errors import DataFileWrong

_MAX_BYTES = 64 * 1024 * 1024
_MAX_DEPTH = 16

_NEVER_IN_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML allows nowhere. Source: YAML 1.2.2, section 5.1 (`c-printable`)."""

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

    @property
    def keys(self) -> frozenset[str]:
        """Returns the keys of a mapping; nothing when it is none."""
        if not isinstance(self._node, yaml.MappingNode):
            return frozenset()
        return frozenset(str(key.value) for key, _ in self._node.value if isinstance(key, yaml.ScalarNode))

    @property
    def is_list(self) -> bool:
        """Returns whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_text(self) -> bool:
        """Returns whether it is a text, a number or nothing."""
        return isinstance(self._node, yaml.ScalarNode)

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
        value = self.raw(what).strip()
        if not value:
            raise self.wrong(f"{what} is empty")
        if len(value) > max_characters:
            raise self.wrong(f"{what} has {len(value)} characters, at most {max_characters} are allowed")
        return value

    def raw(self, what: str) -> str:
        """Returns a text as it stands, blank or of any length.

        Raises:
            DataFileWrong: it is none.
        """
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.wrong(f"{what} must be a text")
        return str(self._node.value)

    def lines(self, what: str) -> Iterator[tuple[int, str]]:
        """Yields the lines of a block (`|`), or of a text in quotes, with their places in the file, from 1.

        Raises:
            DataFileWrong: it is no text, or a block whose lines YAML joins (`>`).
        """
        text = self.raw(what)
        style = getattr(self._node, "style", None)
        if style == ">":
            raise self.wrong(f"{what} begin with >, which joins their lines: write | instead")
        for place, line in enumerate(text.split("\n")):
            yield self.line + (place + 1 if style == "|" else 0), line


def read(path: Path) -> Entry:
    """Returns what a file holds.

    Raises:
        DataFileWrong: it cannot be read, is empty, or is no YAML.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataFileWrong(path, 0, f"has more than {_MAX_BYTES} bytes")
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise DataFileWrong(path, 0, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataFileWrong(path, line, "is not UTF-8: save the file as UTF-8") from None
    try:
        _refuse_depth(path, text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        what = ", ".join(part for part in (error.context, error.problem) if part)
        hint = "; YAML is indented by spaces, never by tabs" if _is_tabbed(text, line) else ""
        raise DataFileWrong(path, line, f"is no YAML: {what}{hint}") from None
    except yaml.YAMLError:
        found = _NEVER_IN_YAML.search(text)
        if found is None:
            raise DataFileWrong(path, 0, "is no YAML") from None
        line = text.count("\n", 0, found.start()) + 1
        what = f"the character U+{ord(found[0]):04X}"
        raise DataFileWrong(path, line, f"is no YAML: {what} is not allowed; take it out") from None
    if node is None:
        raise DataFileWrong(path, 0, "is empty")
    return Entry(path, node)


def _is_tabbed(text: str, line: int) -> bool:
    around = text.split("\n")[max(0, line - 1) : line]
    return any(found.startswith("\t") or found.lstrip(" ").startswith("\t") for found in around)


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
