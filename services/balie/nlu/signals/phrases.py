"""A small notation for phrases with free places, so that what people say can be listed and read as they say it.

A phrase is a row of terms, a space between them:

| term | matches |
| --- | --- |
| `speak` | that word |
| `to|with|in_touch_with` | one of several; `_` stands for the space within one |
| `{who}` | the group of that name |
| `{lead}*` | the group, any number of times up to six, none included |
| `~please` | the term or nothing |
| `*` | any one word |
| `..3` | up to three words, whatever they are, within one clause |
| `!to|per` | nothing, but none of these may follow |
| `[` `]` | nothing, where a clause begins or ends; one of several, too: `please|]` |
| `^` `$` | nothing, where the message begins or ends, punctuation aside |

A word may hold choices as regular expressions have them: `medewerk(?:er|ster)s?`. Every repetition is bounded, so that
the time for a text grows with its length and no faster.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from balie.nlu.signals.alphabet import BREAK, Alphabet

_MOST = 6
_ANY = f"[^{BREAK}]"
_EDGES = {
    "[": f"(?:^|(?<={BREAK}))",
    "]": f"(?={BREAK}|$)",
    "^": f"(?:^|(?<=^{BREAK}))",
    "$": f"(?={BREAK}?$)",
}
_COMMON_WORD = 1000
_CHOICE = re.compile(r"[(\[?]")
_SPELLING = re.compile(r"\(\?:((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)(\??)|\[([^\]]*)\](\??)|(.)(\??)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase or a part of one, as a regular expression over letters.

    Attributes:
        pattern: the expression.
        hangs_on: words of which each match holds at least one, the fewer and rarer the better; empty when there are none.
    """

    pattern: str
    hangs_on: frozenset[str] = frozenset()


class Grammar:
    """Reads phrases of one language.

    Args:
        groups: the phrases that a name in braces stands for, by that name; each may use the ones before it.
        alphabet: gives the words their letters.
        common: words that stand in many texts, whatever they are about.

    Raises:
        KeyError: a phrase or a group names a group that there is not.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]], alphabet: Alphabet, common: Set[str]) -> None:
        self._alphabet = alphabet
        self._common = common
        self._groups: dict[str, list[Phrase]] = {}
        for name, group in groups.items():
            self._groups[name] = [choice for phrase in group for choice in self._alternatives(phrase)]

    def phrase(self, written: str) -> Phrase:
        """Returns a phrase."""
        parts = [self._term(term) for term in written.split()]
        hangs_on = min(
            (part.hangs_on for part in parts if part.hangs_on), key=self._commonness, default=frozenset()
        )
        return Phrase("".join(part.pattern for part in parts), hangs_on)

    def _commonness(self, words: frozenset[str]) -> int:
        return len(words) + _COMMON_WORD * len(words & self._common)

    def _alternatives(self, phrase: str) -> list[Phrase]:
        """Returns what a phrase lets one choose from when it is a single plain term, so that letters meet in one set."""
        if " " in phrase or phrase[0] in "~!." or phrase.endswith("*"):
            return [self.phrase(phrase)]
        return [part for choice in _choices(phrase) for part in self._choice(choice)]

    def _term(self, term: str) -> Phrase:
        if term == "*":
            return Phrase(_ANY)
        if term.startswith(".."):
            return Phrase(f"{_ANY}{{0,{int(term[2:])}}}?")
        if term.startswith("!"):
            return Phrase(f"(?!{self._term(term[1:]).pattern})")
        if term.startswith("~"):
            return Phrase(f"(?:{self._term(term[1:]).pattern})?")
        if term.endswith("}*"):
            return Phrase(f"(?:{self._term(term[:-1]).pattern}){{0,{_MOST}}}")
        return _one_of([part for choice in _choices(term) for part in self._choice(choice)])

    def _choice(self, choice: str) -> list[Phrase]:
        if choice in _EDGES:
            return [Phrase(_EDGES[choice])]
        if choice.startswith("{"):
            return self._groups[choice[1:-1]]
        return [self._words(words.split("_")) for words in _spelt(choice)]

    def _words(self, words: list[str]) -> Phrase:
        free = {"*": _ANY, BREAK: BREAK}
        pattern = "".join(free.get(word) or self._alphabet.letter(word) for word in words)
        known = [frozenset({word}) for word in words if word not in free]
        return Phrase(pattern, min(known, key=self._commonness, default=frozenset()))


def _one_of(parts: list[Phrase]) -> Phrase:
    """Returns a choice; single letters become one set, which is looked up and not tried one by one."""
    patterns = dict.fromkeys(part.pattern for part in parts)
    letters = "".join(pattern for pattern in patterns if len(pattern) == 1)
    choices = [pattern for pattern in patterns if len(pattern) > 1]
    if letters:
        choices.append(letters if len(letters) == 1 else f"[{letters}]")
    hangs_on = frozenset[str]().union(*(part.hangs_on for part in parts))
    return Phrase(
        choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})",
        hangs_on if all(part.hangs_on for part in parts) else frozenset(),
    )


def _choices(term: str) -> list[str]:
    """Returns what a term lets one choose from: split at each `|` that stands in no brackets."""
    if "(" not in term:
        return term.split("|")
    depth, found = 0, [""]
    for character in term:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _letters(listed: str) -> list[str]:
    """Returns the letters of a list of them, such as `eo2-5`."""
    ranges = re.findall(r"(.)-(.)|(.)", listed)
    return [
        chr(code) for first, last, one in ranges for code in range(ord(first or one), ord(last or one) + 1)
    ]


def _spelt(written: str) -> list[str]:
    """Returns all words that one with choices in it stands for."""
    if not _CHOICE.search(written):
        return [written]
    found = [""]
    for group, left_out, letters, letters_left_out, letter, letter_left_out in _SPELLING.findall(written):
        choices = (
            [word for choice in _choices(group) for word in _spelt(choice)]
            if group
            else _letters(letters) or [letter]
        )
        if left_out or letters_left_out or letter_left_out:
            choices.append("")
        found = [word + choice for word in found for choice in choices]
    return found
