"""What readers of the operator's YAML files share: they tell every mistake that can be found, each with its line."""

from collections.abc import Iterator
from contextlib import contextmanager

from balie.nlu.errors import DataFileWrong
from balie.nlu.yaml_file import Entry


class FileReader:
    """Collects mistakes instead of ending at the first.

    Attributes:
        mistakes: what was found wrong so far.
    """

    def __init__(self) -> None:
        self.mistakes: list[DataFileWrong] = []

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Goes on after the block with what follows it when something in it is wrong."""
        try:
            yield
        except DataFileWrong as wrong:
            self.mistakes.append(wrong)

    def keys(self, entry: Entry, what: str, known: tuple[str, ...]) -> dict[str, Entry]:
        """Returns a mapping's entries by key; a key that is not known is a mistake."""
        found = {}
        for key, value in entry.items(what):
            if key in known:
                found[key] = value
            else:
                self.mistakes.append(value.wrong(f"{what} has no {key!r}; it has {', '.join(known)}"))
        return found
