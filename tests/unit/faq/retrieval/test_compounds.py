"""Compounds and the words they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.retrieval.compounds import Vocabulary


def knowing(*words: str) -> Vocabulary:
    found = Vocabulary()
    found.add(words)
    return found


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("fietskaartje", ("fiets", "kaartje")),
        ("Fietskaartje", ("fiets", "kaartje")),
        ("reisverzekering", ("reis", "verzekering")),
        ("bestellingsnummer", ("bestelling", "nummer")),
        ("hondenkaartje", ("hond", "kaartje")),
        ("öffnungszeiten", ("öffnung", "zeiten")),
        ("fiets", ()),
        ("fietspomp", ()),
        ("kaartjefiets", ("kaartje", "fiets")),
        ("", ()),
    ],
)
def test_takes_a_word_apart_into_two_that_are_known(word: str, parts: tuple[str, ...]) -> None:
    known = ("Fiets", "kaartje", "reis", "verzekering", "bestelling", "nummer", "hond", "Öffnung", "Zeiten")
    assert knowing(*known).parts(word) == parts


def test_short_words_are_no_parts() -> None:
    assert knowing("bus", "reis").parts("busreis") == ()


def test_a_word_is_forgotten_when_nobody_has_it_any_more() -> None:
    vocabulary = knowing("fiets", "kaart")
    vocabulary.add(["fiets"])
    vocabulary.remove(["fiets"])
    assert vocabulary.parts("fietskaart") == ("fiets", "kaart")
    vocabulary.remove(["fiets"])
    assert vocabulary.parts("fietskaart") == ()
    vocabulary.remove(["fiets", "never"])
    assert vocabulary.parts("fietskaart") == ()


WORDS = st.lists(
    st.sampled_from(["fiets", "kaart", "fietskaart", "reis", "boot", "bootreis", "bus"]), max_size=8
)


@given(st.lists(WORDS, max_size=5), st.data())
def test_the_order_of_additions_and_removals_makes_no_difference(
    texts: list[list[str]], data: st.DataObject
) -> None:
    there = knowing()
    for text in data.draw(st.permutations(texts)):
        there.add(text)
    going = data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True)) if texts else []
    for place in going:
        there.remove(word for word in texts[place] if len(word) >= 4)
    again = knowing(*[word for place, text in enumerate(texts) if place not in going for word in text])
    for word in ("fietskaart", "bootreis", "reiskaart", "busreis"):
        assert there.parts(word) == again.parts(word)
