"""The words of the FAQ service: collections, entries, questions, answers."""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class EntryContent:
    """What a caller says an entry holds."""

    id: str
    texts: tuple[EntryText, ...]
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def size(self) -> int:
        """Returns how many characters its texts have."""
        return sum(len(text.answer) + sum(len(phrasing) for phrasing in text.asked()) for text in self.texts)


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
class CollectionContent:
    """What a caller says a collection is.

    Attributes:
        languages: those that entries may have, best first.
    """

    id: str
    display_name: str
    languages: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector and the encoder it came from."""

    fingerprint: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Question:
    """What a search asks.

    Attributes:
        text: empty when there is none.
        language: that answers should have; empty for the collection's first.
        top_k: most ranked answers.
        entry_ids: entries that come first whatever they score.
        min_generation: least generation that the index must hold.
    """

    collection_id: str
    text: str
    embedding: Embedding | None
    language: str
    top_k: int
    entry_ids: tuple[str, ...]
    min_generation: int


class Source(IntEnum):
    """How an entry came among the answers; the numbers are the contract's."""

    DENSE = 1
    PINNED = 2


class NoAnswer(IntEnum):
    """Why no answer may be given; the numbers are the contract's, and 0 says that one may."""

    NONE = 0
    COLLECTION_EMPTY = 1
    BELOW_THRESHOLD = 2
    AMBIGUOUS = 3
    ENTRIES_MISSING = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One ranked result of a search, in the language in which it is given."""

    answer_id: str
    entry_id: str
    language: str
    question: str
    answer: str
    score: float
    above_threshold: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Calibration:
    """From which score an answer may be given.

    Attributes:
        threshold: least cosine similarity.
        margin: how far the best entry must be ahead of the next one.
        version: names the method and what it was learned from.
    """

    threshold: float
    margin: float
    version: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a replica's index holds."""

    generation: int
    as_of: datetime
    entry_count: int
    vector_count: int
    fingerprint: str
    dimensions: int
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Answers:
    """What a search found, and in which state of the index.

    Attributes:
        nonce: what the ids of its answers have in common, and no other search's.
    """

    answers: tuple[Answer, ...]
    no_answer: NoAnswer
    state: IndexState
    nonce: int
