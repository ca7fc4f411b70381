"""How long the sum of a text's ways to ask is: what their common direction is divided by to be of length 1.

It changes with the text alone, and a search needs it of each of its candidates: so it is kept.
"""

from collections.abc import Iterable

from balie.faq.retrieval.keys import keys_of

_KEPT = 65_536  # texts, some eight megabytes


class Lengths:
    """Lengths by the key of a text. Searches may share it; not safe for `forget` beside anything else."""

    def __init__(self) -> None:
        self._lengths: dict[int, float] = {}

    def get(self, key: int) -> float | None:
        """Returns the length of a text's sum, None when it is not kept."""
        return self._lengths.get(key)

    def keep(self, key: int, length: float) -> None:
        """Keeps the length of a text's sum."""
        if len(self._lengths) >= _KEPT:
            self._lengths.clear()
        self._lengths[key] = length

    def forget(self, numbers: Iterable[int]) -> None:
        """Forgets the texts of entries that change or go."""
        for number in numbers:
            for key in keys_of(number):
                self._lengths.pop(key, None)
