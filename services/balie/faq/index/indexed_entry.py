"""What the index keeps of an entry beside its vectors, and whether the entry may be given."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from balie.faq.domain import Filter
from balie.faq.knowledge.domain import Entry, EntryState, EntryText

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class IndexedEntry:
    """What the index keeps of a published entry.

    Attributes:
        digest: of all texts that have vectors: the same when the vectors are.
        slots: where the vectors of each of its texts begin, and where the last one's end.
        audience: for whom it is; empty for everyone.
        market: for which markets it is; empty for all.
    """

    number: int
    id: str
    revision: int
    texts: tuple[EntryText, ...]
    digest: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    tags: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    market: frozenset[str] = frozenset()
    metadata: frozenset[tuple[str, str]] = frozenset()
    slots: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Kept, as each search asks it of every candidate.
        ends = accumulate((len(text.phrasings) + 2 for text in self.texts), initial=0)
        object.__setattr__(self, "slots", tuple(ends))

    @staticmethod
    def of(entry: Entry) -> "IndexedEntry":
        """Returns what is kept of a stored entry."""
        content = entry.content
        return IndexedEntry(
            number=entry.number,
            id=entry.id,
            revision=entry.revision,
            texts=content.texts,
            digest=_digest(entry),
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            tags=frozenset(content.tags),
            audience=frozenset(content.audience),
            market=frozenset(content.market),
            metadata=frozenset(content.metadata.items()),
        )

    def is_allowed(self, wanted: Filter, moment: datetime) -> bool:
        """Returns whether it is valid at a moment and passes a filter."""
        return (
            (self.valid_from is None or self.valid_from <= moment)
            and (self.valid_until is None or moment < self.valid_until)
            and (not wanted.tags_any or not wanted.tags_any.isdisjoint(self.tags))
            and wanted.tags_all <= self.tags
            and _is_for(wanted.audience, self.audience)
            and _is_for(wanted.market, self.market)
            and wanted.metadata <= self.metadata
        )


def _is_for(asked: frozenset[str], meant: frozenset[str]) -> bool:
    return not asked or not meant or not asked.isdisjoint(meant)


def published(entries: Iterable[Entry]) -> list[Entry]:
    """Returns those that searches may find; the others are not even encoded."""
    return [entry for entry in entries if entry.content.state is EntryState.PUBLISHED]


def _digest(entry: Entry) -> str:
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for text in entry.content.worded():
        encoded = text.encode("utf-8", "replace")
        found.update(len(encoded).to_bytes(4, "big") + encoded)
    return found.hexdigest()
