"""Whole-word entries: taken only as whole words, and everything else of a tokenizer stays as it was."""

import copy
import json
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.encoders.toy import ENGLISH, toy_tokenizer
from tokenizers import Tokenizer

from balie.encoders.adapting.words import Vocabulary, add_words, extend, holds_new_word, row_of
from balie.encoders.errors import EncoderModelUnsupported
from balie.encoders.folder.model import WORD_ROWS

NEW = ("twee", "een", "uber", "straße", "zon", "zondag", "дом")


def tokenizer_of(content: dict[str, Any]) -> Tokenizer:
    return Tokenizer.from_str(json.dumps(content))


PLAIN = tokenizer_of(toy_tokenizer())
TAUGHT_CONTENT = add_words(toy_tokenizer(), NEW)
TAUGHT = tokenizer_of(TAUGHT_CONTENT)
HOLDS = holds_new_word(frozenset(NEW), Vocabulary(TAUGHT_CONTENT))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("twee", ["twee"]),
        ("TWEE Twee", ["twee", "twee"]),
        ("een, twee!", ["een", ",", "twee", "!"]),
        ("twee-een", ["twee", "-", "een"]),
        ("twee's", ["twee", "'", "s"]),
        ("über", ["uber"]),
        ("u\u0308ber", ["uber"]),  # the accent as a character of its own
        ("ÜBER één", ["uber", "een"]),
        ("zwei", ["z", "##w", "##e", "##i"]),
        ("STRASSE Straße", ["s", "##t", "##r", "##a", "##s", "##s", "##e", "straße"]),
        ("zon zondag zondags", ["zon", "zondag", "z", "##o", "##n", "##d", "##a", "##g", "##s"]),
        ("tw\u200dee", ["twee"]),  # an invisible character, which the normaliser takes out
        ("Дом", ["дом"]),
        ("中twee", ["[UNK]", "twee"]),  # Chinese characters are words of their own
        ("twee😀", ["twee", "[UNK]"]),
        ("the house", ["the", "house"]),
    ],
)
def test_takes_whole_words(text: str, tokens: list[str]):
    assert TAUGHT.encode(text).tokens == tokens


@pytest.mark.parametrize(
    "text", ["tweet", "xtwee", "twee9", "9een", "twee_", "_een", "eenx", "zonn", "uberx"]
)
def test_takes_no_piece_of_a_word(text: str):
    assert TAUGHT.encode(text).tokens == PLAIN.encode(text).tokens
    assert not HOLDS(text)


@pytest.mark.parametrize("text", ["the twee house", "twee", "TWEE.", "over zon?"])
def test_says_which_texts_hold_a_new_word(text: str):
    assert HOLDS(text)


ALPHABET = st.sampled_from([*NEW, *ENGLISH, *"tweon9_- .,'ÜüßéДo\u0301\u200d\u00ad\t\n中😀²", "[CLS]", "##e"])
TEXTS = st.one_of(st.text(max_size=40), st.lists(ALPHABET, max_size=12).map("".join))


@given(TEXTS)
def test_a_text_without_a_new_word_keeps_its_tokens(text: str):
    ids = TAUGHT.encode(text).ids
    if max(ids, default=0) < PLAIN.get_vocab_size():
        assert ids == PLAIN.encode(text).ids


@given(TEXTS)
def test_a_new_word_is_taken_only_where_nothing_touches_it(text: str):
    """Takes the text apart with another rule than the tokenizer's: by the kinds of signs in its normal form."""
    normal = PLAIN.normalizer.normalize_str(text)
    for token, (start, end) in zip(*marks(normal), strict=True):
        if token in NEW:
            assert not is_of_a_word(normal[start - 1 : start])
            assert not is_of_a_word(normal[end : end + 1])


def is_of_a_word(sign: str) -> bool:
    """Letters, marks, digits and underscores; a raised 2 or a pictogram ends a word."""
    return sign != "" and (
        unicodedata.category(sign)[0] in "LM" or unicodedata.category(sign) in ("Nd", "Nl", "Pc")
    )


def marks(normal: str) -> tuple[list[str], list[tuple[int, int]]]:
    encoded = TAUGHT.encode(normal)
    return encoded.tokens, encoded.offsets


