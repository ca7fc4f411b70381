"""Reads files of keywords, YAML or JSON Lines.

keywords:
  - id: article-WV-1042
    target: {faq_entry: product-model-ferry}     # or intent, or value
    terms:
      any: [WV-1042, "model ferry"]              # in every language
      nl: [modelveerboot]
  - id: booking
    target: {intent: my_booking}
    patterns:
      - {expression: 'BK[ -]?(?P<number>[0-9]{8})', check: luhn}
  - id: code-word
    target: {value: code-word}
    terms: {any: [NOORD]}
    literal: true                                # neither in other forms nor misspelt

A line of JSON Lines is one keyword of the same keys; it is read many times as fast.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from balie.nlu.domain import Target, TargetKind
from balie.nlu.errors import DataFileWrong
from balie.nlu.folding import phrase_of
from balie.nlu.keywords.json_lines import lines
from balie.nlu.keywords.keyword import ANY_LANGUAGE, Keyword, Pattern
from balie.nlu.keywords.limits import (
    EXPRESSION_CHARACTERS,
    KEYWORD_PATTERNS,
    KEYWORD_TERMS,
    TARGET_CHARACTERS,
    TERM_CHARACTERS,
)
from balie.nlu.keywords.patterns import PatternRefused, compile_pattern
from balie.nlu.yaml_file import read

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_KINDS = {kind.value: kind for kind in TargetKind}
_KEYS = {"id", "target", "terms", "patterns", "literal"}
_LINES = (".jsonl", ".ndjson")


class Place(Protocol):
    """One place of a file: `balie.nlu.yaml_file.Entry` or `balie.nlu.keywords.json_lines.JsonEntry`."""

    def wrong(self, problem: str) -> DataFileWrong:
        """Returns the error that names this place."""

    def items(self, what: str) -> "Iterator[tuple[str, Place]]":
        """Yields the keys of a mapping with what they hold."""

    def elements(self, what: str) -> "Iterator[Place]":
        """Yields the elements of a list."""

    def text(self, what: str, max_characters: int = ...) -> str:
        """Returns a text without spaces around it."""


def read_keywords(path: Path) -> list[Keyword]:
    """Returns the keywords of a file, in its order.

    Raises:
        DataFileWrong: it cannot be read, or a keyword makes no sense; names the keyword and the line.
    """
    found: dict[str, Keyword] = {}
    owners: dict[tuple[str, str], str] = {}
    for entry in _entries(path):
        keyword = _keyword(entry)
        if keyword.id in found:
            raise entry.wrong(f"keyword {keyword.id} is there twice")
        _claim(keyword, entry, owners)
        found[keyword.id] = keyword
    return list(found.values())


def _entries(path: Path) -> Iterator[Place]:
    if path.suffix in _LINES:
        yield from lines(path)
        return
    root = read(path)
    sections = dict(root.items("the file"))
    if set(sections) != {"keywords"}:
        raise root.wrong("the file must have the key keywords and no other")
    yield from sections["keywords"].elements("keywords")


def _keyword(entry: Place) -> Keyword:
    fields: dict[str, Place] = dict(entry.items("a keyword"))
    if "id" not in fields:
        raise entry.wrong("a keyword has no id")
    name = fields["id"].text("the id of a keyword")
    if not _ID.fullmatch(name):
        raise fields["id"].wrong(
            f"keyword {name!r}: an id has 1 to 128 letters, digits and any of ._:@+-, the first a letter or digit"
        )
    if unknown := sorted(set(fields) - _KEYS):
        raise fields[unknown[0]].wrong(f"keyword {name}: unknown key {unknown[0]!r}")
    if "target" not in fields:
        raise entry.wrong(f"keyword {name}: target is missing")
    if "terms" not in fields and "patterns" not in fields:
        raise entry.wrong(f"keyword {name}: terms is missing, and patterns as well")
    return Keyword(
        id=name,
        target=_target(name, fields["target"]),
        terms=dict(_terms(name, fields["terms"])) if "terms" in fields else {},
        patterns=tuple(_patterns(name, fields["patterns"])) if "patterns" in fields else (),
        literal=_flag(f"keyword {name}: literal", fields["literal"]) if "literal" in fields else False,
    )


def _target(name: str, entry: Place) -> Target:
    given = list(entry.items(f"keyword {name}: target"))
    if len(given) != 1 or given[0][0] not in _KINDS:
        raise entry.wrong(f"keyword {name}: a target has exactly one of {', '.join(_KINDS)}")
    kind, value = given[0]
    return Target(_KINDS[kind], value.text(f"keyword {name}: {kind}", TARGET_CHARACTERS))


def _terms(name: str, entry: Place) -> Iterator[tuple[str, tuple[str, ...]]]:
    count = 0
    for language, terms in entry.items(f"keyword {name}: terms"):
        if language != ANY_LANGUAGE and not _LANGUAGE.fullmatch(language):
            raise terms.wrong(f"keyword {name}: {language!r} is neither a language tag nor {ANY_LANGUAGE}")
        what = f"keyword {name}: a term"
        found = [term.text(what, TERM_CHARACTERS) for term in terms.elements(f"keyword {name}: terms")]
        count += len(found)
        yield language, tuple(dict.fromkeys(found))
    if not count:
        raise entry.wrong(f"keyword {name}: there is no term")
    if count > KEYWORD_TERMS:
        raise entry.wrong(f"keyword {name}: there are {count} terms, at most {KEYWORD_TERMS} are allowed")


def _patterns(name: str, entry: Place) -> Iterator[Pattern]:
    given = list(entry.elements(f"keyword {name}: patterns"))
    if not 1 <= len(given) <= KEYWORD_PATTERNS:
        raise entry.wrong(f"keyword {name}: there must be 1 to {KEYWORD_PATTERNS} patterns")
    for one in given:
        fields = dict(one.items(f"keyword {name}: a pattern"))
        if "expression" not in fields or set(fields) - {"expression", "check"}:
            raise one.wrong(
                f"keyword {name}: a pattern has an expression, and a check if it has check digits"
            )
        expression = fields["expression"].text(f"keyword {name}: an expression", EXPRESSION_CHARACTERS)
        check = fields["check"].text(f"keyword {name}: check") if "check" in fields else ""
        pattern = Pattern(expression, check)
        try:
            compile_pattern(pattern)
        except PatternRefused as refused:
            raise one.wrong(f"keyword {name}: the pattern {expression!r} {refused}") from None
        yield pattern


def _flag(what: str, entry: Place) -> bool:
    value = entry.text(what)
    if value not in ("true", "false"):
        raise entry.wrong(f"{what} must be true or false")
    return value == "true"


def _claim(keyword: Keyword, entry: Place, owners: dict[tuple[str, str], str]) -> None:
    """Refuses a term that is another keyword's already: a message cannot point at both."""
    for language, terms in keyword.terms.items():
        for term in terms:
            key = (language, phrase_of(term) or term)
            owner = owners.setdefault(key, keyword.id)
            if owner != keyword.id:
                raise entry.wrong(
                    f"keyword {keyword.id}: the term {term!r} is one of keyword {owner} as well"
                )
