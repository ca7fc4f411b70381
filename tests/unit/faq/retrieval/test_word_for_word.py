"""Questions that are put word for word as an entry has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.word_for_word import WordForWord, bare


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("May I bring my dog?", "may i bring my dog"),
        ("  May  I\nbring my dog!?", "MAY I BRING MY DOG"),
        ("Straße", "STRASSE"),
        ("ﬁetsen", "fietsen"),
        ("één", "e\u0301e\u0301n"),
        ("sign-in", "sign in"),
        ("¿cuánto cuesta?", "CUÁNTO CUESTA"),
        ("wifi\u200b", "wifi"),
    ],
)
def test_two_ways_to_write_the_same_words(first: str, second: str) -> None:
    assert bare(first) == bare(second) != ""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("my dog", "my dogs"),
        ("my dog", "dog my"),
        ("1.5 hours", "15 hours"),
        ("5 €", "5 $"),
        ("C++", "C"),
        ("की", "का"),  # vowel signs are marks, and make the word
        ("één", "een"),
    ],
)
def test_other_words_stay_others(first: str, second: str) -> None:
    assert bare(first) != bare(second)


@pytest.mark.parametrize("text", ["", "?", " \t", "!!! …", "\x00\x01"])
def test_nothing_is_known_by_no_word(text: str) -> None:
    texts = {1: EntryText("en", text, (), "Yes.")}
    known = WordForWord()
    known.add(1, texts[1])
    assert (len(known), known.find(text, texts)) == (0, [])


def test_finds_all_that_are_asked_in_these_words_and_no_answer() -> None:
    texts = {
        9: EntryText("en", "May I bring a dog?", ("dogs", "Dogs!"), "Only on a lead"),
        3: EntryText("nl", "Mag mijn hond mee?", ("DOGS",), "Ja"),
    }
    known = WordForWord()
    for key, text in texts.items():
        known.add(key, text)
    assert known.find("dogs?", texts) == [3, 9]
    assert known.find("mag mijn hond mee", texts) == [3]
    assert known.find("only on a lead", texts) == []
    known.remove(9, texts[9])
    assert known.find("dogs", texts) == [3]
    assert known.find("may i bring a dog", texts) == []
    known.remove(9, texts[9])  # a second time
    known.remove(3, texts[3])
    assert len(known) == 0


ASKED = st.lists(
    st.sampled_from(["dog", "Dog?", "cat", "my dog", "my-dog", "?", "boat!"]), min_size=1, max_size=3
)


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | ASKED), max_size=20))
def test_is_the_same_as_looking_through_all_texts(steps: list[tuple[int, list[str] | None]]) -> None:
    texts: dict[int, EntryText] = {}
    known = WordForWord()
    for key, asked in steps:
        if key in texts:
            known.remove(key, texts.pop(key))
        if asked is not None:
            texts[key] = EntryText("en", asked[0], tuple(asked[1:]), "Yes.")
            known.add(key, texts[key])
    for word in ("dog", "cat", "my dog", "boat", "?"):
        there = [
            key for key, text in sorted(texts.items()) if bare(word) and bare(word) in map(bare, text.asked())
        ]
        assert known.find(word, texts) == there
