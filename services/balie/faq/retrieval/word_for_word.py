"""Questions that are put word for word as an entry has them: what is known word for word is known, and not guessed."""

import hashlib
import unicodedata
from collections.abc import Mapping

from balie.faq.knowledge.domain import EntryText

_DIGEST_BYTES = 8
_BETWEEN = frozenset("PZC")  # what is between words: marks of punctuation, spaces, what controls


def bare(text: str) -> str:
    """Returns what two ways to write the same words have in common, whatever their capitals, spaces and punctuation.

    Empty without a word. Signs such as + and € are kept, as they may be all that tells two questions apart.
    """
    # Twice, as folding takes some letters apart: Unicode, D146 (compatibility caseless match).
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    parted = "".join(" " if unicodedata.category(one)[0] in _BETWEEN else one for one in folded)
    return " ".join(parted.split())


class WordForWord:
    """Which texts are asked for in which words; keeps digests of them, as the texts are kept beside it."""

    def __init__(self) -> None:
        self._keys: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, text: EntryText) -> None:
        """Knows a text that it does not know yet by its key."""
        for digest in _digests(text):
            self._keys[digest] = (*self._keys.get(digest, ()), key)

    def remove(self, key: int, text: EntryText) -> None:
        """Forgets a text as it was added."""
        for digest in _digests(text):
            left = tuple(other for other in self._keys.get(digest, ()) if other != key)
            if left:
                self._keys[digest] = left
            else:
                self._keys.pop(digest, None)

    def find(self, asked: str, texts: Mapping[int, EntryText]) -> list[int]:
        """Returns the keys of the texts that are asked for in these words, rising.

        Args:
            asked: the question.
            texts: all that were added, by key.
        """
        words = bare(asked)
        keys = self._keys.get(_digest(words), ()) if words else ()
        return sorted(key for key in keys if any(bare(one) == words for one in texts[key].asked()))


def _digests(text: EntryText) -> set[int]:
    return {_digest(words) for words in map(bare, text.asked()) if words}


def _digest(words: str) -> int:
    found = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
    return int.from_bytes(found, "big")
