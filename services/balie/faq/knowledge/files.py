"""Reads files of entries: the project's YAML, and JSON Lines; knows no service and needs no heavy library.

A file that is wrong is refused with its name and the line, before anything is sent. Whether an entry fits its bounds
and its collection is for the service to say.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from balie.faq.domain import EntryText
from balie.faq.errors import EntryFileWrong

_YAML = frozenset({".yaml", ".yml"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})
_DEPTH = 6  # of an entry in YAML; deeper is a mistake, and a node that holds itself is endlessly deep
_NODES = 20_000  # of an entry in YAML, aliases counted as often as they are used
_KEYS = frozenset({"id", "texts", "tags", "metadata"})
_TEXT_KEYS = frozenset({"question", "phrasings", "answer"})
_FLAT_LANGUAGES = ("language", "lang")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An entry of a file.

    Attributes:
        line: where it begins, from 1.
    """

    id: str
    texts: tuple[EntryText, ...]
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


def read_entries(path: Path) -> Iterator[FileEntry]:
    """Yields the entries of a file in its order.

    YAML (`.yaml`, `.yml`) holds `entries`, a list of `id`, `tags`, `metadata` and `texts` by language, each with
    `question`, `phrasings` and `answer`. JSON Lines (`.jsonl`, `.ndjson`) hold the same one a line, or flat:
    `id`, `question`, `answer`, `phrasings` and `language`. Every scalar of YAML is read as text, so that the language
    `no` is no boolean.

    Raises:
        EntryFileWrong: it cannot be read, or something in it is no entry; names the line.
    """
    if path.suffix.lower() in _YAML:
        yield from _yaml_entries(path)
    elif path.suffix.lower() in _JSON_LINES:
        yield from _json_entries(path)
    else:
        known = ", ".join(sorted(_YAML | _JSON_LINES))
        raise EntryFileWrong(path, 0, f"unknown kind of file; known endings are {known}")


def count_entries(path: Path) -> int:
    """Returns how many entries a file holds, after reading it to its end.

    Raises:
        EntryFileWrong: as `read_entries`.
    """
    return sum(1 for _ in read_entries(path))


def _json_entries(path: Path) -> Iterator[FileEntry]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield _entry(path, line, _json_value(path, line, text))
    except UnicodeDecodeError:
        raise EntryFileWrong(path, 0, "is not UTF-8 text") from None
    except OSError as error:
        raise EntryFileWrong(path, 0, f"cannot be read ({error.strerror})") from None


def _json_value(path: Path, line: int, text: str) -> object:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise EntryFileWrong(path, line, f"is not JSON{place}") from None


def _yaml_entries(path: Path) -> Iterator[FileEntry]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=loader)
    except UnicodeDecodeError:
        raise EntryFileWrong(path, 0, "is not UTF-8 text") from None
    except OSError as error:
        raise EntryFileWrong(path, 0, f"cannot be read ({error.strerror})") from None
    except RecursionError:
        raise EntryFileWrong(path, 0, "is nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise EntryFileWrong(path, mark.line + 1 if mark else 0, "is not YAML") from None
    listed = _member(root, "entries") if isinstance(root, yaml.MappingNode) else None
    if not isinstance(listed, yaml.SequenceNode):
        raise EntryFileWrong(path, 1, "has no list `entries`")
    for node in listed.value:
        yield _entry(path, node.start_mark.line + 1, _Plain(path).value(node))


def _member(root: yaml.MappingNode, name: str) -> yaml.Node | None:
    found: yaml.Node | None = next((value for key, value in root.value if key.value == name), None)
    return found


class _Plain:
    """Turns the YAML of one entry into mappings, lists and texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._nodes = 0

    def value(self, node: yaml.Node, depth: int = 0) -> object:
        """Returns what a node holds."""
        self._nodes += 1
        if depth > _DEPTH or self._nodes > _NODES:
            raise self._wrong(node, "the entry is nested too deeply, or too large")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(key, "a key must be a text")
            if key.value in found:
                raise self._wrong(key, f"{key.value!r} is given twice")
            found[key.value] = self.value(value, depth + 1)
        return found

    def _wrong(self, node: yaml.Node, problem: str) -> EntryFileWrong:
        return EntryFileWrong(self._path, node.start_mark.line + 1, problem)


def _entry(path: Path, line: int, raw: object) -> FileEntry:
    """Returns an entry from its plain form."""
    try:
        if not isinstance(raw, dict):
            raise _Wrong("an entry must be a mapping")
        if "texts" not in raw and "question" in raw:
            return FileEntry(_text(raw, "id"), (_flat_text(raw),), _texts(raw, "tags"), line=line)
        if unknown := sorted(set(raw) - _KEYS):
            raise _Wrong(f"{unknown[0]!r} is unknown; known are {', '.join(sorted(_KEYS))}")
        texts = _mapping(raw, "texts")
        return FileEntry(
            id=_text(raw, "id"),
            texts=tuple(_entry_text(language, text) for language, text in texts.items()),
            tags=_texts(raw, "tags"),
            metadata={key: _text(_mapping(raw, "metadata"), key) for key in raw.get("metadata") or {}},
            line=line,
        )
    except _Wrong as wrong:
        raise EntryFileWrong(path, line, str(wrong)) from None


class _Wrong(Exception):
    """What is wrong with an entry, before it is known where it stands."""


def _entry_text(language: str, raw: object) -> EntryText:
    if not isinstance(raw, dict):
        raise _Wrong(f"the texts in {language!r} must be a mapping")
    if unknown := sorted(set(raw) - _TEXT_KEYS):
        raise _Wrong(f"{unknown[0]!r} is unknown in {language!r}; known are {', '.join(sorted(_TEXT_KEYS))}")
    return EntryText(language, _text(raw, "question"), _texts(raw, "phrasings"), _text(raw, "answer"))


def _flat_text(raw: dict[str, Any]) -> EntryText:
    language = next((name for name in _FLAT_LANGUAGES if name in raw), _FLAT_LANGUAGES[0])
    return EntryText(
        _text(raw, language), _text(raw, "question"), _texts(raw, "phrasings"), _text(raw, "answer")
    )


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"{key!r} must be a text")
    return value.strip()


def _texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = raw.get(key) or []
    if not isinstance(values, list):
        raise _Wrong(f"{key!r} must be a list of texts")
    return tuple(_text({key: value}, key) for value in values)


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise _Wrong(f"{key!r} must be a mapping")
    return value
