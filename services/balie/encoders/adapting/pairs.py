"""Reads the sentence pairs from which an encoder learns a language.

Two kinds of JSON Lines are read. Either a line holds both texts, `{"en": ..., "nl": ...}`; or a line holds one text,
`{"id": ..., "lang": "nl", "text": ...}`, and texts of the same id mean the same, over all files given together.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from balie.encoders.adapting.errors import (
    PairsFileEmpty,
    PairsFileUnreadable,
    PairsLanguageWrong,
    PairsLineWrong,
    PairsMissing,
)

MOST_LINE_BYTES = 65_536
MOST_CHARACTERS = 1_000
MOST_WORDS = 200
LEAST_PAIRS = 20

_ENGLISH = "en"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SHAPE_ADVICE = 'a line holds {"en": ..., "nl": ...} or {"id": ..., "lang": "nl", "text": ...}'


@dataclass(frozen=True)
class Pairs:
    """Texts that mean the same, in English and in another language."""

    language: str
    """The language that is not English, as the files name it."""
    files: str
    """The files' names, for messages."""
    texts: tuple[tuple[str, str], ...]
    """Each pair: the English text and the other."""
    blank: int
    """How many pairs were left out because a side holds nothing but space."""
    too_long: int
    """How many pairs were left out because a side has more than `MOST_CHARACTERS` or `MOST_WORDS`."""


def read_pairs(files: Sequence[Path], languages: Sequence[str]) -> list[Pairs]:
    """Reads the pairs of English with each of the languages, in the order of the files and their lines.

    No line is held in memory that is longer than `MOST_LINE_BYTES`.

    Args:
        files: JSON Lines in UTF-8, of either kind.
        languages: what is to be learned, by BCP-47 tags as the files name it, such as `nl`; not `en`.

    Raises:
        PairsLanguageWrong: a language is `en` or no tag.
        PairsFileUnreadable: a file is not there or cannot be opened.
        PairsFileEmpty: a file holds no line.
        PairsLineWrong: a line is too long, no JSON, no pair, or holds what is no text.
        PairsMissing: fewer than `LEAST_PAIRS` pairs of a language.
    """
    names = ", ".join(str(file) for file in files)
    for language in languages:
        if language.lower() == _ENGLISH or not _LANGUAGE.fullmatch(language):
            raise PairsLanguageWrong(language)
    together, apart = _read(files, languages)
    read = []
    for language in languages:
        pairs = [*together[language], *_joined(apart, language)]
        full = [pair for pair in pairs if all(text.strip() for text in pair)]
        short = [pair for pair in full if not any(map(_is_long, pair))]
        if len(short) < LEAST_PAIRS:
            raise PairsMissing(names, language, found=len(short), least=LEAST_PAIRS)
        blank, too_long = len(pairs) - len(full), len(full) - len(short)
        read.append(Pairs(language, names, tuple(short), blank=blank, too_long=too_long))
    return read


def _is_long(text: str) -> bool:
    return len(text) > MOST_CHARACTERS or len(text.split()) > MOST_WORDS


def _read(
    files: Sequence[Path], languages: Sequence[str]
) -> tuple[dict[str, list[tuple[str, str]]], dict[str, dict[str, str]]]:
    """Returns the pairs whose texts share a line by language, and the other texts by language and id."""
    together: dict[str, list[tuple[str, str]]] = {language: [] for language in languages}
    apart: dict[str, dict[str, str]] = {language: {} for language in (_ENGLISH, *languages)}
    for file in files:
        for line, row in _rows(file):
            if _ENGLISH in row:
                english = _text(file, line, row, _ENGLISH)
                for language in languages:
                    if language in row:
                        together[language].append((english, _text(file, line, row, language)))
            elif row.keys() >= {"id", "lang", "text"}:
                language, text = _text(file, line, row, "lang"), _text(file, line, row, "text")
                if language not in apart:
                    continue
                key = _key(file, line, row["id"])
                if key in apart[language]:
                    advice = "give the files of one data set at a time"
                    raise PairsLineWrong(file, line, f"a second text of id {key} in {language}", advice)
                apart[language][key] = text
            else:
                raise PairsLineWrong(file, line, 'no "en", and no "id", "lang" and "text"', _SHAPE_ADVICE)
    return together, apart


def _joined(apart: dict[str, dict[str, str]], language: str) -> Iterator[tuple[str, str]]:
    for key, english in apart[_ENGLISH].items():
        if key in apart[language]:
            yield english, apart[language][key]


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields each line's number and object; blank lines are passed over."""
    found = False
    try:
        with file.open("rb") as stream:
            # One byte more than is allowed, so that a line of any length costs no more memory than that.
            for number, raw in enumerate(iter(lambda: stream.readline(MOST_LINE_BYTES + 1), b""), start=1):
                if len(raw) > MOST_LINE_BYTES:
                    advice = "write one pair of sentences a line"
                    raise PairsLineWrong(file, number, f"longer than {MOST_LINE_BYTES} bytes", advice)
                if raw.strip(b" \t\r\n\xef\xbb\xbf"):
                    found = True
                    yield number, _row(file, number, raw)
    except OSError as error:
        raise PairsFileUnreadable(file, error.strerror or str(error)) from None
    if not found:
        raise PairsFileEmpty(file)


def _row(file: Path, line: int, raw: bytes) -> dict[str, Any]:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise PairsLineWrong(file, line, "not UTF-8", "save the file as UTF-8") from None
    except (ValueError, RecursionError):
        raise PairsLineWrong(file, line, "not JSON", _SHAPE_ADVICE) from None
    if not isinstance(row, dict):
        raise PairsLineWrong(file, line, "JSON, but no object", _SHAPE_ADVICE)
    return row


def _text(file: Path, line: int, row: dict[str, Any], name: str) -> str:
    text = row[name]
    if not isinstance(text, str):
        raise PairsLineWrong(file, line, f'"{name}" is no text', "put it between quotes")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PairsLineWrong(
            file, line, f'"{name}" holds half a character', "check how its escapes were written"
        )
    return text


def _key(file: Path, line: int, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PairsLineWrong(file, line, '"id" is neither a number nor a text', _SHAPE_ADVICE)
    return str(value)