def test_adds_after_all_that_is_there_and_leaves_its_input_alone():
    content = toy_tokenizer()
    before = copy.deepcopy(content)

    twice = add_words(add_words(content, ["twee"]), ["drie", "vier"])

    assert content == before
    assert twice["model"] == before["model"]
    assert twice["added_tokens"][: len(before["added_tokens"])] == before["added_tokens"]
    size = len(before["model"]["vocab"])
    assert [token["id"] for token in twice["added_tokens"][-3:]] == [size, size + 1, size + 2]
    tokenizer = tokenizer_of(twice)
    assert [tokenizer.token_to_id(word) for word in ("twee", "drie", "vier")] == [size, size + 1, size + 2]
    assert tokenizer.get_vocab_size() == size + 3 == len(Vocabulary(twice))


def test_a_new_word_is_text_and_no_mark():
    """Special tokens are left out when ids are turned into text, and must not be."""
    assert TAUGHT.decode(TAUGHT.encode("the twee house").ids) == "the twee house"


def test_the_file_written_anew_by_its_library_behaves_the_same():
    again = Tokenizer.from_str(TAUGHT.to_str())

    for text in ("een tweet over twee", "the ÜBER house"):
        assert again.encode(text).ids == TAUGHT.encode(text).ids


@pytest.mark.parametrize(
    ("word", "can"),
    [
        ("twee", True),
        ("straße", True),
        ("дом", True),
        ("house", False),  # known
        ("t", False),
        ("д", False),
        ("9", False),
        ("twee9", False),
        ("a-b", False),
        ("über", False),  # not in normal form
        ("Twee", False),
        ("", False),
        ("twee een", False),
        ("[SEP]", False),
    ],
)
def test_knows_what_can_be_added(word: str, *, can: bool):
    assert Vocabulary(toy_tokenizer()).can_be_added(word) is can


def test_a_word_that_was_added_cannot_be_added_again():
    assert not Vocabulary(TAUGHT_CONTENT).can_be_added("twee")


def test_the_fingerprint_changes_with_what_changes_tokens():
    plain = toy_tokenizer()
    cased = {**plain, "normalizer": {**plain["normalizer"], "lowercase": False}}
    swapped = copy.deepcopy(plain)
    vocabulary = swapped["model"]["vocab"]
    vocabulary["the"], vocabulary["house"] = vocabulary["house"], vocabulary["the"]
    padded = {**plain, "padding": {"strategy": "BatchLongest"}, "truncation": None}

    contents = [plain, cased, swapped, TAUGHT_CONTENT]

    assert len({Vocabulary(content).fingerprint for content in contents}) == 4
    del padded["padding"]
    assert Vocabulary(padded).fingerprint == Vocabulary(plain).fingerprint


@pytest.mark.parametrize("part", ["model", "normalizer", "pre_tokenizer"])
def test_refuses_another_kind_of_tokenizer(part: str):
    content = toy_tokenizer()
    content[part] = {**content[part], "type": "BPE"}

    with pytest.raises(EncoderModelUnsupported, match=f"tokenizer's {part} is 'BPE'"):
        Vocabulary(content)
    with pytest.raises(EncoderModelUnsupported, match=f"tokenizer's {part} is None"):
        Vocabulary({**content, part: None})


def test_a_row_is_the_weighted_mean_of_its_english_words():
    vocabulary = Vocabulary(toy_tokenizer())
    rows = np.zeros((len(vocabulary), 2), np.float32)
    (day,), (night,) = vocabulary.ids("day"), vocabulary.ids("night")
    rows[day], rows[night] = (4, 0), (0, 8)
    pieces = vocabulary.ids("xy")
    rows[pieces[0]], rows[pieces[1]] = (10, 2), (20, 4)

    row = row_of((("day", 3), ("night", 1)), vocabulary, rows)

    assert row.dtype == np.float32
    assert row.tolist() == [3.0, 2.0]
    assert row_of((("xy", 7),), vocabulary, rows).tolist() == [15.0, 3.0]


def test_other_weights_are_the_same_and_not_read():
    class Lazy(dict[str, np.ndarray]):
        def __getitem__(self, name: str) -> np.ndarray:
            assert name in {WORD_ROWS, "layer"}, "read without need"
            return super().__getitem__(name)

    old = np.arange(6, dtype=np.float32).reshape(3, 2)
    weights = Lazy({WORD_ROWS: old, "layer": np.ones(2, np.float32), "position_ids": np.zeros(1)})

    taught = extend(weights, np.full((2, 2), 9.0, np.float32))

    assert taught[WORD_ROWS].shape == (5, 2)
    assert taught[WORD_ROWS][:3].tobytes() == old.tobytes()
    assert taught["layer"] is weights["layer"]
    assert list(taught) == list(weights)
    assert len(taught) == 3
    assert weights[WORD_ROWS] is old
