"""Rasa's NLU training data in YAML, of versions 2 and 3: the part under `nlu`, intents with their examples.

    nlu:
      - intent: check_balance
        examples: |
          - what is my [savings](account) balance?
          - how much is on my [credit]{"entity": "account", "role": "to"} card

Entities' marks are taken out of the texts. Synonyms, lookup tables and regular expressions are left out, with a note;
so are stories, rules and whatever else stands beside `nlu`. A retrieval intent keeps its whole name, `faq/ask_hours`.
Rasa knows no language of an example; `language` in an intent's or an example's `metadata` is read as such.

Source: rasa.com/docs/rasa/training-data-format; RasaHQ/rasa, `rasa/shared/nlu/training_data/entities_parser.py`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.training_data.collecting import Collector
from balie.nlu.training_data.column_names import LANGUAGE
from balie.nlu.training_data.yaml_text import is_plain_line, quoted
from balie.nlu.yaml_file import Entry

OOS_LABELS = ("nlu_fallback", "out_of_scope")
"""What Rasa's documentation calls messages that are none of the intents."""

_ENTITY = re.compile(
    r"\[(?P<text>[^\]]+?)\](\((?P<entity>[^:)]+?)(?:\:(?P<value>[^)]+))?\)|\{(?P<facts>[^}]+?)\}|\[(?P<list>.*?)\])"
)
_OTHER_KINDS = {"synonym": "synonyms", "regex": "regular expressions", "lookup": "lookup tables"}
_ITEM_KEYS = frozenset({"intent", "examples", "metadata"})
_EXAMPLE_KEYS = frozenset({"text", "metadata", "entities"})


def read(root: Entry, into: Collector) -> None:
    """Collects the examples of a file.

    Raises:
        DataFileWrong: it is not built like this.
    """
    into.usual_oos_labels(OOS_LABELS)
    left_out: Counter[str] = Counter()
    for name, section in root.items("the file"):
        if name == "nlu":
            for item in section.elements("nlu"):
                with into.one():
                    _add_item(item, left_out, into)
        elif name != "version":
            into.note(section.line, f"{name} is left out: only nlu is read")
    for kind, count in left_out.items():
        into.note(0, f"{_OTHER_KINDS[kind]} left out: {count}")


def write(examples: Iterable[Example], stream: TextIO) -> None:
    """Writes examples by intent and language, both in the order in which they come first.

    Raises:
        ValueError: a text looks as if it held an entity's mark, which Rasa cannot tell from one.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for example in examples:
        if without_entities(example.text) != example.text:
            raise ValueError(f"Rasa would take a part of this text for an entity: {example.text}")
        found.setdefault((example.intent, example.language), []).append(example.text)
    stream.write('version: "3.1"\nnlu:\n' if found else 'version: "3.1"\nnlu: []\n')
    for (intent, language), texts in found.items():
        stream.write(f"  - intent: {quoted('out_of_scope' if intent == OUT_OF_SCOPE else intent)}\n")
        if language:
            stream.write(f"    metadata:\n      language: {quoted(language)}\n")
        if all(map(is_plain_line, texts)):
            stream.write("    examples: |\n")
            stream.writelines(f"      - {text}\n" for text in texts)
        else:
            stream.write("    examples:\n")
            stream.writelines(f"      - text: {quoted(text)}\n" for text in texts)


def without_entities(text: str) -> str:
    """Returns a text with the words of its entities instead of their marks."""
    return _ENTITY.sub(lambda found: found["text"], text)


def _add_item(item: Entry, left_out: Counter[str], into: Collector) -> None:
    fields = dict(item.items("an entry of nlu"))
    if "intent" not in fields:
        kind = next((kind for kind in _OTHER_KINDS if kind in fields), None)
        if kind is None:
            raise item.wrong(f"an entry of nlu must have an intent, or one of {', '.join(_OTHER_KINDS)}")
        left_out[kind] += 1
        return
    if unknown := sorted(fields.keys() - _ITEM_KEYS):
        raise fields[unknown[0]].wrong(
            f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_ITEM_KEYS))}"
        )
    intent = fields["intent"].text("an intent")
    if "examples" not in fields:
        raise item.wrong(f"intent {intent} has no examples")
    examples, language = fields["examples"], _language(fields)
    if not examples.is_list:
        _add_lines(intent, language, examples, into)
        return
    for example in examples.elements(f"the examples of {intent}"):
        with into.one():
            _add_example(intent, language, example, into)


def _add_lines(intent: str, language: str, examples: Entry, into: Collector) -> None:
    empty = True
    for place, line in examples.lines(f"the examples of {intent}"):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        empty = False
        if not text.startswith("-"):
            into.wrong(place, f"an example of {intent} must begin with a dash: - {intent}")
        else:
            into.add(place, intent, without_entities(text[1:]), language)
    if empty:
        raise examples.wrong(f"intent {intent} has no examples")


def _add_example(intent: str, language: str, example: Entry, into: Collector) -> None:
    if example.is_text:
        into.add(example.line, intent, without_entities(example.raw("an example")), language)
        return
    fields = dict(example.items(f"an example of {intent}"))
    if unknown := sorted(fields.keys() - _EXAMPLE_KEYS):
        raise fields[unknown[0]].wrong(
            f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_EXAMPLE_KEYS))}"
        )
    if "text" not in fields:
        raise example.wrong(f"an example of {intent} has no text")
    text = without_entities(fields["text"].raw(f"an example of {intent}"))
    into.add(example.line, intent, text, _language(fields) or language)


def _language(fields: Mapping[str, Entry]) -> str:
    metadata = fields.get("metadata")
    if metadata is None or not metadata.keys.intersection(LANGUAGE):
        return ""
    given = dict(metadata.items("metadata"))
    return next(given[name].raw("a language") for name in LANGUAGE if name in given)
