"""Reads the file of training examples: what people write, by intent and language.

    intents:
      bicycle_information:
        nl: [mag mijn fiets mee, ...]
        en: [can i bring my bike, ...]
    oos:                      # optional: what is none of these
      nl: [...]

Languages that are not configured are left out. The order of the file changes nothing: neither the fingerprint nor the
model that is trained.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import OUT_OF_SCOPE, Example, Examples
from balie.nlu.folding import phrase_of
from balie.nlu.yaml_file import Entry, read

_MAX_EXAMPLES = 200_000
_NAME_CHARACTERS = 128
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LEAST_EXAMPLES = 2


def read_examples(path: Path, languages: Sequence[str]) -> Examples:
    """Returns the examples of a file in the configured languages.

    Raises:
        DataFileWrong: it cannot be read, something in it makes no sense, or too little is left to learn from; names
            the line.
    """
    root = read(path)
    sections = dict(root.items("the file"))
    if unknown := sorted(set(sections) - {"intents", OUT_OF_SCOPE}):
        raise sections[unknown[0]].wrong(f"unknown key {unknown[0]!r}; known are intents and {OUT_OF_SCOPE}")
    if "intents" not in sections:
        raise root.wrong("the key intents is missing")
    reader = _Reader(path, languages)
    for name, texts in sections["intents"].items("intents"):
        if len(name) > _NAME_CHARACTERS or not _NAME.fullmatch(name):
            raise texts.wrong(f"the name of an intent has 1 to {_NAME_CHARACTERS} characters and no space")
        if name == OUT_OF_SCOPE:
            raise texts.wrong(f"{OUT_OF_SCOPE} is no intent: it stands beside intents")
        reader.add(name, texts)
    if OUT_OF_SCOPE in sections:
        reader.add(OUT_OF_SCOPE, sections[OUT_OF_SCOPE])
    return reader.examples()


class _Reader:
    """Collects examples, and refuses what contradicts itself."""

    def __init__(self, path: Path, languages: Sequence[str]) -> None:
        self._path = path
        self._languages = set(languages)
        self._found: dict[tuple[str, str], Example] = {}
        self._kept: dict[str, int] = {}

    def add(self, intent: str, texts: Entry) -> None:
        self._kept.setdefault(intent, 0)
        for language, entries in texts.items(f"the examples of {intent}"):
            if not _LANGUAGE.fullmatch(language):
                raise entries.wrong(f"{language!r} is no language tag such as nl or pt-BR")
            for entry in entries.elements(f"the examples of {intent} in {language}"):
                text = entry.text(f"an example of {intent}")
                example = Example(intent, language, text, entry.line, self._path)
                if language in self._languages:
                    self._keep(example, entry)
        if self._kept[intent] < _LEAST_EXAMPLES:
            raise texts.wrong(
                f"{intent} has {self._kept[intent]} different examples in the configured languages, "
                f"at least {_LEAST_EXAMPLES} are needed"
            )

    def _keep(self, example: Example, entry: Entry) -> None:
        """Keeps an example once; the same words for two intents cannot both be right."""
        key = (example.language, phrase_of(example.text) or example.text)
        before = self._found.setdefault(key, example)
        if before.intent != example.intent:
            raise entry.wrong(
                f"an example of {example.intent} is one of {before.intent} as well, in line {before.line}"
            )
        self._kept[example.intent] += before is example
        if len(self._found) > _MAX_EXAMPLES:
            raise entry.wrong(f"there are more than {_MAX_EXAMPLES} examples")

    def examples(self) -> Examples:
        found = Examples(sorted(self._found.values()))
        classes = {example.intent for example in found.items}
        if not found.intents:
            raise DataFileWrong(self._path, 0, "there are no examples in the configured languages")
        if len(classes) < 2:
            raise DataFileWrong(
                self._path, 0, f"one intent cannot be told from others: add another, or {OUT_OF_SCOPE}"
            )
        return found
