"""Answer ids: opaque, unique, and telling what they were made of."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balie.faq.errors import AnswerNotFound
from balie.faq.retrieval.answer_ids import AnswerId, new_nonce
from balie.kit.errors import FieldMalformed

NUMBERS = st.integers(0, 2**63 - 1)
TENANT = "acme"
LANGUAGES = st.from_regex(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", fullmatch=True)


@given(NUMBERS, NUMBERS, NUMBERS, LANGUAGES)
def test_says_what_it_was_made_of(number: int, revision: int, generation: int, language: str) -> None:
    made = AnswerId(number, revision, generation, language)
    assert AnswerId.decode(made.encode(TENANT), TENANT) == made


@given(NUMBERS, LANGUAGES)
def test_is_one_opaque_word(number: int, language: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", AnswerId(number, 1, 1, language).encode(TENANT))


def test_differs_each_time() -> None:
    assert len({AnswerId(7, 1, 12, "nl").encode(TENANT) for _ in range(1000)}) == 1000


@given(st.text(max_size=80))
def test_refuses_what_it_did_not_make(text: str) -> None:
    with pytest.raises(FieldMalformed) as caught:
        AnswerId.decode(text, TENANT, name="answer_id")
    assert caught.value.metadata["field"] == "answer_id"


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 8])
def test_refuses_one_that_was_cut_within_its_numbers(cut: int) -> None:
    whole = AnswerId(7, 1, 12, "").encode(TENANT)
    with pytest.raises(FieldMalformed):
        AnswerId.decode(whole[:-cut], TENANT)


def test_refuses_another_form() -> None:
    packed = bytearray(base64.urlsafe_b64decode(AnswerId(7, 1, 12, "nl").encode(TENANT) + "=="))
    packed[6] = 1
    with pytest.raises(FieldMalformed):
        AnswerId.decode(base64.urlsafe_b64encode(packed).decode().rstrip("="), TENANT)


@given(NUMBERS, LANGUAGES, st.integers(0, 200))
def test_refuses_one_that_was_changed(number: int, language: str, place: int) -> None:
    whole = AnswerId(number, 1, 12, language).encode(TENANT)
    place %= len(whole)
    other = whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :]
    with pytest.raises((AnswerNotFound, FieldMalformed)):
        AnswerId.decode(other, TENANT)


def test_is_another_tenants_for_another_tenant() -> None:
    with pytest.raises(AnswerNotFound) as caught:
        AnswerId.decode(AnswerId(7, 1, 12, "nl").encode(TENANT), "other")
    assert caught.value.metadata["answer_id"]


def test_answers_of_one_search_share_what_leads_to_their_question() -> None:
    nonce = new_nonce()
    assert 0 <= nonce < 2**63
    ids = [AnswerId(number, 1, 1, "nl", nonce).encode(TENANT) for number in (1, 2)]
    assert len(set(ids)) == 2
    assert {AnswerId.decode(text, TENANT).nonce for text in ids} == {nonce}
