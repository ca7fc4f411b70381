"""The words of searches: questions, answers, and the index that they are looked up in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


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


class Source(IntEnum):
    """How an entry came among the answers; the numbers are the contract's."""

    RANKED = 1
    PINNED = 2


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
