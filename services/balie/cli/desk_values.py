"""Reads the values of a desk's file: lengths of time, numbers, flags and choices, each as it is written there."""

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.duration_pb2 import Duration

from balie.kit.bounds import ProtoEnum
from balie.nlu.yaml_file import Entry

Read = Callable[[Entry, str], Any]
"""Returns what an entry holds; is told what it is of, and raises DataFileWrong."""

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def text(entry: Entry, what: str) -> str:
    """Returns a text without spaces around it."""
    return entry.text(what, 10_000)


def span(entry: Entry, what: str) -> Duration:
    """Returns a length of time from a number and s, m, h or d, such as `10m`."""
    written = entry.text(what)
    found = _SPAN.fullmatch(written)
    if found is None:
        raise entry.wrong(f"{what}: {written!r} is no length of time such as 30s, 10m, 2h or 1d")
    return _duration(float(found[1]) * _SECONDS[found[2]])


def of(unit_seconds: float) -> Read:
    """Returns what reads a length of time from a number of seconds, of minutes and so on."""

    def read(entry: Entry, what: str) -> Duration:
        return _duration(number(entry, what) * unit_seconds)

    return read


def number(entry: Entry, what: str) -> float:
    """Returns a number."""
    written = entry.text(what)
    try:
        return float(written)
    except ValueError:
        raise entry.wrong(f"{what}: {written!r} is no number") from None


def whole(entry: Entry, what: str) -> int:
    """Returns a whole number."""
    written = entry.text(what)
    if not re.fullmatch(r"-?\d{1,9}", written):
        raise entry.wrong(f"{what}: {written!r} is no whole number")
    return int(written)


def flag(entry: Entry, what: str) -> bool:
    """Returns whether something is so."""
    written = entry.text(what).lower()
    if written not in _FLAGS:
        raise entry.wrong(f"{what}: {written!r} is neither true nor false")
    return _FLAGS[written]


def choice(kind: ProtoEnum, prefix: str) -> Read:
    """Returns what reads a value of an enum from its name in small letters, without its prefix."""
    known = {
        name.removeprefix(prefix).lower(): value
        for name, value in zip(kind.keys(), kind.values(), strict=True)
        if value
    }

    def read(entry: Entry, what: str) -> int:
        written = entry.text(what).lower()
        if written not in known:
            raise entry.wrong(f"{what}: {written!r} is none of {', '.join(known)}")
        return known[written]

    return read


def texts(entry: Entry, what: str) -> list[str]:
    """Returns a list of texts."""
    return [text(one, what) for one in entry.elements(what)]


def _duration(seconds: float) -> Duration:
    made = Duration()
    made.FromMilliseconds(round(seconds * 1000))
    return made
