"""Examples and messages of a little desk, which the engine `keyword` tells apart without an encoder."""

import json
from collections.abc import Iterable
from pathlib import Path

from balie.encoders import Encoder
from balie.nlu.calibrating import Promise
from balie.nlu.evaluation.engines import EngineTeacher
from balie.nlu.evaluation.vectors import Vectors
from balie.nlu.examples import Example

Row = tuple[str, str]

_SAID = {
    "opening_hours": ["open", "closed", "hours", "until when"],
    "cancel_order": ["cancel", "undo my order", "stop the order", "annul"],
    "refund": ["refund", "money back", "reimburse", "repay"],
}
_PLACES = [
    "today",
    "please",
    "on sunday",
    "now",
    "at once",
    "tomorrow",
    "for me",
    "again",
    "this week",
    "soon",
]


def rows(*, out_of_scope: int = 0) -> list[Row]:
    """Returns forty messages of each intent, and some out of scope."""
    found = [
        (f"{said} {place}", intent)
        for intent, several in _SAID.items()
        for said in several
        for place in _PLACES
    ]
    return found + [(f"weather number {number}", "oos") for number in range(out_of_scope)]


def examples(wanted: Iterable[Row], language: str = "en") -> list[Example]:
    return [Example(intent, language, text, line) for line, (text, intent) in enumerate(wanted, 1)]


def write(path: Path, wanted: Iterable[Row], language: str = "en") -> Path:
    lines = [json.dumps({"text": text, "label": label, "lang": language}) for text, label in wanted]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def no_encoder() -> Encoder:
    raise AssertionError("the engine needs no encoder")


def teacher(promise: Promise = Promise(max_wrong=0.2)) -> EngineTeacher:  # noqa: B008  frozen
    return EngineTeacher("keyword", {}, promise, Vectors(no_encoder, 1))
