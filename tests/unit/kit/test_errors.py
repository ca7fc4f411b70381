"""Failures know their reason and their facts, and cross process boundaries."""

import inspect
import pickle

import pytest

from balie.kit import errors
from balie.kit.errors import (
    CallerForbidden,
    Exhausted,
    Failure,
    FieldOutOfRange,
    FieldTooLong,
    FieldUnknownValue,
    NotFound,
    ServerBusy,
)


class ThingNotFound(NotFound):
    reason = "THING_NOT_FOUND"

    def __init__(self, thing: str, *, shelf: int) -> None:
        super().__init__(f"thing {thing} is not on shelf {shelf}", thing=thing, shelf=shelf, nothing=None)


def concrete() -> list[type[Failure]]:
    found = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Failure)]
    return [value for value in found if value is not Failure and Failure not in value.__bases__]


def test_repeats_every_fact_in_its_metadata() -> None:
    failure = ThingNotFound("tree", shelf=3)
    assert failure.message == str(failure) == "thing tree is not on shelf 3"
    assert failure.metadata == {"thing": "tree", "shelf": "3"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.1, "0.1"),
        (5.0, "5"),
        (["a", "b"], "a, b"),
        ((1, 2.5), "1, 2.5"),
        ("abc", "abc"),
        (7, "7"),
    ],
)
def test_writes_facts_as_text(value: object, text: str) -> None:
    class Odd(NotFound):
        reason = "ODD"

    assert Odd("odd", fact=value).metadata == {"fact": text}


def test_refuses_a_failure_without_a_reason() -> None:
    with pytest.raises(TypeError, match="needs a reason"):
        type("Nameless", (NotFound,), {})


@pytest.mark.parametrize("reason", ["", "lower_case", "WITH SPACE", "_LEADING", "TRAILING_", "X" * 64])
def test_refuses_a_reason_in_another_form(reason: str) -> None:
    with pytest.raises(TypeError, match="UPPER_SNAKE_CASE"):
        type("Odd", (NotFound,), {"reason": reason})


def test_refuses_to_raise_a_kind() -> None:
    with pytest.raises(TypeError, match="is a kind"):
        NotFound("something")


def test_crosses_a_process_boundary() -> None:
    failure = ThingNotFound("tree", shelf=3)
    copy = pickle.loads(pickle.dumps(failure))  # noqa: S301 — our own bytes
    assert type(copy) is ThingNotFound
    assert (copy.message, copy.metadata, copy.args) == (failure.message, failure.metadata, failure.args)


def test_says_how_long_to_wait_when_exhausted() -> None:
    assert ServerBusy(limit=3).retry_after_seconds == 1.0
    assert ServerBusy(limit=3, retry_after_seconds=2.5).retry_after_seconds == 2.5
    assert issubclass(ServerBusy, Exhausted)


def test_messages_name_the_field_and_its_limits() -> None:
    assert str(FieldTooLong("text", limit=10, actual=12)) == "text has 12 characters, at most 10 are allowed"
    assert str(FieldOutOfRange("top_k", minimum=1, maximum=50, actual=500)) == "top_k is 500, must be 1 to 50"
    assert FieldUnknownValue("presence", value=99, known=["ONLINE", "AWAY"]).metadata == {
        "field": "presence",
        "value": "99",
        "known": "ONLINE, AWAY",
    }
    assert CallerForbidden(role="contact", needed=["agent", "admin"]).metadata == {
        "role": "contact",
        "needed": "agent, admin",
    }


def test_every_failure_of_the_kit_is_offered() -> None:
    assert len(concrete()) >= 18
    assert {failure.__name__ for failure in concrete()} <= set(errors.__all__)


def test_every_reason_of_the_kit_is_in_the_contract() -> None:
    from balie.api.common.v1.error_reason_pb2 import ErrorReason

    known = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()}  # noqa: SIM118 — no mapping
    assert {failure.reason for failure in concrete()} <= known
    assert "INTERNAL" in known
