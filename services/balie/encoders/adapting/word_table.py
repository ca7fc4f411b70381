"""The word table: which words an encoder is taught, and which English words each of them stands for.

A text file, so that a change shows which words it touches. It holds no vectors: those come from the encoder it is
applied to. First a header, then one word a line, in the order of code points, with its English words and their weights:

    # balie word table 1
    # languages: nl 1, de 1
    # vocabulary: sha256:...
    # source: MASSIVE 1.0, Amazon, CC-BY-4.0, https://github.com/alexa/massive
    # words: 2
    afspraak appointment 61 meeting 30
    zeitung newspaper 99
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from balie.encoders.adapting.errors import WordTableDamaged, WordTableUnfitting
from balie.encoders.adapting.words import Vocabulary, add_words, extend, row_of
from balie.encoders.folder.model import WORD_ROWS, Model

TABLE_SUFFIX = ".txt"
MOST_WORDS = 100_000
MOST_WEIGHT = 99

_TITLE = "# balie word table 1"
_MOST_LINE_CHARACTERS = 2_000
_LANGUAGE = r"[A-Za-z0-9-]+ (?:0|[1-9][0-9]{0,8})"
_LANGUAGES = re.compile(rf"{_LANGUAGE}(, {_LANGUAGE})*")
_VOCABULARY = re.compile(r"sha256:[0-9a-f]{64}")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_WEIGHT = re.compile(r"[1-9][0-9]?")


@dataclass(frozen=True)
class NewWord:
    """A word of another language and the English words that it stands for."""

    word: str
    """In the tokenizer's normal form."""
    partners: tuple[tuple[str, int], ...]
    """At least one English word, heaviest first, each with its weight in 1 to `MOST_WEIGHT`."""


@dataclass(frozen=True)
class WordTable:
    """What an encoder is taught."""

    languages: Mapping[str, int]
    """How many of the words each language has; a word of two languages counts for both."""
    vocabulary: str
    """Fingerprint of the vocabulary it was made for: `Vocabulary.fingerprint`."""
    sources: tuple[str, ...]
    """One line for each data set: its name, makers, licence and address."""
    words: tuple[NewWord, ...]
    """In the order of code points."""


def table_text(table: WordTable) -> str:
    """Returns what the file holds; the same table gives the same text."""
    languages = ", ".join(f"{language} {count}" for language, count in table.languages.items())
    header = [_TITLE, f"# languages: {languages}", f"# vocabulary: {table.vocabulary}"]
    header += [f"# source: {source}" for source in table.sources]
    header.append(f"# words: {len(table.words)}")
    lines = [
        " ".join([word.word, *(f"{english} {weight}" for english, weight in word.partners)])
        for word in table.words
    ]
    return "".join(f"{line}\n" for line in [*header, *lines])


