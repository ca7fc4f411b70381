"""What a keyword is: an id, what it points at, and the terms and patterns by which it is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from balie.nlu.domain import Target

ANY_LANGUAGE = "any"
"""Names the terms that count in every language: codes, and names that are not inflected."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for codes of one form.

    Attributes:
        expression: in RE2's syntax, of at most 256 characters; case makes no difference.
        check: the scheme of its check digits, a name of `balie.nlu.keywords.check_digits`; empty when it has none.
    """

    expression: str
    check: str = ""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword.

    Attributes:
        terms: by language or `any`.
        patterns: for codes that are too many to list.
        literal: whether the terms are only found as they are written or folded, and neither in other forms nor misspelt.
    """

    id: str
    target: Target
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()
    literal: bool = False

    def size(self) -> int:
        """Returns how many characters its terms and patterns have."""
        terms = sum(len(term) for ways in self.terms.values() for term in ways)
        return terms + sum(len(pattern.expression) for pattern in self.patterns)


def words_by_language(keywords: Sequence[Keyword]) -> Mapping[str, list[str]]:
    """Returns the terms of each language, those of every language apart, to tell languages by."""
    found: dict[str, list[str]] = {}
    for keyword in keywords:
        for language, terms in keyword.terms.items():
            if language != ANY_LANGUAGE:
                found.setdefault(language, []).extend(terms)
    return found
