"""Writes each word of a text as one letter, so that phrases of words become short patterns over letters.

Only the words that phrases know have a letter of their own; all others share one. What stands between words, be it a
full stop or a smiley, is a comma: `Ik wil, nú, een mens!` becomes eight letters and commas. A regular expression reads
these far faster than the words, and a choice of a hundred words is one set of letters to it.
"""

import re

BREAK = ","
"""Stands between clauses."""
OTHER = "_"
"""Stands for each word that no phrase knows."""

_FIRST = 0x4E00  # the unified ideographs: twenty thousand letters in a row, none with a meaning in a pattern
_HYPHEN = re.compile(r"(?<=[^\W_])-(?=[^\W_])")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_TOKENS = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s']+|_+")


class Alphabet:
    """The letters of words."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._known = 0

    def letter(self, word: str) -> str:
        """Returns the letter of a word; a new one when it is new."""
        if word not in self._letters:
            self._letters[word] = chr(_FIRST + self._known)
            self._known += 1
        return self._letters[word]

    def respell(self, written: str, meant: str) -> None:
        """Makes a word read as others, unless it has a letter by now or those have none: `dont` as `don't`, `lemme` as `let me`."""
        if written not in self._letters:
            letters = [self._letters.get(word, "") for word in meant.split(" ")]
            if all(letters):
                self._letters[written] = "".join(letters)

    def read(self, folded: str) -> str:
        """Returns a folded text in letters, and one `BREAK` for each stretch between words.

        A hyphen parts words without a break, and what is drawn out reads as if doubled: `pffff` as `pff`.
        """
        letters = self._letters
        read: list[str] = []
        for token in _TOKENS.findall(_HYPHEN.sub(" ", folded) if "-" in folded else folded):
            if token in letters:
                read.append(letters[token])
            elif token[0].isalnum():
                read.append(letters.get(_DRAWN_OUT.sub(r"\1\1", token), OTHER))
            elif read and read[-1] != BREAK:
                read.append(BREAK)
        return "".join(read)
