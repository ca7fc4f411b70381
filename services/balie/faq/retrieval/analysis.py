"""Texts to terms: stems of a language, and runs of four letters that find what stems miss.

Runs of letters cross the bounds of words. They find the parts of Dutch and German compounds, words with a letter wrong,
and words of languages that no stemmer is known for; stems find words by what they mean rather than by how they end.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "nl": "dutch",
    "en": "english",
    "fi": "finnish",
    "fr": "french",
    "de": "german",
    "el": "greek",
    "hu": "hungarian",
    "it": "italian",
    "no": "norwegian",
    "nb": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "es": "spanish",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The stemmer of each language, by its primary subtag; words of other languages stay as they are."""

GRAM = 4
_LONGEST_WORD = 60
_NO_STOP_WORDS = frozenset(
    {"arabic", "greek", "romanian", "tamil", "turkish"}
)  # tantivy has no list of theirs
_WORD = re.compile(r"\w+")
_PLAIN = ""
_BETWEEN = "\u2581"  # stands for what is between words, as a term may hold no space


@lru_cache(maxsize=1024)
def primary(language: str) -> str:
    """Returns a language's primary subtag: `nl` of `nl-BE`."""
    return language.partition("-")[0].lower()


def stems(text: str, language: str) -> list[str]:
    """Returns the stems of a text's words in their order."""
    found: list[str] = _stemmer(STEMMERS.get(primary(language), _PLAIN)).analyze(text)
    return found


def grams(text: str) -> list[str]:
    """Returns the runs of letters of a text in their order; a mark stands for what is between words."""
    found: list[str] = _grams().analyze(_spaced(text))
    return found


def telling(text: str, language: str) -> list[str]:
    """Returns the words of a text that mean something by themselves, each once: all but stop words, where these are known."""
    return list(dict.fromkeys(_teller(STEMMERS.get(primary(language), _PLAIN)).analyze(text)))


def written(texts: Iterable[str]) -> str:
    """Returns texts' words as `runs` are looked up in them; a mark stands for what is between words."""
    return _spaced(" ".join(_teller(_PLAIN).analyze(" ".join(texts))))


def runs(word: str) -> list[str]:
    """Returns the runs of letters of one word of `telling`, from the mark before it to the one after it."""
    marked = f"{_BETWEEN}{word}{_BETWEEN}"
    return [marked[place : place + GRAM] for place in range(len(marked) - GRAM + 1)]


def words(text: str) -> list[str]:
    """Returns a text's words in their order, as they are written."""
    return _WORD.findall(text)


def _spaced(text: str) -> str:
    return _BETWEEN + _BETWEEN.join(_WORD.findall(text)) + _BETWEEN


@cache
def _stemmer(name: str) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_LONGEST_WORD))
    builder = builder.filter(Filter.lowercase())
    if name != _PLAIN:
        builder = builder.filter(Filter.stemmer(name))
    return builder.filter(Filter.ascii_fold()).build()


@cache
def _teller(name: str) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.lowercase())
    if name != _PLAIN and name not in _NO_STOP_WORDS:
        builder = builder.filter(Filter.stopword(name))
    return builder.filter(Filter.ascii_fold()).build()


@cache
def _grams() -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.ngram(GRAM, GRAM, prefix_only=False))
    return builder.filter(Filter.lowercase()).filter(Filter.ascii_fold()).build()
