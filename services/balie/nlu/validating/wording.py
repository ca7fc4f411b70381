"""Finds texts that nobody would type: with signs of a wrong conversion, very long, or without a word."""

import re
import unicodedata
from collections.abc import Iterator

from balie.nlu.folding import phrase_of
from balie.nlu.validating.corpus import Corpus
from balie.nlu.validating.findings import Finding, Place, Severity

_LONG_CHARACTERS = 500
"""About the 128 tokens that the packaged encoder reads."""

_SIGNS = {
    "control character": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "invisible character": re.compile("[\u00ad\u200b\u2028-\u202e\u2060-\u2069\ufeff]"),
    "replacement character": re.compile("\ufffd"),
}
_MISREAD = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac[\u0080-\u2122]?")
"""UTF-8 that was read as Windows-1252 or Latin-1: `fÃ¼r` for `für`."""
_ENTITY = re.compile(
    r"&(?:[a-z]{2,8}|#\d{2,5}|#x[0-9a-f]{2,4});|</?(?:br|p|b|i|div|span|a)\b[^>]*>", re.IGNORECASE
)


def characters(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each text with characters that come from a wrong conversion or from a page."""
    for example in corpus.examples:
        if problem := _strange(example.text):
            yield Finding("characters", Severity.WARNING, problem, [Place.of(example)])


def long_texts(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each text of which an encoder would leave out the end."""
    for example in corpus.examples:
        if len(example.text) > _LONG_CHARACTERS:
            message = f"has {len(example.text)} characters; encoders read about the first {_LONG_CHARACTERS}"
            yield Finding("long-text", Severity.HINT, message, [Place.of(example)])


def no_words(corpus: Corpus) -> Iterator[Finding]:
    """Yields a finding for each text without a letter, digit or emoji."""
    for example in corpus.examples:
        if not phrase_of(example.text) and not any(
            unicodedata.category(sign) == "So" for sign in example.text
        ):
            yield Finding("no-words", Severity.HINT, "holds no word", [Place.of(example)])


def _strange(text: str) -> str:
    if text.isascii() and text.isprintable() and "&" not in text and "<" not in text:
        return ""
    if found := _MISREAD.search(text):
        return f"holds {found[0]!r}: UTF-8 that was read in another encoding"
    for what, pattern in _SIGNS.items():
        if sign := pattern.search(text):
            return f"holds the {what} U+{ord(sign[0]):04X}"
    if found := _ENTITY.search(text):
        return f"holds {found[0]!r} of a web page"
    return ""
