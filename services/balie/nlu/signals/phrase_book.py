"""Reads the files that list phrases: one for each language and signal, in the folder `languages`.

A line that begins at the margin opens a section; the indented lines below it fill it; `#` begins a comment:

    words to:            a group, of words
    phrases who:         a group, of one phrase a line, which may name the groups above
    find asking:         phrases to find, one a line, and as what
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.nlu.language_words import known_words
from balie.nlu.signals.alphabet import Alphabet
from balie.nlu.signals.phrases import Grammar, Phrase

_FOLDER = Path(__file__).parent / "languages"
_WORDS, _PHRASES, _FIND = "words", "phrases", "find"


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """What one file lists.

    Attributes:
        groups: the phrases that a name in braces stands for, by that name; each may use the ones before it.
        phrases: what is to be found, by what it is found as.
    """

    groups: Mapping[str, Sequence[str]]
    phrases: Mapping[str, Sequence[str]]


def phrase_book(signal: str, language: str) -> PhraseBook | None:
    """Returns the phrases of a signal in a language; None when there are none."""
    file = _FOLDER / f"{signal}.{language}.txt"
    return parsed(file.read_text(encoding="utf-8").splitlines(), file.name) if file.is_file() else None


def parsed(lines: Iterable[str], name: str) -> PhraseBook:
    """Returns what the lines of a file list.

    Raises:
        ValueError: a line is neither a section's name nor within a section.
    """
    sections: dict[str, dict[str, list[str]]] = {_WORDS: {}, _PHRASES: {}, _FIND: {}}
    groups: dict[str, list[str]] = {}
    section: list[str] | None = None
    of_words = False
    for number, line in enumerate(lines, 1):
        content = line.split("# ")[0].rstrip()
        if not content:
            continue
        if not content.startswith(" "):
            kind, _, label = content.removesuffix(":").partition(" ")
            if kind not in sections or not label or not content.endswith(":"):
                raise ValueError(f"{name}, line {number}: no section is called {content!r}")
            of_words = kind == _WORDS
            section = sections[kind].setdefault(label, [])
            if kind != _FIND:
                groups[label] = section
        elif section is None:
            raise ValueError(f"{name}, line {number}: stands in no section")
        else:
            section += content.split() if of_words else [content.strip()]
    return PhraseBook(groups, sections[_FIND])


def phrases_of(signal: str, languages: Iterable[str], alphabet: Alphabet) -> dict[str, list[Phrase]]:
    """Returns the phrases of a signal in several languages, by what they are found as; empty when no language has any.

    Args:
        signal: the name that its files begin with.
        languages: primary subtags; those without a file are left out.
        alphabet: gives words their letters.
    """
    found: dict[str, list[Phrase]] = {}
    for language in languages:
        if (book := phrase_book(signal, language)) is not None:
            grammar = Grammar(book.groups, alphabet, known_words([language], [])[language])
            for label, listed in book.phrases.items():
                found.setdefault(label, []).extend(map(grammar.phrase, listed))
    return found
