"""Keywords as they are kept for a tenant, and how a change of them is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from balie.nlu.keywords.keyword import Keyword


@dataclass(frozen=True, slots=True)
class StoredKeyword:
    """A keyword as stored.

    Attributes:
        revision: counts its changes, from 1.
        generation: of the tenant's keywords, that holds its newest change; the etag, as no two changes of it share one.
    """

    content: Keyword
    revision: int
    generation: int
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        """Returns its id."""
        return self.content.id

    @property
    def etag(self) -> str:
        """Returns what changes with every change of it, and never comes back."""
        return str(self.generation)


@dataclass(frozen=True, slots=True)
class KeywordSet:
    """The keywords of a tenant.

    Attributes:
        generation: counts the events that told of changes; 0 when there never was one.
        patterns: of all of them together.
    """

    tenant: str
    generation: int = 0
    keywords: int = 0
    patterns: int = 0


@dataclass(frozen=True, slots=True)
class KeywordChange:
    """What the log says of one keyword."""

    keyword_id: str
    revision: int
    deleted: bool = False


Changes = Sequence[KeywordChange]
"""What one event tells of: all that was written in one transaction."""
