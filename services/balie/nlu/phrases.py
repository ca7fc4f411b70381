"""Examples that somebody types word for word: known and not guessed, whatever an engine makes of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balie.nlu.engines.arrays import read_arrays, write_arrays
from balie.nlu.errors import ModelDamaged
from balie.nlu.folding import phrase_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balie.nlu.examples import Example

PHRASES_FILE = "phrases.npz"
_NOBODY = -1


class Phrases:
    """The words of a model's examples, as hashes; safe to ask from several threads.

    Args:
        hashes: shape (phrases,), uint64, ascending.
        places: shape (phrases,), int32: the place of each one's intent; -1 for what is out of scope.
    """

    def __init__(self, hashes: "NDArray[np.uint64]", places: "NDArray[np.int32]") -> None:
        self._hashes, self._places = hashes, places

    @staticmethod
    def of(examples: "Sequence[Example]", intents: Sequence[str]) -> "Phrases":
        """Returns the phrases of examples; words that stand under two intents are left to the engine."""
        numbers = {name: place for place, name in enumerate(intents)}
        known: dict[int, int] = {}
        contradictory = {_hash("")}
        for example in examples:
            number, place = _hash(example.text), numbers.get(example.intent, _NOBODY)
            if known.setdefault(number, place) != place:
                contradictory.add(number)
        kept = sorted(known.keys() - contradictory)
        return Phrases(np.array(kept, np.uint64), np.array([known[number] for number in kept], np.int32))

    def places_of(self, texts: Sequence[str]) -> list[int | None]:
        """Returns for each text the place of its intent, -1 when it is known to be out of scope, None when it is not known."""
        wanted = np.array([_hash(text) for text in texts], np.uint64)
        found = np.searchsorted(self._hashes, wanted)
        return [
            int(self._places[place]) if place < self._hashes.size and self._hashes[place] == number else None
            for place, number in zip(found.tolist(), wanted, strict=True)
        ]

    def write(self, folder: Path) -> None:
        """Stores the phrases."""
        write_arrays(folder / PHRASES_FILE, {"hashes": self._hashes, "places": self._places})

    @staticmethod
    def read(folder: Path, intent_count: int) -> "Phrases":
        """Returns what was stored.

        Raises:
            ModelDamaged: the file cannot be read, or tells of other intents.
        """
        path = folder / PHRASES_FILE
        arrays = read_arrays(path)
        try:
            hashes, places = arrays["hashes"].astype(np.uint64), arrays["places"].astype(np.int32)
        except (KeyError, ValueError):
            raise ModelDamaged(path, "cannot be read") from None
        if hashes.shape != places.shape or (places >= intent_count).any():
            raise ModelDamaged(path, "does not fit its manifest")
        return Phrases(hashes, places)


def known_scores(scores: "NDArray[np.floating]", places: Sequence[int | None]) -> None:
    """Writes into rows of scores what is known: 1 for the intent, and 0 for all of them where it is known to be none."""
    for row, place in enumerate(places):
        if place is not None:
            scores[row] = 0.0
            if place >= 0:
                scores[row, place] = 1.0


def _hash(text: str) -> int:
    """Returns a number of 64 bits for the words of a text, whatever their case, accents and punctuation."""
    return int.from_bytes(
        hashlib.blake2b(phrase_of(text).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )
