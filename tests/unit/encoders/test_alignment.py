"""Word alignment on languages whose dictionary is known."""

import hashlib
import random
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from tests.unit.encoders.toy import MADE_UP, sentences, translated

from balie.encoders.adapting import alignment
from balie.encoders.adapting.alignment import Alignment, TooManyLinks, align, preference


def best(found: Alignment) -> dict[str, str]:
    """Returns the English word of most links for each other word."""
    order = np.argsort(found.counts, kind="stable")
    return {
        found.words[found.word[kind]]: found.english_words[found.english[kind]] for kind in order.tolist()
    }


def test_finds_the_dictionary_of_a_language_with_another_order():
    pairs = [(words, translated(words)) for words in sentences(240)]

    assert best(align(pairs, rounds=5)) == {other: english for english, other in MADE_UP.items()}


def test_needs_more_than_what_occurs_together():
    """One round alone counts what shares a pair; the next ones explain `huis` away where `hond` is there."""
    pairs = [
        (["the", "house"], ["het", "huis"]),
        (["the", "dog"], ["de", "hond"]),
        (["the", "house", "dog"], ["huis", "hond"]),
    ]

    found = best(align(pairs, rounds=8))

    assert (found["huis"], found["hond"]) == ("house", "dog")


def test_counts_occurrences_and_lists_each_combination_once():
    found = align([(["a", "b", "a"], ["x", "y"]), (["b"], ["y"])], rounds=2)

    assert (found.english_words, found.words) == (("a", "b"), ("x", "y"))
    assert found.occurrences.tolist() == [1, 2]
    assert list(zip(found.word.tolist(), found.english.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]


def test_links_of_a_word_are_no_more_than_its_occurrences_and_what_it_calls_forth():
    words = sentences(60)
    pairs = [(english, translated(english)) for english in words]
    found = align(pairs, rounds=5)

    total = sum(len(english) for english in words)
    assert 0 < found.counts.sum() <= 2 * total
    assert found.counts.min() >= 0


def test_first_round_by_hand():
    """Chances are equal at first: each of the two words, and none, gets a third of a link, in either direction."""
    found = align([(["a", "b"], ["x", "y"])], rounds=1)

    assert found.counts.tolist() == pytest.approx([2 / 3] * 4)


def test_gives_the_same_bits_again():
    pairs = [(words, translated(words)) for words in sentences(120)]

    first, second = align(pairs, rounds=5), align(pairs, rounds=5)

    assert first.counts.tobytes() == second.counts.tobytes()
    # Fixed, so that a sum in another order, or on another kind of processor, is found out.
    bits = hashlib.sha256(first.counts.astype("<f8").tobytes()).hexdigest()
    assert bits == "d661545f1aaeb1f05dd237c4ad0c2a70865f652739ac5625bd6176168af91995"


def test_survives_words_that_come_with_every_sentence():
    pairs = [(["the"] * 30 + [f"a{place}"], ["de"] * 30 + [f"b{place}"]) for place in range(30)]

    found = align(pairs, rounds=40)

    assert np.isfinite(found.counts).all()


def test_refuses_more_than_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alignment, "MOST_LINKS", 8)
    align([(["a", "b"], ["x", "y"]), (["a", "b"], ["x", "y"])], rounds=1)

    with pytest.raises(TooManyLinks):
        align([(["a", "b"], ["x", "y"]), (["a", "b", "c"], ["x", "y"])], rounds=1)


def test_memory_grows_with_the_links_and_stays_below_what_is_stated():
    rng = random.Random(3)
    pairs = [
        (
            [f"a{rng.randrange(500)}" for _ in range(20)],
            [f"b{rng.randrange(500)}" for _ in range(20)],
        )
        for _pair in range(500)
    ]
    tracemalloc.start()
    try:
        align(pairs, rounds=2)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < alignment.BYTES_PER_LINK * 500 * 20 * 20


def test_translations_prefer_their_own_partner_and_others_do_not():
    words = sentences(400)
    pairs = [(english, translated(english)) for english in words]
    moved = [(english, translated(words[(place + 130) % 400])) for place, english in enumerate(words)]

    right, tried = preference(pairs, rounds=5)
    wrong, _tried = preference(moved, rounds=5)

    assert tried == 200
    assert right > 0.95
    assert wrong < 0.65


@pytest.mark.parametrize("count", [1, 2, 3])
def test_preference_of_very_few_pairs_says_nothing(count: int):
    share, tried = preference([(["a"], ["x"])] * count, rounds=2)

    assert (share, tried) == (0.5, count // 2)


def test_is_loaded_by_nothing_that_serves():
    code = "import sys, balie.encoders, balie.encoders.onnx; print([m for m in sys.modules if 'balie.encoders' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "balie.encoders.onnx" in done.stdout
    for module in ("alignment", "table_making", "pairs", "words"):
        assert f"balie.encoders.{module}'" not in done.stdout
