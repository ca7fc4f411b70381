"""Plug-ins by name: an explicit table, extended by entry points, imported on use.

A name is part of a configuration, so it is versioned when behaviour changes (`keyword.v1`). Nothing registers itself
on import and nothing is found by a class's name: the table is the list.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points


class UnknownPlugin(LookupError):
    """No plug-in has this name; the message lists the known ones."""


class MissingExtra(ImportError):
    """A plug-in needs a library that is not installed; the message has the line that installs it."""


class Registry:
    """Finds the classes of one kind of plug-in by their names.

    Args:
        kind: what they are, for messages, such as "NLU component".
        table: name to `module:Class`, of the plug-ins this project ships.
        group: the entry-point group where other distributions add theirs; a name of the table wins.
        extras: name to the extra that installs what it needs; without one, the message names the library.
    """

    def __init__(
        self, kind: str, table: Mapping[str, str], group: str, *, extras: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.group = group
        self._table = dict(table)
        self._extras = dict(extras or {})

    def names(self) -> list[str]:
        """Returns every known name, sorted."""
        return sorted({*self._table, *self._others()})

    def load(self, name: str) -> type:
        """Returns the class called `name`, importing its module.

        Raises:
            UnknownPlugin: nobody registered the name.
            MissingExtra: its module needs a library that is not installed.
            TypeError: what is registered is not a class.
        """
        target = self._table.get(name)
        if target is None:
            other = self._others().get(name)
            if other is None:
                known = ", ".join(self.names()) or "none"
                raise UnknownPlugin(f"{self.kind} {name!r} is unknown; known are: {known}")
            target = other.value
        module_name, _, attribute = target.partition(":")
        try:
            found: object = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or _is_own(error.name, module_name):
                raise
            raise MissingExtra(self._advice(name, error.name), name=error.name) from error
        for part in attribute.split("."):
            found = getattr(found, part)
        if not isinstance(found, type):
            raise TypeError(f"{self.kind} {name!r} is registered as {target}, which is not a class")
        return found

    def _others(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def _advice(self, name: str, library: str) -> str:
        extra = self._extras.get(name)
        line = f"pip install 'balie[{extra}]'" if extra else f"pip install '{library}'"
        return f"{self.kind} {name!r} needs {library}, which is not installed: {line}"


def _is_own(missing: str, module_name: str) -> bool:
    """Tells whether the missing module is the plug-in's own, which no extra would bring."""
    return module_name == missing or module_name.startswith(f"{missing}.")
