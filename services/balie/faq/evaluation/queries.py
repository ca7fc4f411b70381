"""Questions with known answers: JSON Lines of `text`, `entry_ids` (none where no entry answers) and `lang`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.faq.errors import EntryFileWrong


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A question as a customer puts it.

    Attributes:
        entry_ids: the entries that answer it; empty when none does.
        language: empty when it is not known.
    """

    text: str
    entry_ids: frozenset[str]
    language: str = ""


def read_queries(path: Path) -> list[EvalQuery]:
    """Returns the questions of a file in their order.

    Raises:
        EntryFileWrong: it cannot be read, or a line is no question; names the line.
    """
    found: list[EvalQuery] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    found.append(_query(path, number, line))
    except UnicodeDecodeError:
        raise EntryFileWrong(path, 0, "is not UTF-8 text") from None
    except OSError as error:
        raise EntryFileWrong(path, 0, f"cannot be read ({error.strerror})") from None
    if not found:
        raise EntryFileWrong(path, 0, "holds no question")
    return found


def _query(path: Path, number: int, line: str) -> EvalQuery:
    try:
        raw = json.loads(line)
    except ValueError:
        raise EntryFileWrong(path, number, "is not JSON") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str) or not raw["text"].strip():
        raise EntryFileWrong(path, number, "a question needs a `text`")
    ids, language = raw.get("entry_ids"), raw.get("lang") or raw.get("language") or ""
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise EntryFileWrong(path, number, "`entry_ids` must be a list of ids, empty where no entry answers")
    if not isinstance(language, str):
        raise EntryFileWrong(path, number, "`lang` must be a text")
    return EvalQuery(raw["text"].strip(), frozenset(ids), language)


def known(queries: Sequence[EvalQuery], ids: frozenset[str], path: Path) -> None:
    """Checks that questions name entries that are there.

    Raises:
        EntryFileWrong: one names another.
    """
    for number, query in enumerate(queries, start=1):
        for missing in sorted(query.entry_ids - ids):
            raise EntryFileWrong(path, number, f"there is no entry {missing!r}")
