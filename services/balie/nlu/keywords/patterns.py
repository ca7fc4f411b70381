"""Finds codes by regular expressions, and checks their check digits.

Expressions are RE2's, whose time grows with the text and never faster, whatever the expression: what would need
backtracking (back references, looking ahead or behind) is refused when it is compiled, and so is what compiles to more
than a bounded size. All expressions are tried in one pass over the text; only those that it holds are then looked for.

Source: Cox 2010, Regular Expression Matching in the Wild (RE2).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import re2

from balie.nlu.expressions import NoExpression, compiled, options_of
from balie.nlu.keywords.check_digits import SCHEMES
from balie.nlu.keywords.keyword import Pattern

if TYPE_CHECKING:
    from balie.nlu.keywords.entry import Entry

MOST_CHARACTERS = 64
"""Longest stretch of a text that a pattern may match."""

NUMBER_GROUP = "number"
"""Names the group that holds what the check digits are about; without it that is all that matches."""

_EXPRESSION_BYTES = 1024 * 1024
"""Memory of one compiled expression, and so its greatest size: `[0-9]{1000}` passes, `(\\pL{100}){10}` does not."""

_SET_BYTES = 256 * 1024 * 1024
"""Memory in which all expressions together may run; it is taken as texts need it."""

_MOST_MATCHES = 64  # of one pattern in one text


class PatternRefused(Exception):
    """A pattern cannot be compiled; the message says why, in words that begin in the middle of a sentence."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern that can be searched for."""

    pattern: Pattern
    expression: Any


def compile_pattern(pattern: Pattern) -> Compiled:
    """Returns a pattern that can be searched for.

    Raises:
        PatternRefused: the expression is none of RE2's, is too large, matches nothing at all, or the scheme is unknown.
    """
    if pattern.check and pattern.check not in SCHEMES:
        known = ", ".join(sorted(SCHEMES))
        raise PatternRefused(f"has the unknown check {pattern.check!r}; known are {known}")
    try:
        expression = compiled(pattern.expression, _EXPRESSION_BYTES)
    except NoExpression as error:
        raise PatternRefused(f"is no expression of RE2: {error}") from None
    if expression.search("") is not None:
        raise PatternRefused("matches an empty text")
    return Compiled(pattern, expression)


class PatternSet:
    """The patterns of some keywords, compiled once; safe to call from several threads.

    Args:
        patterns: each with the keyword that it is one of.
    """

    def __init__(self, patterns: "Sequence[tuple[Entry, Compiled]]") -> None:
        self._patterns = patterns
        self._set = re2.Set.SearchSet(options_of(_SET_BYTES))
        for _, one in patterns:
            self._set.Add(one.pattern.expression)
        self._set.Compile()

    def spans(self, text: str) -> "Iterator[tuple[Entry, int, int]]":
        """Yields where codes stand, in code points; what stands around them is not looked at.

        One whose check digits are wrong is left out. A pattern yields the first 64 of its codes at most.
        """
        if not self._patterns:
            return
        # A lone surrogate is no text to RE2; it is looked over, and every position stays what it was.
        plain = text if text.isascii() else text.encode("utf-8", "replace").decode()
        for place in self._set.Match(plain) or ():
            entry, one = self._patterns[place]
            for count, match in enumerate(one.expression.finditer(plain)):
                start, end = match.span()
                if count == _MOST_MATCHES:
                    break
                if start < end <= start + MOST_CHARACTERS and is_checked(one.pattern.check, match):
                    yield entry, start, end


def is_checked(check: str, match: Any) -> bool:
    """Tells whether the check digits of a match fit; a match of a pattern without a scheme always does."""
    if not check:
        return True
    groups: Mapping[str, str | None] = match.groupdict()
    number = groups.get(NUMBER_GROUP) or match.group()
    return SCHEMES[check]("".join(character for character in number if character.isalnum()))
