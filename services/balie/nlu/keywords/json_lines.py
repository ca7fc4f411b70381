"""Reads JSON Lines so that whatever is wrong with a line can be told with its number; read like `balie.nlu.yaml_file`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from balie.nlu.errors import DataFileWrong

_MOST_LINE_CHARACTERS = 1_000_000


class JsonEntry:
    """One place of a line: an object, an array, a text or a truth value."""

    def __init__(self, path: Path, line: int, value: Any) -> None:
        self._path = path
        self._value = value
        self.line = line

    def wrong(self, problem: str) -> DataFileWrong:
        """Returns the error that names this line."""
        return DataFileWrong(self._path, self.line, problem)

    def items(self, what: str) -> Iterator[tuple[str, "JsonEntry"]]:
        """Yields the keys of an object with what they hold.

        Raises:
            DataFileWrong: it is none; `what` says what it should have been.
        """
        if not isinstance(self._value, dict):
            raise self.wrong(f"{what} must be a mapping")
        for key, value in self._value.items():
            yield key, JsonEntry(self._path, self.line, value)

    def elements(self, what: str) -> Iterator["JsonEntry"]:
        """Yields the elements of an array.

        Raises:
            DataFileWrong: it is none.
        """
        if not isinstance(self._value, list):
            raise self.wrong(f"{what} must be a list")
        for value in self._value:
            yield JsonEntry(self._path, self.line, value)

    def text(self, what: str, max_characters: int = 1000) -> str:
        """Returns a text without spaces around it; a truth value is `true` or `false`.

        Raises:
            DataFileWrong: it is none, is blank, or is longer.
        """
        if isinstance(self._value, bool):
            return str(self._value).lower()
        if not isinstance(self._value, str):
            raise self.wrong(f"{what} must be a text")
        value = self._value.strip()
        if not value:
            raise self.wrong(f"{what} is empty")
        if len(value) > max_characters:
            raise self.wrong(f"{what} has {len(value)} characters, at most {max_characters} are allowed")
        return value


def lines(path: Path) -> Iterator[JsonEntry]:
    """Yields the lines of a file, blank ones left out.

    Raises:
        DataFileWrong: the file cannot be read, or a line is no JSON.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield JsonEntry(path, number, _value(path, number, line))
    except OSError as error:
        raise DataFileWrong(path, 0, f"cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise DataFileWrong(path, 0, "is not UTF-8") from None


def _value(path: Path, number: int, line: str) -> Any:
    if len(line) > _MOST_LINE_CHARACTERS:
        raise DataFileWrong(path, number, f"has more than {_MOST_LINE_CHARACTERS} characters")
    try:
        return json.loads(line, object_pairs_hook=lambda pairs: _object(path, number, pairs))
    except json.JSONDecodeError as error:
        raise DataFileWrong(path, number, f"is no JSON: {error.msg}") from None
    except RecursionError:
        raise DataFileWrong(path, number, "is nested too deep") from None


def _object(path: Path, number: int, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise DataFileWrong(path, number, f"has {twice!r} twice")
    return found
