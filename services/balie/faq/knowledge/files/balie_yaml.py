"""Balie's own YAML: `entries`, a list of `id`, `tags`, `metadata` and so on, with `texts` by language.

    entries:
      - id: dogs
        tags: [pets]
        texts:
          nl: {question: Mag mijn hond mee?, phrasings: [hond], answer: Ja.}

Every scalar is read as text, so that the language `no` is no boolean. The file is read as it comes: one entry is in memory at
a time.
"""

from collections.abc import Iterator
from functools import partial
from typing import TextIO

import yaml

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent
from balie.faq.knowledge.files.entry import FileEntry, attempt, plain, plain_texts, whole_entry
from balie.faq.knowledge.files.source import Source
from balie.faq.knowledge.files.yaml_values import Values

# The reader and the writer in C are ten times faster; some builds of PyYAML come without them.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read(source: Source) -> Iterator[FileEntry | EntryFileWrong]:
    """Yields the entries of a file, and what is wrong with those that are none.

    Raises:
        EntryFileWrong: it cannot be read to its end, or has no list of entries.
    """
    text = _Text(source)
    try:
        yield from _entries(source, Values(yaml.parse(text, Loader=_LOADER)))
    except yaml.YAMLError as error:
        if text.wrong is not None:
            raise text.wrong from None
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise source.wrong(mark.line + 1 if mark else 0, f"is not YAML: {problem}") from None


class Writer:
    """Writes entries under `entries`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._empty = True

    def write(self, content: EntryContent) -> None:
        """Writes one."""
        if self._empty:
            self._stream.write("entries:\n")
            self._empty = False
        row = plain(content) | {"texts": plain_texts(content)}
        self._stream.write(yaml.dump([row], Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=110))

    def end(self) -> None:
        """Writes that there are none, if so."""
        if self._empty:
            self._stream.write("entries: []\n")


class _Text:
    """A file as the reader of YAML takes it, and what was wrong with it: the reader in C hides where an error came from."""

    def __init__(self, source: Source) -> None:
        self._lines = source.lines()
        self.wrong: EntryFileWrong | None = None

    def read(self, _size: int = -1) -> str:
        """Returns the next line, "" after the last one."""
        try:
            return next((text for _, text in self._lines), "")
        except EntryFileWrong as wrong:
            self.wrong = wrong
            raise yaml.YAMLError from None


def _entries(source: Source, values: Values) -> Iterator[FileEntry | EntryFileWrong]:
    found = False
    for key, line in values.root():
        if key != "entries":
            values.value()
            if values.problem is not None:
                raise source.wrong(*values.problem)
            continue
        if found:
            raise source.wrong(line, "'entries' is given twice")
        found = True
        for place, value, problem in values.elements():
            if problem is not None:
                yield source.wrong(*problem)
            else:
                yield attempt(source, place, partial(whole_entry, place, value))
        if not values.was_list:
            raise source.wrong(line, "has no list `entries`")
    if not found:
        raise source.wrong(1, "has no list `entries`")
