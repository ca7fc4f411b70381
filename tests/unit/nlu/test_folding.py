import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.nlu.folding import Piece, fold, phrase_of, pieces


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Überfahrt", "uberfahrt"),
        ("CAFÉ", "cafe"),
        ("Straße", "strasse"),
        ("ＷＶ１０４２", "wv1042"),
        ("ﬁets", "fiets"),
        ("", ""),
    ],
)
def test_takes_away_case_accents_and_compatibility_forms(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=60))
def test_composed_and_decomposed_texts_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("text", ["WV-1042", "wv 1042", "WV1042", "wv.1042!", "(Wv_1042)"])
def test_ways_to_write_a_code_have_the_same_pieces(text: str) -> None:
    assert [piece.text for piece in pieces(text)] == ["wv", "1042"]


def test_pieces_keep_their_place_in_code_points() -> None:
    text = "😀🚲 één FIETS, 2x"
    assert list(pieces(text)) == [
        Piece("een", 3, 6),
        Piece("fiets", 7, 12),
        Piece("2", 14, 15),
        Piece("x", 15, 16),
    ]


def test_a_mark_belongs_to_its_letter() -> None:
    decomposed = "cafe\u0301 open"
    assert list(pieces(decomposed)) == [Piece("cafe", 0, 5), Piece("open", 6, 10)]


@given(st.text(max_size=80))
def test_pieces_lie_in_order_within_the_text(text: str) -> None:
    end = 0
    for piece in pieces(text):
        assert end <= piece.start < piece.end <= len(text)
        assert piece.text == fold(text[piece.start : piece.end])
        end = piece.end


def test_a_phrase_is_its_words() -> None:
    assert phrase_of(" Dank je   wel!! 😀") == phrase_of("DANK JE WEL") == "dank je wel"
    assert phrase_of("🚲?!") == ""
