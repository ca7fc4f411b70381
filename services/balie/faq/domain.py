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


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector and the encoder it came from."""

    fingerprint: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries may be given: those that pass every one of its fields; an empty field lets all pass.

    Attributes:
        audience: those for at least one of these, or for everyone.
        market: those for at least one of these, or for all markets.
        metadata: pairs that an entry must have.
    """

    tags_any: frozenset[str] = frozenset()
    tags_all: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    market: frozenset[str] = frozenset()
    metadata: frozenset[tuple[str, str]] = frozenset()


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
    filter: Filter = Filter()
    want_parts: bool = False


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


class Source(IntEnum):
    """How an entry came among the answers; the numbers are the contract's."""

    PINNED = 2
    RANKED = 3


class NoAnswer(IntEnum):
    """Why no answer may be given; the numbers are the contract's, and 0 says that one may."""

    NONE = 0
    COLLECTION_EMPTY = 1
    BELOW_THRESHOLD = 2
    AMBIGUOUS = 3
    ENTRIES_MISSING = 4
    NONE_ALLOWED = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One ranked result of a search, in the language in which it is given.

    Attributes:
        score: how sure it is that it answers, [0, 1].
        is_fallback_language: whether that language stands in for the one asked for.
        parts: what the score is made of, in the order of `retrieval.port.PARTS`; empty for one that is pinned.
    """

    answer_id: str
    entry_id: str
    language: str
    question: str
    answer: str
    score: float
    above_threshold: bool
    source: Source
    is_fallback_language: bool = False
    parts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """From which score an answer may be given.

    Attributes:
        threshold: least confidence, [0, 1].
        version: names the method and what it was learned from.
    """

    threshold: float
    version: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a replica's index holds.

    Attributes:
        kind: how it keeps its vectors.
        size_bytes: what they take in memory, about.
    """

    generation: int
    as_of: datetime
    entry_count: int
    vector_count: int
    fingerprint: str
    dimensions: int
    calibration: Calibration
    kind: str = "flat"
    size_bytes: int = 0


class BuildStep(IntEnum):
    """What is being done to build an index; the numbers are the contract's."""

    WAITING = 1
    READING = 2
    ENCODING = 3
    BUILDING = 4
    FOLLOWING = 5
    DONE = 6


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far an index is that is being built.

    Attributes:
        share: of the step, [0, 1].
    """

    step: BuildStep
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexUpkeep:
    """What is done about a replica's index.

    Attributes:
        progress: of the index that is being built to take its place; None when there is none.
        wanted_fingerprint: of the encoder whose vectors it is to hold.
        saved_generation: that its files hold; 0 when there are none.
    """

    progress: BuildProgress | None
    wanted_fingerprint: str
    saved_generation: int


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
