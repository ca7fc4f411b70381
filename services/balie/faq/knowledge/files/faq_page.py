"""schema.org's `FAQPage` as JSON-LD: what web shops put into their pages for search engines.

    {"@context": "https://schema.org", "@type": "FAQPage", "inLanguage": "nl", "mainEntity": [
      {"@type": "Question", "name": "Mag mijn hond mee?", "acceptedAnswer": {"@type": "Answer", "text": "<p>Ja.</p>"}}]}

An answer is HTML, of which the text is taken, unless it says that it is `text/plain`. A question without an id that can be one
gets one of its words and its language. What schema.org has no word for is written in the nearest it has, so that an export
is read back as it was.

Source: schema.org/FAQPage, schema.org/Question.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TextIO

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent
from balie.faq.knowledge.files.entry import FileEntry, Wrong, attempt, flat_entry, plain
from balie.faq.knowledge.files.html_text import html_text
from balie.faq.knowledge.files.question_ids import id_of
from balie.faq.knowledge.files.source import Source

PLAIN = "text/plain"
_DEPTH = 12
_HINT = "name its ending .jsonl if it is JSON Lines"

Node = Mapping[str, Any]


def read(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the questions of a file, one language each, and what is wrong with those that are none.

    Raises:
        EntryFileWrong: it cannot be read to its end, is no JSON, or holds no FAQPage.
    """
    text = source.whole()
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise source.wrong(error.lineno, f"is not JSON, column {error.colno}: {error.msg}; {_HINT}") from None
    except (ValueError, RecursionError):
        raise source.wrong(0, "is not JSON that could hold questions") from None
    pages = list(pages_of(document))
    if not pages:
        raise source.wrong(0, f"holds no FAQPage of schema.org; {_HINT}")
    yield from entries_of(source, pages)


def entries_of(
    source: Source, pages: Sequence[Node], language: str = ""
) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the questions of pages; `language` is theirs when they say none."""
    place = 0
    for page in pages:
        spoken = _language(page) or language or source.language
        for question in _questions(page):
            place += 1
            yield attempt(source, place, partial(_entry, place, question, spoken), "question")


def pages_of(document: object, depth: int = 0) -> Iterator[Node]:
    """Yields every FAQPage that a JSON-LD document holds, wherever in it."""
    if depth > _DEPTH:
        return
    if isinstance(document, list):
        for item in document:
            yield from pages_of(item, depth + 1)
    elif isinstance(document, dict):
        if _is(document, "FAQPage"):
            yield document
        else:
            for value in document.values():
                yield from pages_of(value, depth + 1)


class Writer:
    """Writes entries as one FAQPage, a question for each language."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._between = '{"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": [\n'

    def write(self, content: EntryContent) -> None:
        """Writes one."""
        shared = _shared(content)
        for text in content.texts:
            question: dict[str, Any] = {
                "@type": "Question",
                "identifier": content.id,
                "inLanguage": text.language,
            }
            question |= {"name": text.question} | shared
            if text.phrasings:
                question["alternateName"] = list(text.phrasings)
            question["acceptedAnswer"] = {"@type": "Answer", "text": text.answer, "encodingFormat": PLAIN}
            self._stream.write(self._between + json.dumps(question, ensure_ascii=False))
            self._between = ",\n"
            shared = {}

    def end(self) -> None:
        """Ends the page."""
        self._stream.write(("\n" if self._between == ",\n" else self._between) + "]}\n")


def _shared(content: EntryContent) -> dict[str, Any]:
    values = plain(content)
    found: dict[str, Any] = {}
    if "tags" in values:
        found["keywords"] = values["tags"]
    if "state" in values:
        found["creativeWorkStatus"] = values["state"]
    if "valid_from" in values or "valid_until" in values:  # ISO 8601-2: two dots where there is no end
        found["temporalCoverage"] = f"{values.get('valid_from', '..')}/{values.get('valid_until', '..')}"
    if "audience" in values:
        found["audience"] = [{"@type": "Audience", "audienceType": one} for one in values["audience"]]
    if "market" in values:
        found["spatialCoverage"] = values["market"]
    if "metadata" in values:
        found["additionalProperty"] = [
            {"@type": "PropertyValue", "name": key, "value": value}
            for key, value in values["metadata"].items()
        ]
    return found


def _entry(place: int, question: Node, spoken: str) -> FileEntry:
    answer = next((node for node in _nodes(question.get("acceptedAnswer")) if node.get("text")), None)
    if answer is None:
        raise Wrong("has no acceptedAnswer with a text")
    is_plain = answer.get("encodingFormat") == PLAIN
    name = question.get("name") or question.get("text")
    if not isinstance(name, str) or not isinstance(answer["text"], str):
        raise Wrong("'name' and the answer's 'text' must be texts")
    language = _language(question) or _language(answer) or spoken
    asked = name if is_plain else html_text(name)
    start, _, end = str(question.get("temporalCoverage") or "").partition("/")
    values: dict[str, Any] = {
        "question": asked,
        "answer": answer["text"] if is_plain else html_text(answer["text"]),
        "phrasings": _list(question.get("alternateName")),
        "tags": _list(question.get("keywords"), comma=not is_plain),
        "state": question.get("creativeWorkStatus"),
        "valid_from": start.replace("..", ""),
        "valid_until": end.replace("..", ""),
        "audience": [
            one["audienceType"] for one in _nodes(question.get("audience")) if one.get("audienceType")
        ],
        "market": _list(question.get("spatialCoverage")),
        "metadata": {
            one["name"]: one.get("value")
            for one in _nodes(question.get("additionalProperty"))
            if isinstance(one.get("name"), str)
        },
        "language": language,
    }
    values["id"] = id_of([question.get("identifier"), question.get("@id")], asked, language)
    return flat_entry(place, {key: value for key, value in values.items() if value}, unit="question")


def _questions(page: Node) -> Iterator[Node]:
    for node in _nodes(page.get("mainEntity")) + _nodes(page.get("hasPart")):
        if _is(node, "Question"):
            yield node


def _nodes(value: object) -> list[Node]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _list(value: object, *, comma: bool = False) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()] if comma else [value]
    return value if isinstance(value, list) else []


def _is(node: Node, kind: str) -> bool:
    """Returns whether a node is of a type of schema.org, which may be written out."""
    types = node.get("@type")
    named = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and name.rpartition("/")[2].rpartition(":")[2] == kind for name in named)


def _language(node: Node) -> str:
    value = node.get("inLanguage")
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("alternateName") or value.get("name")
    return value.strip().replace("_", "-") if isinstance(value, str) else ""
