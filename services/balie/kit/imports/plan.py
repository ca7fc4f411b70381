"""What a batch of an import changes: an item that is the same already is not written again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from balie.kit.imports.progress import Problem

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Item(Protocol):
    """What can be imported: a dataclass with an id of its own, whose fields are JSON or moments."""

    @property
    def id(self) -> str:
        """Returns its id."""


I = TypeVar("I", bound=Item)  # noqa: E741
S = TypeVar("S")


@dataclass
class Plan(Generic[I, S]):
    """What a batch changes, and how that is counted. An item that comes twice in it counts twice and is written once.

    Attributes:
        before: what is stored, by id.
        digests: what each item holds after the batch so far, by id.
    """

    before: Mapping[str, S]
    digests: dict[str, bytes]
    contents: dict[str, I] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __post_init__(self) -> None:
        self._present = dict(self.digests)

    @property
    def changes(self) -> list[tuple[I, S | None]]:
        """Returns what is to be written, each with what is there."""
        return [
            (content, self.before.get(key))
            for key, content in self.contents.items()
            if self._present.get(key) != self.digests[key]  # or a later item has set it back to what is there
        ]

    def add(self, content: I) -> None:
        """Counts an item, and plans to write it when it differs from what is there."""
        digest = digest_of(content)
        if self.digests.get(content.id) == digest:
            self.unchanged += 1
            return
        if content.id in self.digests:
            self.updated += 1
        else:
            self.created += 1
        self.digests[content.id] = digest
        self.contents[content.id] = content


def digest_of(content: "Item | DataclassInstance") -> bytes:
    """Returns what tells the content of an item from any other."""
    return hashlib.sha256(json.dumps(asdict(content), sort_keys=True, default=str).encode()).digest()  # type: ignore[arg-type]
