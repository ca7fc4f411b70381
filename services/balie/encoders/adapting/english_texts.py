"""Reads English texts on which an encoder must stay as good as it was."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from balie.encoders.adapting.errors import PairsUnusable
from balie.encoders.adapting.pairs import MOST_LINE_BYTES, open_file

_SHAPE = 'a line holds {"text": ...} or {"text": ..., "label": ...}'


class EnglishTextsUnusable(PairsUnusable):
    """A file of English texts cannot be read, or holds no texts."""

    def __init__(self, file: Path, problem: str, advice: str, *, line: int = 0) -> None:
        place = f", line {line}" if line else ""
        super().__init__(f"the English texts in {file}{place}: {problem}; {advice}")


@dataclass(frozen=True)
class EnglishTexts:
    """English texts, each once.

    Attributes:
        source: where they come from, for people.
        texts: in the order in which they were found.
        labels: what each is about, when every one says so.
    """

    source: str
    texts: tuple[str, ...]
    labels: tuple[str, ...] | None = None


def read_english(file: Path) -> EnglishTexts:
    """Reads JSON Lines of `{"text": ..., "label": ...}`; the label may be left out.

    Raises:
        EnglishTextsUnusable: names the line and what is wrong with it.
    """
    found: dict[str, str | None] = {}
    try:
        for text, label in _rows(file):
            found.setdefault(text, label)
    except OSError as error:
        raise EnglishTextsUnusable(file, error.strerror or str(error), "check the path") from None
    if not found:
        raise EnglishTextsUnusable(file, "there are none", _SHAPE)
    labels = tuple(label for label in found.values() if label is not None)
    return EnglishTexts(file.name, tuple(found), labels if len(labels) == len(found) else None)


def _rows(file: Path) -> Iterator[tuple[str, str | None]]:
    with open_file(file) as stream:
        # One byte more than is allowed, so that a line of any length costs no more memory than that.
        for number, raw in enumerate(iter(lambda: stream.readline(MOST_LINE_BYTES + 1), b""), start=1):
            if len(raw) > MOST_LINE_BYTES:
                problem = f"longer than {MOST_LINE_BYTES} bytes"
                raise EnglishTextsUnusable(file, problem, "write one text a line", line=number)
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig"))
            except (ValueError, RecursionError):
                raise EnglishTextsUnusable(file, "not JSON in UTF-8", _SHAPE, line=number) from None
            text = row.get("text") if isinstance(row, dict) else None
            if not isinstance(text, str) or any("\ud800" <= sign <= "\udfff" for sign in text):
                raise EnglishTextsUnusable(file, 'no "text" that is a text', _SHAPE, line=number)
            label = row.get("label")
            yield text, label if isinstance(label, str) else None
