"""Balie's own YAML: texts by intent and language.

    intents:
      bicycle_information:
        nl: [mag mijn fiets mee, ...]
        en: [can i bring my bike, ...]
    oos:                      # optional: what is none of these
      nl: [...]

A file may hold either part alone, and others the rest.
"""

from collections.abc import Iterable
from typing import TextIO

from balie.nlu.examples import OUT_OF_SCOPE, Example
from balie.nlu.training_data.collecting import Collector, HoldsNoExamples, tag_of
from balie.nlu.training_data.yaml_text import quoted
from balie.nlu.yaml_file import Entry


def read(root: Entry, into: Collector) -> None:
    """Collects the examples of a file.

    Raises:
        DataFileWrong: it is not built like this.
    """
    sections = dict(root.items("the file"))
    intents = sections.get("intents")
    if intents is not None and intents.is_list:
        problem = (
            "intents is a list of names, as in a domain file of Rasa's: the examples are in another file"
        )
        raise HoldsNoExamples(into.file, intents.line, problem)
    if unknown := sorted(set(sections) - {"intents", OUT_OF_SCOPE}):
        raise sections[unknown[0]].wrong(f"unknown key {unknown[0]!r}; known are intents and {OUT_OF_SCOPE}")
    for name, by_language in intents.items("intents") if intents is not None else ():
        with into.one():
            if name == OUT_OF_SCOPE:
                raise by_language.wrong(f"{OUT_OF_SCOPE} is no intent: it stands beside intents")
            _add(name, by_language, into)
    if OUT_OF_SCOPE in sections:
        with into.one():
            _add(OUT_OF_SCOPE, sections[OUT_OF_SCOPE], into)


def write(examples: Iterable[Example], stream: TextIO) -> None:
    """Writes examples by intent and language, both in the order in which they come first.

    Raises:
        ValueError: the language of an example is not known.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for example in examples:
        if not example.language:
            raise ValueError("this format needs the language of every example: name it with --lang")
        found.setdefault(example.intent, {}).setdefault(example.language, []).append(example.text)
    out_of_scope = found.pop(OUT_OF_SCOPE, None)
    stream.write("intents:\n" if found else "intents: {}\n")
    for intent, by_language in found.items():
        stream.write(f"  {quoted(intent)}:\n")
        _write_texts(by_language, "    ", stream)
    if out_of_scope:
        stream.write(f"{OUT_OF_SCOPE}:\n")
        _write_texts(out_of_scope, "  ", stream)


def _add(intent: str, by_language: Entry, into: Collector) -> None:
    empty = True
    for language, texts in by_language.items(f"the examples of {intent}"):
        empty = False
        _, problem = tag_of(language)
        if problem:
            raise texts.wrong(problem)
        for text in texts.elements(f"the examples of {intent} in {language}"):
            with into.one():
                into.add(text.line, intent, text.raw(f"an example of {intent}"), language)
    if empty:
        raise by_language.wrong(f"{intent} has no examples")


def _write_texts(by_language: dict[str, list[str]], indent: str, stream: TextIO) -> None:
    for language, texts in by_language.items():
        stream.write(f"{indent}{quoted(language)}:\n")
        stream.writelines(f"{indent}  - {quoted(text)}\n" for text in texts)
