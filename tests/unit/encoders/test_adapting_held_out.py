"""Which pairs are held out depends on their English sentence alone."""

import random

import pytest

from balie.encoders.adapting.errors import PairsMissing
from balie.encoders.adapting.held_out import LEAST_HELD_OUT, MOST_HELD_OUT, english_of, split
from balie.encoders.adapting.pairs import Pairs


def pairs(count: int, language: str = "fr", *, first: int = 0) -> Pairs:
    texts = tuple((f"sentence {number}", f"{language} {number}") for number in range(first, first + count))
    return Pairs(language, "pairs.jsonl", texts, blank=0, too_long=0)


def held(*parts: Pairs) -> list[set[str]]:
    return [{english for english, _other in part.texts} for part in split(parts)[1]]


@pytest.mark.parametrize(
    ("count", "expected"), [(20, 10), (99, 49), (100, LEAST_HELD_OUT), (2000, 200), (9000, MOST_HELD_OUT)]
)
def test_holds_out_a_tenth_within_bounds(count: int, expected: int):
    learnt, kept = split([pairs(count)])

    assert len(kept[0].texts) == expected
    assert len(learnt[0].texts) == count - expected
    assert {*learnt[0].texts, *kept[0].texts} == set(pairs(count).texts)


def test_the_order_of_the_pairs_plays_no_part():
    given = pairs(500)
    texts = list(given.texts)
    random.Random(1).shuffle(texts)

    assert held(given) == held(Pairs("fr", "other.jsonl", tuple(texts), blank=0, too_long=0))


def test_a_few_more_pairs_move_few():
    before, after = held(pairs(1000))[0], held(pairs(1010))[0]

    assert len(before - after) <= 3


def test_an_english_sentence_is_on_one_side_in_every_language_and_spelling():
    nl = pairs(400, "nl")
    spelt = tuple((english.upper() + "  ", f"oui {other}") for english, other in pairs(400).texts)
    fr = Pairs("fr", "pairs.jsonl", (*spelt, *pairs(300, first=400).texts), blank=0, too_long=0)
    learnt, kept = split([nl, fr])

    def sentences(parts: list[Pairs]) -> set[str]:
        return {english.lower().strip() for part in parts for english, _other in part.texts}

    assert not sentences(learnt) & sentences(kept)
    assert all(len(part.texts) >= LEAST_HELD_OUT for part in kept)


def test_keeps_every_translation_of_a_sentence_together():
    twice = tuple(pair for number in range(200) for pair in ((f"s {number}", "a"), (f"s {number}", "b")))
    learnt, kept = split([Pairs("fr", "pairs.jsonl", twice, blank=0, too_long=0)])

    assert len(kept[0].texts) == 2 * LEAST_HELD_OUT
    assert not {english for english, _other in learnt[0].texts} & set(english_of(kept).texts)
    assert len(english_of(kept).texts) == LEAST_HELD_OUT


def test_refuses_one_sentence_again_and_again():
    same = Pairs("fr", "pairs.jsonl", (("hello", "bonjour"),) * 500, blank=0, too_long=0)

    with pytest.raises(PairsMissing, match=r"pairs\.jsonl.*en and fr"):
        split([same])


def test_refuses_a_language_of_which_nothing_is_left_to_learn():
    many = pairs(9000, "nl")
    kept = held(many)[0]
    few = Pairs("fr", "pairs.jsonl", tuple((text, "x") for text in sorted(kept)[:30]), blank=0, too_long=0)

    with pytest.raises(PairsMissing, match="en and fr"):
        split([many, few])
