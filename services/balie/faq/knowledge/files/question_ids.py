"""Ids for questions that have none: of their words and language, the same at each import."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
_SLUG_CHARACTERS = 80
_NO_WORD = re.compile(r"[^a-z0-9]+")
_HASH_DIGITS = 10


def id_of(given: Iterable[object], question: str, language: str) -> str:
    """Returns the first of some values that can be an entry's id, or one made of the question and its language."""
    for value in given:
        if isinstance(value, str) and _ID.fullmatch(value):
            return value
    return f"{_slug(question)}.{language.lower() or 'und'}"


def _slug(question: str) -> str:
    """Returns a question's words; what they leave out is told apart by a hash."""
    folded = " ".join(question.casefold().split())
    letters = "".join(
        sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign)
    )
    slug = _NO_WORD.sub("-", letters).strip("-")
    is_whole = len(slug) <= _SLUG_CHARACTERS and letters.isascii()
    if slug and is_whole:
        return slug
    digest = hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()[:_HASH_DIGITS]
    cut = slug[:_SLUG_CHARACTERS].rstrip("-")
    return f"{cut}-{digest}" if cut else f"q-{digest}"
