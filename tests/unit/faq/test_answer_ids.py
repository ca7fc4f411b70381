"""Answer ids: opaque, unique, and telling what they were made of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.retrieval.answer_ids import AnswerId
from balie.kit.errors import FieldMalformed

NUMBERS = st.integers(0, 2**63 - 1)
LANGUAGES = st.from_regex(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", fullmatch=True)


@given(NUMBERS, NUMBERS, NUMBERS, LANGUAGES)
def test_says_what_it_was_made_of(number: int, revision: int, generation: int, language: str) -> None:
    made = AnswerId(number, revision, generation, language)
    assert AnswerId.decode(made.encode()) == made


@given(NUMBERS, LANGUAGES)
def test_is_one_opaque_word(number: int, language: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", AnswerId(number, 1, 1, language).encode())


def test_differs_each_time() -> None:
    assert len({AnswerId(7, 1, 12, "nl").encode() for _ in range(1000)}) == 1000


@given(st.text(max_size=80))
def test_refuses_what_it_did_not_make(text: str) -> None:
    with pytest.raises(FieldMalformed) as caught:
        AnswerId.decode(text, name="answer_id")
    assert caught.value.metadata["field"] == "answer_id"


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 8])
def test_refuses_one_that_was_cut_within_its_numbers(cut: int) -> None:
    whole = AnswerId(7, 1, 12, "").encode()
    with pytest.raises(FieldMalformed):
        AnswerId.decode(whole[:-cut])


def test_refuses_another_form() -> None:
    whole = AnswerId(7, 1, 12, "nl").encode()
    with pytest.raises(FieldMalformed):
        AnswerId.decode("B" + whole[1:])
