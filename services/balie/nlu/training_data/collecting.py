"""Where every format puts its examples: the checks that are the same for all, and the list of what is wrong.

A reader goes on after a mistake, so that a person sees all of them at once.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from balie.kit.text_files.encoding import wrong_encoding
from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import OUT_OF_SCOPE, Example, Note

TEXT_CHARACTERS = 4096
"""As long as a message may be."""

LABEL_CHARACTERS = 128
MAX_EXAMPLES = 200_000
MAX_PROBLEMS = 1000

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_LANGUAGE = ("", "und", "null", "none")


class _Enough(Exception):
    """So much is wrong that nobody reads on."""


class HoldsNoExamples(DataFileWrong):
    """A file is of another kind, such as a story of a dialogue; in a folder of files it is passed over."""


class Collector:
    """Takes what readers find.

    Args:
        oos_labels: labels that mean `oos`, beside that one; None leaves it to each format.

    Attributes:
        file: the one that is being read.
        examples: what was found, in the order of the files; `language` is "" where the file does not say it.
        problems: what is wrong, in the order of the files.
        notes: what is not used, or understood otherwise than it may have been meant.
    """

    def __init__(self, oos_labels: Sequence[str] | None = None) -> None:
        self.file = Path()
        self.examples: list[Example] = []
        self.problems: list[DataFileWrong] = []
        self.notes: list[Note] = []
        self._named = None if oos_labels is None else frozenset(oos_labels)
        self._oos_labels = self._named or frozenset[str]()
        self._blank: list[int] = []

    @contextmanager
    def reading(self, file: Path, *, of_folder: bool = False) -> Iterator[None]:
        """Collects from a file; what ends the reading of it is one more problem.

        Args:
            file: the file.
            of_folder: it was not named itself, so that it may well hold no examples.
        """
        self.file = file
        self._oos_labels = self._named or frozenset()
        self._blank = []
        try:
            yield
        except _Enough:
            self.problems.append(
                DataFileWrong(file, 0, f"more than {MAX_PROBLEMS} mistakes: the rest was not read")
            )
        except HoldsNoExamples as wrong:
            if of_folder:
                self.note(0, f"left out: {wrong.problem}")
            else:
                self.problems.append(wrong)
        except DataFileWrong as wrong:
            self.problems.append(wrong)
        if self._blank:
            first, *more = self._blank
            rest = f", and {len(more)} more" if more else ""
            self.note(first, f"left out, for its text is empty{rest}")

    def usual_oos_labels(self, labels: Sequence[str]) -> None:
        """Says what the format of this file calls out of scope; what was named by the caller goes before it."""
        if self._named is None:
            self._oos_labels = frozenset(labels)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Makes a mistake within the block one of several, after which the reader goes on."""
        try:
            yield
        except DataFileWrong as wrong:
            self._add_problem(wrong)

    def wrong(self, line: int, problem: str) -> None:
        """Adds a mistake."""
        self._add_problem(DataFileWrong(self.file, line, problem))

    def note(self, line: int, text: str) -> None:
        """Adds a note."""
        self.notes.append(Note(self.file, line, text))

    def add(self, line: int, label: str, text: str, language: str = "") -> None:
        """Adds an example, or what is wrong with it; one without a text is left out, with a note.

        Raises:
            DataFileWrong: there are too many examples.
        """
        name, text = label.strip(), text.strip()
        if len(self.examples) + len(self._blank) >= MAX_EXAMPLES:
            raise DataFileWrong(self.file, line, f"there are more than {MAX_EXAMPLES} examples")
        if not any(sign.isprintable() and sign != " " for sign in text):
            self._blank.append(line)
            return
        problem = _wrong_label(name) or _wrong_text(text)
        tag, wrong_tag = tag_of(language)
        if problem or wrong_tag:
            self.wrong(line, problem or wrong_tag)
            return
        if name in self._oos_labels:
            name = OUT_OF_SCOPE
        self.examples.append(Example(name, tag, text, line, self.file))

    def _add_problem(self, wrong: DataFileWrong) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Enough
        self.problems.append(wrong)


def tag_of(language: str) -> tuple[str, str]:
    """Returns a language tag as BCP 47 writes it, "" when none is meant, and what is wrong with it, "" if nothing."""
    tag = language.strip().replace("_", "-")
    if tag.lower() in _NO_LANGUAGE:
        return "", ""
    if not _LANGUAGE.fullmatch(tag):
        return "", f"{shortened(tag)} is no language tag such as nl or pt-BR"
    return tag, ""


def shortened(text: str) -> str:
    """Returns a name as messages show it: quoted, and not longer than a name should be."""
    return repr(text if len(text) <= LABEL_CHARACTERS else text[:LABEL_CHARACTERS] + "…")


def _wrong_label(name: str) -> str:
    if not name:
        return "the label is empty"
    if len(name) > LABEL_CHARACTERS:
        return f"a label has at most {LABEL_CHARACTERS} characters, this one has {len(name)}"
    if _CONTROL.search(name):
        return f"the label {shortened(name)} holds a control character"
    return wrong_encoding(name) and f"the label {wrong_encoding(name)}"


def _wrong_text(text: str) -> str:
    if len(text) > TEXT_CHARACTERS:
        return f"the text has {len(text)} characters, a message has at most {TEXT_CHARACTERS}: shorten it"
    if "\0" in text:
        return "the text holds a NUL character, which no message can hold"
    return wrong_encoding(text) and f"the text {wrong_encoding(text)}"
