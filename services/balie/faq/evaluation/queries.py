"""Questions with known answers: JSON Lines of `text`, `entry_ids` (none where no entry answers) and `lang`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files import Source


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A question as a customer puts it.

    Attributes:
        entry_ids: the entries that answer it; empty when none does.
        language: empty when it is not known.
        without: the entries that are not there while it is asked, so that it has no answer.
        line: where in its file it stands, from 1; 0 when it is of none.
    """

    text: str
    entry_ids: frozenset[str]
    language: str = ""
    without: frozenset[str] = frozenset()
    line: int = field(default=0, compare=False)


def read_queries(source: Path | Source) -> list[EvalQuery]:
    """Returns the questions of a file in their order.

    Raises:
        EntryFileWrong: it cannot be read, holds none, or a line is no question; names the line.
    """
    if isinstance(source, Path):
        source = Source(source)
    found = [_query(source, number, line) for number, line in source.lines() if not line.isspace()]
    if not found:
        raise source.wrong(0, "holds no question: each line is one, with `text`, `entry_ids` and `lang`")
    return found


def _query(source: Source, number: int, line: str) -> EvalQuery:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise source.wrong(number, "is not JSON: each line is one question") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str) or not raw["text"].strip():
        raise source.wrong(number, "a question needs a `text`")
    ids, language = raw.get("entry_ids"), raw.get("lang") or raw.get("language") or source.language
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise source.wrong(number, "`entry_ids` must be a list of ids, empty where no entry answers")
    if not isinstance(language, str):
        raise source.wrong(number, "`lang` must be a text")
    if is_broken(raw["text"]):
        raise source.wrong(number, "`text` holds half of a character, which is no text")
    return EvalQuery(raw["text"].strip(), frozenset(ids), language, line=number)


def is_broken(text: str) -> bool:
    """Returns whether a text holds half of a character, as JSON can escape it and no encoder can read it."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def known(queries: Sequence[EvalQuery], ids: frozenset[str], path: Path) -> None:
    """Checks that questions name entries that are there.

    Raises:
        EntryFileWrong: one names another; names the line.
    """
    for place, query in enumerate(queries, start=1):
        for missing in sorted(query.entry_ids - ids):
            near = get_close_matches(missing, sorted(ids), n=1)
            meant = f"; is {near[0]!r} meant?" if near else ""
            raise EntryFileWrong(path, query.line or place, f"there is no published entry {missing!r}{meant}")
