"""The questions that went wrong, for people to read: what was asked, what should have been found, and what was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from balie.cli.eval_report.errors import evenly
from balie.cli.eval_report.faq_charts import parts_drawing

if TYPE_CHECKING:
    from balie.faq.domain import EntryContent
    from balie.faq.evaluation.outcome import Asked
    from balie.faq.evaluation.running import Evaluation

_KINDS = {
    "wrong": "answered, wrong",
    "oos": "answered, though nothing answers",
    "refused": "not answered, though right",
    "unsure": "not answered, would be wrong",
}
_SHOWN = 3
"""Entries that answer, of which so many are shown."""


def errors_of(
    found: "Evaluation",
) -> tuple[list[dict[str, object]], int, list[dict[str, object]]]:
    """Returns the errors, surest first, how many are left out, and how many there are of each kind."""
    kinds = np.asarray([_kind(one, found.figures.threshold) for one in found.asked])
    confidence = np.asarray([one.confidence for one in found.asked])
    places = np.flatnonzero(kinds != "")
    order = places[np.argsort(-confidence[places], kind="stable")]
    tell_language = len(found.by_language) > 1
    rows = [
        _row(found.asked[at], str(kinds[at]), found.contents, tell_language=tell_language)
        for at in evenly(order, kinds).tolist()
    ]
    counts = Counter(kinds[places].tolist())
    told: list[dict[str, object]] = [
        {"kind": kind, "name": name, "count": counts[kind]} for kind, name in _KINDS.items() if counts[kind]
    ]
    return rows, len(places) - len(rows), told


def _kind(one: "Asked", threshold: float) -> str:
    answered = one.confidence >= threshold
    if answered and not one.is_answerable:
        return "oos"
    if answered and not one.is_right:
        return "wrong"
    if not answered and one.is_right:
        return "refused"
    return "unsure" if not answered and one.is_answerable else ""


def _row(
    one: "Asked", kind: str, contents: "Mapping[str, EntryContent]", *, tell_language: bool
) -> dict[str, object]:
    expected = sorted(one.query.entry_ids or one.query.without)
    return {
        "kind": kind,
        "what": _KINDS[kind],
        "confidence": f"{one.confidence:.3f}",
        "text": one.query.text,
        "language": one.query.language if tell_language else "",
        "expected": _entries(expected, one, contents),
        "made": bool(one.query.without),
        "found": _entries([one.best] if one.best else [], one, contents),
        "place": str(one.ranks[0]) if one.ranks else "",
        "parts": parts_drawing(() if one.is_right else one.parts, one.answer_parts),
    }


def _entries(
    ids: Sequence[str], one: "Asked", contents: "Mapping[str, EntryContent]"
) -> list[tuple[str, str]]:
    """Returns the ids of entries with their questions in the language that was asked in."""
    shown = [(entry_id, _question(contents[entry_id], one.query.language)) for entry_id in ids[:_SHOWN]]
    return [*shown, (f"and {len(ids) - _SHOWN} more", "")] if len(ids) > _SHOWN else shown


def _question(content: "EntryContent", language: str) -> str:
    texts = content.texts
    return next((text for text in texts if text.language.lower() == language.lower()), texts[0]).question
