"""What the index keeps of a keyword, beside the words that lead to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from balie.nlu.domain import Rule, Target


@dataclass(slots=True, eq=False)
class Entry:
    """A keyword in the index; one that is put there anew is another entry.

    Attributes:
        retired: whether another has taken its place, or none.
    """

    id: str
    target: Target
    retired: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The terms of a keyword in one language.

    Attributes:
        ways: the terms as they were given.
        literal: whether they are neither found in other forms nor misspelt.
    """

    entry: Entry
    language: str
    ways: Sequence[str]
    literal: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Where a keyword stands.

    Attributes:
        language: of the terms that led there; empty for a pattern.
        start: first character, in code points.
        end: position after the last one.
    """

    entry: Entry
    language: str
    rule: Rule
    start: int
    end: int
