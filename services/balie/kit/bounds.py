"""Checks every `convert.py` uses: each returns the value it was given, or raises the failure that names the field.

Bounds are part of the contract, so they are checked where a request enters and nowhere else. All limits are
inclusive.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol, TypeVar, overload, runtime_checkable

from google.protobuf.timestamp_pb2 import Timestamp

from balie.kit.errors import (
    FieldMalformed,
    FieldOutOfRange,
    FieldRequired,
    FieldTooLong,
    FieldUnknownValue,
    TooManyItems,
)

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]+")

IDENTIFIER_CHARACTERS = 128
LANGUAGE_CHARACTERS = 35  # RFC 5646, section 4.4.1: what a language tag's buffer must hold
REQUEST_ID_CHARACTERS = 64

T = TypeVar("T")
N = TypeVar("N", int, float)
E = TypeVar("E", bound=Enum)


@runtime_checkable
class ProtoEnum(Protocol):
    """What a generated protobuf enum offers: its numbers and their names."""

    def keys(self) -> Iterable[str]:
        """Returns the names."""

    def values(self) -> Iterable[int]:
        """Returns the numbers."""


def text(field: str, value: str, max_characters: int, *, required: bool = True) -> str:
    """Returns `value`, at most `max_characters` Unicode code points long.

    Raises:
        FieldRequired: it is required and blank.
        FieldTooLong: it is longer.
        FieldMalformed: it holds a NUL character, which PostgreSQL cannot store.
    """
    if len(value) > max_characters:
        raise FieldTooLong(field, limit=max_characters, actual=len(value))
    if required and not value.strip():
        raise FieldRequired(field)
    if "\0" in value:
        raise FieldMalformed(field, expected="text without NUL characters")
    return value


def identifier(
    field: str, value: str, *, required: bool = True, max_characters: int = IDENTIFIER_CHARACTERS
) -> str:
    """Returns `value`, a name or id: a letter or digit, then letters, digits and any of `._:@+-`."""
    return _matching(
        field,
        value,
        _IDENTIFIER,
        required=required,
        max_characters=max_characters,
        expected="a letter or digit, then letters, digits and any of ._:@+-",
    )


def language(field: str, value: str, *, required: bool = False) -> str:
    """Returns `value`, a language tag in the form of BCP 47 such as `nl` or `pt-BR`; the form alone is checked."""
    return _matching(
        field,
        value,
        _LANGUAGE,
        required=required,
        max_characters=LANGUAGE_CHARACTERS,
        expected="a BCP 47 language tag such as nl or pt-BR",
    )


def request_id(value: str, *, field: str = "request_id") -> str:
    """Returns `value`, the id that makes a write idempotent: 1 to 64 letters, digits and any of `._:-`."""
    return _matching(
        field,
        value,
        _REQUEST_ID,
        required=True,
        max_characters=REQUEST_ID_CHARACTERS,
        expected="letters, digits and any of ._:-",
    )


def _matching(
    field: str, value: str, form: re.Pattern[str], *, required: bool, max_characters: int, expected: str
) -> str:
    if not value:
        if required:
            raise FieldRequired(field)
        return value
    if len(value) > max_characters:
        raise FieldTooLong(field, limit=max_characters, actual=len(value))
    if not form.fullmatch(value):
        raise FieldMalformed(field, expected=expected)
    return value


def items(field: str, sequence: Sequence[T], maximum: int, *, minimum: int = 0) -> Sequence[T]:
    """Returns `sequence`, with at least `minimum` and at most `maximum` items.

    Raises:
        FieldRequired: it has fewer than `minimum`.
        TooManyItems: it has more than `maximum`.
    """
    if len(sequence) < minimum:
        raise FieldRequired(field)
    if len(sequence) > maximum:
        raise TooManyItems(field, limit=maximum, actual=len(sequence))
    return sequence


def pairs(
    field: str, values: Mapping[str, str], maximum: int, *, key_characters: int, value_characters: int
) -> dict[str, str]:
    """Returns a map of short texts by name, ordered by name; values may be empty.

    Raises:
        TooManyItems: it has more than `maximum`.
        FieldRequired: a name is empty or only spaces.
        FieldTooLong: a name or a value is longer than allowed.
    """
    if len(values) > maximum:
        raise TooManyItems(field, limit=maximum, actual=len(values))
    return {
        text(f"{field}.key", name, key_characters): text(
            f"{field}.value", value, value_characters, required=False
        )
        for name, value in sorted(values.items())
    }


def number(field: str, value: N, minimum: float, maximum: float) -> N:
    """Returns `value`, from `minimum` to `maximum`; refuses NaN."""
    if math.isnan(value) or not minimum <= value <= maximum:
        raise FieldOutOfRange(field, minimum=minimum, maximum=maximum, actual=value)
    return value


def duration(field: str, seconds: float, minimum: float, maximum: float) -> float:
    """Returns `seconds`, from `minimum` to `maximum` seconds; refuses NaN."""
    return number(field, seconds, minimum, maximum)


def moment(field: str, stamp: Timestamp) -> datetime:
    """Returns the moment that `stamp` means, in UTC and to the microsecond; refuses one outside the years 1 to 9999."""
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise FieldMalformed(field, expected="a time from the year 1 to 9999") from None


@overload
def enum(field: str, value: int, kind: type[E], *, required: bool = True) -> E: ...


@overload
def enum(field: str, value: int, kind: ProtoEnum, *, required: bool = True) -> int: ...


def enum(field: str, value: int, kind: type[Enum] | ProtoEnum, *, required: bool = True) -> Enum | int:
    """Returns `value` as a member of `kind`: a protobuf enum (its number) or a Python enum of numbers (its member).

    Raises:
        FieldRequired: it is required and 0, the unspecified value.
        FieldUnknownValue: `kind` has no such number.
    """
    if value == 0 and required:
        raise FieldRequired(field)
    known: dict[int, tuple[str, Enum | int]]
    if isinstance(kind, type):
        known = {member.value: (member.name, member) for member in kind}
    else:
        known = {number: (name, number) for name, number in zip(kind.keys(), kind.values(), strict=True)}
    if value not in known:
        names = [name for number, (name, _) in known.items() if number]
        raise FieldUnknownValue(field, value=value, known=names)
    return known[value][1]
