"""Reads the file of keywords.

keywords:
  - id: article-WV-1042
    target: {faq_entry: product-model-ferry}     # or intent, or value
    terms:
      any: [WV-1042, "model ferry"]              # in every language
      nl: [modelveerboot]
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.nlu.domain import Target, TargetKind
from balie.nlu.folding import phrase_of
from balie.nlu.yaml_file import Entry, read

ANY_LANGUAGE = "any"
"""Names the terms that count in every language."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TARGET_CHARACTERS = 128
_TERM_CHARACTERS = 200
_KINDS = {kind.value: kind for kind in TargetKind}


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: what it points at, and the terms by which it is found, by language or `any`."""

    id: str
    target: Target
    terms: Mapping[str, Sequence[str]]


def read_keywords(path: Path) -> list[Keyword]:
    """Returns the keywords of a file, in its order.

    Raises:
        DataFileWrong: it cannot be read, or a keyword makes no sense; names the keyword and the line.
    """
    root = read(path)
    sections = dict(root.items("the file"))
    if set(sections) != {"keywords"}:
        raise root.wrong("the file must have the key keywords and no other")
    found: dict[str, Keyword] = {}
    owners: dict[tuple[str, str], str] = {}
    for entry in sections["keywords"].elements("keywords"):
        keyword = _keyword(entry)
        if keyword.id in found:
            raise entry.wrong(f"keyword {keyword.id} is there twice")
        _claim(keyword, entry, owners)
        found[keyword.id] = keyword
    return list(found.values())


def _keyword(entry: Entry) -> Keyword:
    fields = dict(entry.items("a keyword"))
    if "id" not in fields:
        raise entry.wrong("a keyword has no id")
    name = fields["id"].text("the id of a keyword")
    if not _ID.fullmatch(name):
        raise fields["id"].wrong(
            f"keyword {name!r}: an id has 1 to 128 letters, digits and any of ._:@+-, the first a letter or digit"
        )
    if unknown := sorted(set(fields) - {"id", "target", "terms"}):
        raise fields[unknown[0]].wrong(f"keyword {name}: unknown key {unknown[0]!r}")
    for key in ("target", "terms"):
        if key not in fields:
            raise entry.wrong(f"keyword {name}: {key} is missing")
    return Keyword(name, _target(name, fields["target"]), dict(_terms(name, fields["terms"])))


def _target(name: str, entry: Entry) -> Target:
    given = list(entry.items(f"keyword {name}: target"))
    if len(given) != 1 or given[0][0] not in _KINDS:
        raise entry.wrong(f"keyword {name}: a target has exactly one of {', '.join(_KINDS)}")
    kind, value = given[0]
    return Target(_KINDS[kind], value.text(f"keyword {name}: {kind}", _TARGET_CHARACTERS))


def _terms(name: str, entry: Entry) -> Iterator[tuple[str, tuple[str, ...]]]:
    count = 0
    for language, terms in entry.items(f"keyword {name}: terms"):
        if language != ANY_LANGUAGE and not _LANGUAGE.fullmatch(language):
            raise terms.wrong(f"keyword {name}: {language!r} is neither a language tag nor {ANY_LANGUAGE}")
        what = f"keyword {name}: a term"
        found = [term.text(what, _TERM_CHARACTERS) for term in terms.elements(f"keyword {name}: terms")]
        count += len(found)
        yield language, tuple(dict.fromkeys(found))
    if not count:
        raise entry.wrong(f"keyword {name}: there is no term")


def _claim(keyword: Keyword, entry: Entry, owners: dict[tuple[str, str], str]) -> None:
    """Refuses a term that is another keyword's already: a message cannot point at both."""
    for language, terms in keyword.terms.items():
        for term in terms:
            key = (language, phrase_of(term) or term)
            owner = owners.setdefault(key, keyword.id)
            if owner != keyword.id:
                raise entry.wrong(
                    f"keyword {keyword.id}: the term {term!r} is one of keyword {owner} as well"
                )


def words_by_language(keywords: Sequence[Keyword]) -> Mapping[str, list[str]]:
    """Returns the terms of each language, those of every language apart, to tell languages by."""
    found: dict[str, list[str]] = {}
    for keyword in keywords:
        for language, terms in keyword.terms.items():
            if language != ANY_LANGUAGE:
                found.setdefault(language, []).extend(terms)
    return found
