"""Reads a configuration file in YAML so that its mistakes can be found: by file, line and key, and none passes unseen."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


class FileMistake(Exception):
    """A configuration file that cannot be used; the message names the file, the place in it and what is wrong."""

    def __init__(self, file: str, place: str, mistake: str) -> None:
        super().__init__(f"{file}: {place}: {mistake}" if place else f"{file}: {mistake}")


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, of which YAML would silently keep the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 — PyYAML's
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read(path: Path) -> bytes:
    """Returns the file's bytes.

    Raises:
        FileMistake: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileMistake(str(path), "", f"cannot be read: {error.strerror}") from None


def parse(content: bytes, file: str) -> Mapping[str, Any]:
    """Returns the mapping that the file holds.

    Raises:
        FileMistake: it is no YAML, holds a key twice, or no mapping.
    """
    try:
        found = yaml.load(content, Loader=_Loader)  # noqa: S506 — a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f"line {mark.line + 1}"
        raise FileMistake(file, place, error.problem or "is no YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise FileMistake(file, "", "is no YAML in UTF-8") from None
    return mapping(found, file, "")


def line_of(content: bytes, place: Sequence[str | int]) -> int:
    """Returns the line, from 1, on which a place of a file begins; of the nearest place around it that there is.

    Args:
        content: a file that `parse` has read.
        place: keys and positions from the top, for example `("rules", 3, "when")`.
    """
    node = yaml.compose(content, Loader=_Loader)
    line = 1
    for step in place:
        found = _below(node, step)
        if found is None:
            break
        line, node = found
    return line


def _below(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        below = node.value[step]
        return below.start_mark.line + 1, below
    return None


def mapping(value: object, file: str, place: str) -> Mapping[str, Any]:
    """Returns `value`, a mapping whose keys are texts.

    Raises:
        FileMistake: it is something else.
    """
    if not isinstance(value, Mapping):
        raise FileMistake(file, place, "must be a mapping")
    for key in value:
        if not isinstance(key, str):
            raise FileMistake(file, place, f"the key {key} must be a text: put it in quotes")
    return value


def sentence(value: object, file: str, place: str, *, at_most: int) -> str:
    """Returns `value`, a text that is not blank and at most `at_most` characters long, without space around it.

    Raises:
        FileMistake: it is something else.
    """
    if not isinstance(value, str) or not value.strip():
        raise FileMistake(file, place, "must be a text")
    text = value.strip()
    if len(text) > at_most or "\0" in text:
        raise FileMistake(
            file, place, f"must have at most {at_most} characters and no NUL, it has {len(text)}"
        )
    return text
