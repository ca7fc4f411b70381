"""Turns the events of a YAML reader into mappings, lists and texts, one element of a list at a time.

What is nested in itself, or blown up by aliases, is a problem of its element alone, and reading goes on after it.
"""

from collections.abc import Iterator

import yaml

_DEPTH = 6  # of an entry; deeper is a mistake, and a node that holds itself is endlessly deep
_NODES = 20_000  # of an entry, aliases counted as often as they are used
_TOO_LARGE = "the entry is nested too deeply, or too large"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Problem = tuple[int, str]


class Values:
    """Reads values.

    Args:
        events: of one document, from its beginning.

    Attributes:
        problem: line of what was first found wrong with the last value, and what it is; None when nothing is.
        was_list: whether the last `elements` were those of a list.
    """

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[object, int]] = {}
        self._nodes = 0
        self.problem: Problem | None = None
        self.was_list = False

    def root(self) -> Iterator[tuple[str, int]]:
        """Yields the keys of the file's mapping with their lines; whoever takes one reads its value before the next."""
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if not isinstance(event, yaml.MappingStartEvent):
            return
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            self._begin()
            key = self._value(event, 0)
            yield key if isinstance(key, str) else "", _line(event)
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise yaml.YAMLError("there is more than one document")

    def elements(self) -> Iterator[tuple[int, object, Problem | None]]:
        """Yields the elements of the list that comes next: each one's line, value, and what is wrong with it."""
        event = self._next()
        self.was_list = isinstance(event, yaml.SequenceStartEvent)
        if not self.was_list:
            self._begin()
            self._value(event, 0)
            return
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._begin()
            yield _line(event), self._value(event, 0), self.problem

    def value(self) -> object:
        """Returns the value that comes next."""
        self._begin()
        return self._value(self._next(), 0)

    def _begin(self) -> None:
        self._nodes = 0
        self.problem = None

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _value(self, event: yaml.Event, depth: int) -> object:
        self._nodes += 1
        if depth > _DEPTH or self._nodes > _NODES:
            self._wrong(event, _TOO_LARGE)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        if self.problem is not None and isinstance(event, yaml.CollectionStartEvent):
            self._skip()  # it is refused already, and may be deeper than we can follow
            found: object = None
        elif isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(inner := self._next(), yaml.SequenceEndEvent):
                items.append(self._value(inner, depth + 1))
            found = items
        elif isinstance(event, yaml.MappingStartEvent):
            found = self._mapping(depth)
        else:
            found = _text(event)
        if event.anchor is not None and self.problem is None:  # type: ignore[attr-defined]
            self._anchors[event.anchor] = found, self._nodes - before + 1  # type: ignore[attr-defined]
        return found

    def _mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                self._wrong(event, "a key must be a text")
                key = ""
            elif key in found:
                self._wrong(event, f"{key!r} is given twice")
            found[key] = self._value(self._next(), depth + 1)
        return found

    def _alias(self, event: yaml.AliasEvent) -> object:
        known = self._anchors.get(event.anchor or "")
        if known is None:  # it is not there, or begins further out and so holds itself
            self._wrong(
                event, f"*{event.anchor} names nothing before it, or nests the entry too deeply in itself"
            )
            return None
        value, nodes = known
        self._nodes += nodes
        if self._nodes > _NODES:
            self._wrong(event, _TOO_LARGE)
        return value

    def _skip(self) -> None:
        depth = 1
        while depth:
            event = self._next()
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)

    def _wrong(self, event: yaml.Event, problem: str) -> None:
        self.problem = self.problem or (_line(event), problem)


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 0


def _text(event: yaml.Event) -> str:
    """Returns a scalar as text, a block of lines without those that are blank around it."""
    if not isinstance(event, yaml.ScalarEvent):
        return ""
    value = str(event.value)
    if event.style in ("|", ">"):
        return value.strip()
    return "" if not event.style and event.tag is None and value in _NULLS else value
