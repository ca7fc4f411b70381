"""Splits sentence pairs into those that are learned from and those that show what was learned."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from balie.encoders.adapting.english_texts import EnglishTexts
from balie.encoders.adapting.errors import PairsMissing
from balie.encoders.adapting.pairs import LEAST_LEARNT, LEAST_PAIRS, Pairs

HELD_OUT_SHARE = 10
"""One English sentence in so many is held out, with its translations."""
LEAST_HELD_OUT = 50
MOST_HELD_OUT = 500

_DIFFERENT = " with an English sentence of their own"
_NOT_HELD_OUT = " whose English sentence is not held out to measure"


def split(pairs: Sequence[Pairs]) -> tuple[list[Pairs], list[Pairs]]:
    """Returns what is learned from and what is held out, for each language.

    An English sentence is on one side with all its translations. Which side depends on the sentence alone and not on
    its place, so that more pairs of the same kind move few.

    Raises:
        PairsMissing: fewer than `LEAST_PAIRS` different English sentences, or fewer than `LEAST_LEARNT` pairs left.
    """
    held: set[str] = set()
    for part in pairs:
        texts = sorted({_key(english) for english, _other in part.texts})
        if len(texts) < LEAST_PAIRS:
            raise PairsMissing(
                part.files, part.language, found=len(texts), least=LEAST_PAIRS, which=_DIFFERENT
            )
        count = min(max(len(texts) // HELD_OUT_SHARE, LEAST_HELD_OUT), len(texts) // 2, MOST_HELD_OUT)
        held.update(texts[:count])
    sides = []
    for part in pairs:
        learnt = tuple(pair for pair in part.texts if _key(pair[0]) not in held)
        if len(learnt) < LEAST_LEARNT:
            raise PairsMissing(
                part.files, part.language, found=len(learnt), least=LEAST_LEARNT, which=_NOT_HELD_OUT
            )
        kept = tuple(pair for pair in part.texts if _key(pair[0]) in held)
        sides.append((replace(part, texts=learnt), replace(part, texts=kept)))
    return [side[0] for side in sides], [side[1] for side in sides]


def _key(english: str) -> str:
    return hashlib.sha256(" ".join(english.lower().split()).encode()).hexdigest()


def english_of(held_out: Sequence[Pairs]) -> EnglishTexts:
    """Returns the English side of the pairs, each text once."""
    texts = dict.fromkeys(english for pairs in held_out for english, _other in pairs.texts)
    return EnglishTexts("the held-out pairs", tuple(texts))
