"""Reads the sentence pairs from which an encoder learns a language.

Two kinds of JSON Lines are read. Either a line holds both texts, `{"en": ..., "nl": ...}`; or a line holds one text,
`{"id": ..., "lang": "nl", "text": ...}`, and texts of the same id mean the same, over all files given together.
"""

import errno
import json
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from balie.encoders.adapting.errors import (
    PairsFileEmpty,
    PairsFileUnreadable,
    PairsLanguageAbsent,
    PairsLanguageWrong,
    PairsLineWrong,
    PairsMissing,
)

MOST_LINE_BYTES = 65_536
MOST_CHARACTERS = 1_000
MOST_WORDS = 200
LEAST_PAIRS = 20
LEAST_LEARNT = LEAST_PAIRS // 2
"""What is left of the fewest pairs when half of them are held out to measure."""

_ENGLISH = "en"
_MOST_NAMED = 10
"""Languages that a message names."""
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
        languages: what is to be learned, by BCP-47 tags as the files name it, such as `nl`; not `en`. Capitals do not
            count.

    Raises:
        PairsLanguageWrong: a language is `en` or no tag.
        PairsFileUnreadable: a file is not there or cannot be opened.
        PairsFileEmpty: a file holds no line.
        PairsLineWrong: a line is too long, no JSON, no pair, or holds what is no text.
        PairsLanguageAbsent: no pair of a language.
        PairsMissing: fewer than `LEAST_PAIRS` pairs of a language.
    """
    names = ", ".join(str(file) for file in files)
    for language in languages:
        if language.lower() == _ENGLISH or not _LANGUAGE.fullmatch(language):
            raise PairsLanguageWrong(language)
    found = _read(files, languages)
    read = []
    for language in languages:
        pairs = found.of(language.lower())
        if not pairs:
            raise PairsLanguageAbsent(names, language, held=sorted(found.others)[:_MOST_NAMED])
        full = [pair for pair in pairs if all(text.strip() for text in pair)]
        short = [pair for pair in full if not any(map(_is_long, pair))]
        if len(short) < LEAST_PAIRS:
            raise PairsMissing(names, language, found=len(short), least=LEAST_PAIRS)
        blank, too_long = len(pairs) - len(full), len(full) - len(short)
        read.append(Pairs(language, names, tuple(short), blank=blank, too_long=too_long))
    return read


def _is_long(text: str) -> bool:
    return len(text) > MOST_CHARACTERS or len(text.split()) > MOST_WORDS


@dataclass
class _Found:
    """What the files hold; every language in lower case.

    Attributes:
        together: the pairs whose texts share a line, by language.
        apart: the other texts, by language and id.
        others: the languages that the files name, as they name them, without English.
    """

    together: dict[str, list[tuple[str, str]]]
    apart: dict[str, dict[str, str]]
    others: set[str] = field(default_factory=set)

    def of(self, language: str) -> list[tuple[str, str]]:
        """Returns all pairs of English and a language."""
        texts = self.apart[language]
        joined = [(english, texts[key]) for key, english in self.apart[_ENGLISH].items() if key in texts]
        return [*self.together[language], *joined]


def _read(files: Sequence[Path], languages: Sequence[str]) -> _Found:
    wanted = [language.lower() for language in languages]
    found = _Found({tag: [] for tag in wanted}, {tag: {} for tag in (_ENGLISH, *wanted)})
    for file in files:
        for line, row in _rows(file):
            # `setdefault` keeps the first of two names that differ in capitals alone.
            names: dict[str, str] = {}
            for name in row:
                names.setdefault(name.lower(), name)
            if _ENGLISH in names:
                english = _text(file, line, row, names[_ENGLISH])
                for tag in wanted:
                    if tag in names:
                        found.together[tag].append((english, _text(file, line, row, names[tag])))
                found.others.update(name for tag, name in names.items() if _is_other(tag, row[name]))
            elif row.keys() >= {"id", "lang", "text"}:
                _add_apart(found, file, line, row)
            else:
                raise PairsLineWrong(file, line, 'no "en", and no "id", "lang" and "text"', _SHAPE_ADVICE)
    return found


def _add_apart(found: _Found, file: Path, line: int, row: dict[str, Any]) -> None:
    """Adds the text of a line that holds one text."""
    language, text = _text(file, line, row, "lang"), _text(file, line, row, "text")
    tag = language.lower()
    if _is_other(tag, text):
        found.others.add(language)
    if tag not in found.apart:
        return
    key = _key(file, line, row["id"])
    if key in found.apart[tag]:
        advice = "give the files of one data set at a time"
        raise PairsLineWrong(file, line, f"a second text of id {key} in {language}", advice)
    found.apart[tag][key] = text


def _is_other(tag: str, text: object) -> bool:
    """Returns whether a text is filed under what looks like the tag of a language that is not English."""
    return tag not in (_ENGLISH, "id") and isinstance(text, str) and bool(_LANGUAGE.fullmatch(tag))


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields each line's number and object; blank lines are passed over."""
    found = False
    try:
        with open_file(file) as stream:
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


def open_file(file: Path) -> BinaryIO:
    """Opens a file to read bytes. A pipe or a device, which may keep a reader waiting for ever, is refused.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a folder has a message of its own
        raise OSError(errno.EINVAL, "it is a pipe or a device, and not a regular file")
    return file.open("rb")


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
