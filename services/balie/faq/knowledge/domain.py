"""The words of what is known: collections, their entries, and how they change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

PHRASINGS = 100
"""Most phrasings of an entry in one language, beside its question."""

PHRASING_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class EntryText:
    """An entry's texts in one language."""

    language: str
    question: str
    phrasings: tuple[str, ...]
    answer: str

    def asked(self) -> tuple[str, ...]:
        """Returns every way in which the question is put, the question itself first."""
        return (self.question, *self.phrasings)

    def worded(self) -> tuple[str, ...]:
        """Returns every text of it that has a vector, in the order of their slots: as `asked`, then the answer."""
        return (*self.asked(), self.answer)


class EntryState(IntEnum):
    """Whether searches find an entry; the numbers are the contract's."""

    DRAFT = 1
    PUBLISHED = 2
    ARCHIVED = 3


@dataclass(frozen=True, slots=True)
class EntryContent:
    """What a caller says an entry holds.

    Attributes:
        valid_from: first moment at which searches find it; None for ever since.
        valid_until: first moment at which they find it no longer; None for ever.
        audience: for whom it is; empty for everyone.
        market: for which markets it is; empty for all.
    """

    id: str
    texts: tuple[EntryText, ...]
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    state: EntryState = EntryState.PUBLISHED
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    audience: tuple[str, ...] = ()
    market: tuple[str, ...] = ()

    def size(self) -> int:
        """Returns how many characters its texts have."""
        return sum(map(len, self.worded()))

    def worded(self) -> tuple[str, ...]:
        """Returns every text of it that has a vector, in the order of their slots."""
        return tuple(part for text in self.texts for part in text.worded())


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as stored.

    Attributes:
        number: given once in a tenant, and never to another entry.
        revision: counts its changes, from 1.
        generation: the collection's generation that holds its newest change; the etag, as no two changes share one.
    """

    collection_id: str
    content: EntryContent
    number: int
    revision: int
    generation: int
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        """Returns the caller's own id of it."""
        return self.content.id

    @property
    def etag(self) -> str:
        """Returns what changes with every change of the entry, and never comes back."""
        return str(self.generation)


@dataclass(frozen=True, slots=True)
class EntryRevision:
    """An entry as it was after one of its changes.

    Attributes:
        changed_by: who made it, `role:id`.
    """

    entry: Entry
    changed_by: str


@dataclass(frozen=True, slots=True)
class CollectionContent:
    """What a caller says a collection is.

    Attributes:
        languages: those that entries may have, best first.
        fallback: the order in which they stand in for one that an entry lacks; empty for that of `languages`.
    """

    id: str
    display_name: str
    languages: tuple[str, ...]
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as stored.

    Attributes:
        own_generation: the generation that holds the newest change of the collection itself; the etag.
        generation: counts the changes of the collection and its entries, since its id was first used.
        changed_at: when the newest of them was made.
        updated_at: when the collection itself was last changed.
    """

    content: CollectionContent
    own_generation: int
    generation: int
    entry_count: int
    created_at: datetime
    updated_at: datetime
    changed_at: datetime

    @property
    def id(self) -> str:
        """Returns its id."""
        return self.content.id

    @property
    def etag(self) -> str:
        """Returns what changes with every change of the collection itself, and never comes back."""
        return str(self.own_generation)


@dataclass(frozen=True, slots=True)
class EntryChange:
    """What the log says of a change: of an entry, or of the collection itself when `entry_id` is empty."""

    collection_id: str
    entry_id: str = ""
    entry_number: int = 0
    revision: int = 0
    deleted: bool = False


class Prune(IntEnum):
    """What becomes of entries that are not in an import; the numbers are the contract's."""

    NOTHING = 0
    DELETE = 1
    ARCHIVE = 2


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What an import is asked to do."""

    collection_id: str
    dry_run: bool = False
    prune: Prune = Prune.NOTHING
