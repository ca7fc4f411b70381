"""What the options of `balie simulate` say: rates, durations, mixes and recorded arrivals."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from balie.handoff.routing.policy_file import parse_duration

_RATE = re.compile(r"(\d+(?:\.\d+)?)/(s|min|h)")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_MOST_ARRIVALS = 5_000_000


def per_second(written: str) -> float:
    """Returns a rate such as 1000/h, 20/min or 0.5/s, each second."""
    found = _RATE.fullmatch(written)
    if found is None or not float(found[1]):
        raise typer.BadParameter("must be a number and /s, /min or /h, such as 1000/h")
    return float(found[1]) / _SECONDS[found[2]]


def seconds(written: str) -> float:
    """Returns a duration such as 30s, 6m or 1h, in seconds."""
    try:
        return parse_duration(written).total_seconds()
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def span(written: str) -> float | None:
    """Returns a duration in seconds; None for `none`."""
    return None if written == "none" else seconds(written)


@dataclass(frozen=True, slots=True)
class Pair:
    """A share of the contacts, and a share of the agents."""

    contacts: float
    agents: float


def pairs(written: str) -> dict[str, Pair]:
    """Returns the shares of `nl=0.7/1,de=0.3/0.4` by name, those of the agents 1 where nothing is said; none for the empty text."""
    found = {}
    for part in filter(None, written.split(",")):
        name, equals, values = part.strip().partition("=")
        first, slash, second = values.partition("/")
        try:
            pair = Pair(float(first), float(second) if slash else 1.0)
        except ValueError:
            pair = Pair(0.0, 0.0)
        if not (name and equals and 0 < pair.contacts <= 1 and 0 < pair.agents <= 1):
            raise typer.BadParameter("must be names with shares above 0 up to 1, such as nl=0.7,de=0.3/0.5")
        found[name] = pair
    return found


def recorded(path: Path) -> list[float]:
    """Returns the moments of a file, seconds from the first: one a line, or a JSON list; ISO 8601 or seconds since 1970."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise typer.BadParameter(f"{path} cannot be read: {wrong}") from None
    moments = sorted(_moment(path, place, one) for place, one in enumerate(_items(path, text), start=1))
    if not 1 <= len(moments) <= _MOST_ARRIVALS:
        raise typer.BadParameter(f"{path} holds {len(moments):,} moments; 1 to {_MOST_ARRIVALS:,} are taken")
    return [moment - moments[0] for moment in moments]


def _items(path: Path, text: str) -> list[object]:
    if not text.lstrip().startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        return list(json.loads(text))
    except ValueError as wrong:
        raise typer.BadParameter(f"{path} is no JSON list: {wrong}") from None


def _moment(path: Path, place: int, written: object) -> float:
    try:
        if isinstance(written, int | float):
            return float(written)
        text = str(written)
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else _iso(text)
    except ValueError:
        raise typer.BadParameter(
            f"{path}: entry {place} is no moment: neither ISO 8601 nor seconds since 1970"
        ) from None


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
