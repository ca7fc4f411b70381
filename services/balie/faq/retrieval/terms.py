"""What a question asks for, term by term, and how much of it texts hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a question, how rare it is, and how many documents hold it."""

    text: str
    weight: float
    count: int

    @property
    def is_known(self) -> bool:
        """Returns whether any document holds it."""
        return self.count > 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a question asks for, in one field.

    Attributes:
        total: the sum of the terms' weights.
        unknown: share of it that no document holds, [0, 1].
    """

    terms: tuple[Term, ...] = ()
    total: float = 0.0
    unknown: float = 0.0

    @staticmethod
    def of(terms: Iterable[Term]) -> "Terms":
        """Returns terms with their sums."""
        found = tuple(terms)
        total = sum(term.weight for term in found)
        unknown = sum(term.weight for term in found if not term.is_known)
        return Terms(found, total, unknown / total if total else 0.0)


@dataclass(frozen=True, slots=True)
class LanguageQuery:
    """A question as it is looked up in one language."""

    letters: Terms
    stems: Terms


@dataclass(slots=True)
class LexicalScores:
    """Shares of a question that texts hold, by key, best first within a language; 0 for those that are not here."""

    letters: dict[int, float] = field(default_factory=dict)
    stems: dict[int, float] = field(default_factory=dict)