def read_table(file: Path) -> WordTable:
    """Reads a table.

    Raises:
        WordTableDamaged: the file is missing, cut off, or holds a line that no table holds; the message names the line.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise WordTableDamaged(file, 1, f"cannot be read ({error.strerror})") from None
    return parse_table(raw, str(file))


def default_table() -> WordTable:
    """Returns the table of the default encoder: Dutch and German.

    Raises:
        WordTableDamaged: the installation is damaged.
    """
    found = files("balie.encoders.adapting").joinpath("tables", f"nl-de{TABLE_SUFFIX}")
    try:
        raw = found.read_bytes()
    except OSError as error:
        raise WordTableDamaged(str(found), 1, f"cannot be read ({error.strerror})") from None
    return parse_table(raw, str(found))


def parse_table(raw: bytes, name: str) -> WordTable:
    """Returns the table that a file holds.

    Args:
        raw: the file's content.
        name: for messages.

    Raises:
        WordTableDamaged: as `read_table`.
    """
    return _Reading(raw, name).table()


class _Reading:
    """Reads a table line by line; every complaint names the line."""

    def __init__(self, raw: bytes, name: str) -> None:
        self._name = name
        self._at = 0
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self._at = raw.count(b"\n", 0, error.start) + 1
            raise self._wrong("is not UTF-8") from None
        self._lines = text.split("\n")  # not splitlines: it splits at more than line ends

    def table(self) -> WordTable:
        if self._next() != _TITLE:
            raise self._wrong(f"is not {_TITLE!r}")
        languages = self._languages(self._field("languages", _LANGUAGES))
        vocabulary = self._field("vocabulary", _VOCABULARY)
        sources = []
        while self._lines[self._at : self._at + 1] and self._lines[self._at].startswith("# source: "):
            sources.append(self._next().removeprefix("# source: "))
        count = int(self._field("words", _COUNT))
        if count > MOST_WORDS:
            raise self._wrong(f"states more than {MOST_WORDS} words")
        words: list[NewWord] = []
        for _word in range(count):
            word = self._word(self._next())
            if words and word.word <= words[-1].word:
                raise self._wrong(f"holds {word.word!r} twice or out of order")
            words.append(word)
        if self._next() or self._at != len(self._lines):
            raise self._wrong(f"comes after the {count} words that the table states")
        return WordTable(languages, vocabulary, tuple(sources), tuple(words))

    def _languages(self, text: str) -> dict[str, int]:
        counts = {language: int(count) for language, count in (part.split(" ") for part in text.split(", "))}
        if len(counts) != text.count(",") + 1:
            raise self._wrong("names a language twice")
        return counts

    def _next(self) -> str:
        self._at += 1
        if self._at > len(self._lines):
            raise self._wrong("is missing")
        return self._lines[self._at - 1]

    def _field(self, name: str, pattern: re.Pattern[str]) -> str:
        line, start = self._next(), f"# {name}: "
        value = line.removeprefix(start)
        if not line.startswith(start) or not pattern.fullmatch(value):
            raise self._wrong(f"does not state the {name}")
        return value

    def _word(self, line: str) -> NewWord:
        parts = line[:_MOST_LINE_CHARACTERS].split(" ")
        word, english, weights = parts[0], parts[1::2], parts[2::2]
        if not english or len(english) != len(weights) or not all(parts):
            raise self._wrong("is not a word, then English words and their weights")
        if not word.isalpha():
            raise self._wrong(f"holds {word!r}, which is no word")
        if not all(_WEIGHT.fullmatch(weight) for weight in weights):
            raise self._wrong(f"holds a weight that is not in 1 to {MOST_WEIGHT}")
        if len(set(english)) != len(english):
            raise self._wrong("holds an English word twice")
        return NewWord(word, tuple(zip(english, map(int, weights), strict=True)))

    def _wrong(self, problem: str) -> WordTableDamaged:
        return WordTableDamaged(self._name, self._at, problem)


def apply_table(model: Model, table: WordTable) -> Model:
    """Returns the encoder with the words of a table: one entry and one row more for each, after all that are there.

    No entry, row or layer that is there changes, and what the encoder says of itself stays as well.

    Args:
        model: the encoder; it is not changed.
        table: made for its vocabulary.

    Raises:
        WordTableUnfitting: the table was made for another vocabulary, or the encoder has not one row for each entry.
        WordTableDamaged: the table holds a word that cannot be added, or an English word without tokens.
    """
    vocabulary = Vocabulary(model.tokenizer)
    if table.vocabulary != vocabulary.fingerprint:
        raise WordTableUnfitting(made_for=table.vocabulary, found=vocabulary.fingerprint)
    rows = model.weights[WORD_ROWS]
    if len(rows) != len(vocabulary):
        raise WordTableUnfitting(
            made_for=f"of {len(vocabulary)} entries", found=f"word rows for {len(rows)} entries"
        )
    _check_words(table, vocabulary)
    new = np.stack([row_of(word.partners, vocabulary, rows) for word in table.words])
    return replace(
        model,
        tokenizer=add_words(model.tokenizer, [word.word for word in table.words]),
        weights=extend(model.weights, new),
    )


def _check_words(table: WordTable, vocabulary: Vocabulary) -> None:
    name, first = f"of {', '.join(table.languages)}", 5 + len(table.sources)
    for line, word in enumerate(table.words, start=first):
        if not vocabulary.can_be_added(word.word):
            raise WordTableDamaged(
                name, line, f"holds {word.word!r}, which cannot be added to this vocabulary"
            )
        for english, _weight in word.partners:
            if not vocabulary.knows_all_of(english):
                raise WordTableDamaged(name, line, f"holds {english!r}, which this vocabulary cannot read")
