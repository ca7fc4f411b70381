"""Each check returns what it was given, or names the field at fault; limits are inclusive."""

import math
from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any

import pytest
from google.rpc.code_pb2 import Code
from hypothesis import given
from hypothesis import strategies as st

from balie.kit import bounds
from balie.kit.errors import (
    FieldMalformed,
    FieldOutOfRange,
    FieldRequired,
    FieldTooLong,
    FieldUnknownValue,
    InvalidRequest,
    TooManyItems,
)


class Colour(IntEnum):
    UNSPECIFIED = 0
    RED = 1
    BLUE = 5


def test_returns_text_up_to_its_limit_unchanged() -> None:
    assert bounds.text("text", " hé\n🙂 ", 6) == " hé\n🙂 "


def test_counts_code_points_and_not_bytes() -> None:
    assert bounds.text("text", "🙂" * 5, 5) == "🙂" * 5
    with pytest.raises(FieldTooLong) as caught:
        bounds.text("text", "🙂" * 6, 5)
    assert caught.value.metadata == {"field": "text", "limit": "5", "actual": "6", "unit": "characters"}


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0\u2003"])
def test_refuses_blank_text_where_text_is_required(blank: str) -> None:
    with pytest.raises(FieldRequired):
        bounds.text("text", blank, 10)
    assert bounds.text("text", blank, 10, required=False) == blank


def test_refuses_nul_in_text() -> None:
    with pytest.raises(FieldMalformed):
        bounds.text("text", "a\0b", 10)


@pytest.mark.parametrize("name", ["a", "7", "order-7", "a.b_c:d@e+f", "x" * 128])
def test_takes_identifiers(name: str) -> None:
    assert bounds.identifier("id", name) == name


@pytest.mark.parametrize("name", ["-a", ".a", "a b", "a/b", "é", "a\n", "a\0", "x;y"])
def test_refuses_what_is_no_identifier(name: str) -> None:
    with pytest.raises(FieldMalformed) as caught:
        bounds.identifier("id", name)
    assert name not in str(caught.value)


def test_bounds_identifiers() -> None:
    with pytest.raises(FieldTooLong):
        bounds.identifier("id", "x" * 129)
    with pytest.raises(FieldRequired):
        bounds.identifier("id", "")
    assert bounds.identifier("id", "", required=False) == ""
    assert bounds.identifier("id", "abc", max_characters=3) == "abc"


@pytest.mark.parametrize("tag", ["nl", "de-AT", "zh-Hant-TW", "sr-Latn", "gsw"])
def test_takes_language_tags(tag: str) -> None:
    assert bounds.language("language", tag) == tag


@pytest.mark.parametrize("tag", ["n", "nl_NL", "nl-", "dutch", "nl-x", "n1", "nl\n"])
def test_refuses_what_is_no_language_tag(tag: str) -> None:
    with pytest.raises(FieldMalformed):
        bounds.language("language", tag)


def test_requires_a_language_only_when_asked() -> None:
    assert bounds.language("language", "") == ""
    with pytest.raises(FieldRequired):
        bounds.language("language", "", required=True)


@pytest.mark.parametrize("value", ["a", "x" * 64, "0192f0c1-8f7e-7a3c", "A.b_c:d-"])
def test_takes_request_ids(value: str) -> None:
    assert bounds.request_id(value) == value


@pytest.mark.parametrize(
    ("value", "failure"),
    [("", FieldRequired), ("x" * 65, FieldTooLong), ("a b", FieldMalformed), ("a+b", FieldMalformed)],
)
def test_refuses_other_request_ids(value: str, failure: type[InvalidRequest]) -> None:
    with pytest.raises(failure) as caught:
        bounds.request_id(value)
    assert caught.value.metadata["field"] == "request_id"


def test_counts_items() -> None:
    assert bounds.items("texts", [1, 2], 2) == [1, 2]
    with pytest.raises(TooManyItems):
        bounds.items("texts", [1, 2, 3], 2)
    with pytest.raises(FieldRequired):
        bounds.items("texts", [], 2, minimum=1)


@pytest.mark.parametrize("value", [1, 5, 10, 1.0, 9.99])
def test_takes_numbers_within_their_range(value: float) -> None:
    assert bounds.number("top_k", value, 1, 10) == value


@pytest.mark.parametrize("value", [0, 11, math.nan, math.inf, -math.inf, 10.001])
def test_refuses_numbers_out_of_range(value: float) -> None:
    with pytest.raises(FieldOutOfRange):
        bounds.number("top_k", value, 1, 10)
    with pytest.raises(FieldOutOfRange):
        bounds.duration("wait", value, 1, 10)


@pytest.mark.parametrize("kind", [Colour, Code])
def test_takes_known_numbers_of_both_sorts_of_enum(kind: Any) -> None:
    assert bounds.enum("colour", 5, kind) == 5


def test_returns_the_member_of_a_python_enum() -> None:
    assert bounds.enum("colour", 1, Colour) is Colour.RED


@pytest.mark.parametrize("kind", [Colour, Code])
def test_refuses_unknown_and_missing_numbers(kind: Any) -> None:
    with pytest.raises(FieldUnknownValue) as caught:
        bounds.enum("colour", 99, kind)
    assert caught.value.metadata["value"] == "99"
    assert "UNSPECIFIED" not in caught.value.metadata["known"]
    with pytest.raises(FieldRequired):
        bounds.enum("colour", 0, kind)
    assert bounds.enum("colour", 0, kind, required=False) == 0


def test_a_plain_enum_of_numbers_will_do() -> None:
    plain = Enum("plain", {"NONE": 0, "ONE": 1})
    assert bounds.enum("plain", 1, plain) is plain["ONE"]


@pytest.mark.parametrize(
    "check",
    [
        lambda value: bounds.text("field", value, 20),
        lambda value: bounds.identifier("field", value, max_characters=20),
        lambda value: bounds.language("field", value, required=True),
        lambda value: bounds.request_id(value, field="field"),
    ],
)
def test_returns_the_value_itself_or_names_the_field(check: Callable[[str], str]) -> None:
    @given(st.text(max_size=70))
    def either(value: str) -> None:
        fault = None
        try:
            assert check(value) == value
        except InvalidRequest as failure:
            fault = failure
        if fault is None:
            assert value.strip()
            assert "\0" not in value
        else:
            assert fault.metadata["field"] == "field"

    either()
