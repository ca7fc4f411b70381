"""What validation says: findings, each of a check, with the places in the files it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from balie.nlu.errors import DataFileWrong
from balie.nlu.examples import Example, Note


class Severity(Enum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    """Wrong for certain: nothing is learned from these files, or two examples contradict each other."""
    WARNING = "warning"
    """Most likely a mistake, and worth a look."""
    HINT = "hint"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file.

    Attributes:
        file: None when an example came from no file.
        line: from 1; 0 for the file as a whole.
        intent: of the example there, "" when it is about none.
        language: of the example there, "" when it is about none.
        text: of the example there, "" when it is about none.
    """

    file: Path | None
    line: int
    intent: str = ""
    language: str = ""
    text: str = ""

    @classmethod
    def of(cls, about: Example | Note | DataFileWrong) -> "Place":
        """Returns where an example, a note or a mistake stands."""
        match about:
            case Example():
                return cls(about.file, about.line, about.intent, about.language, about.text)
            case Note():
                return cls(about.file, about.line)
            case DataFileWrong():
                return cls(about.path, about.line)

    @classmethod
    def of_intent(cls, example: Example) -> "Place":
        """Returns where an intent begins, by its first example."""
        return cls(example.file, example.line, example.intent)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        check: a key of `CHECKS`.
        severity: how bad it is.
        message: what, in a sentence.
        places: where; nowhere in particular when empty.
        similarity: of two texts, (0, 1]; None where nothing was compared.
    """

    check: str
    severity: Severity
    message: str
    places: Sequence[Place] = ()
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What is looked for.

    Attributes:
        title: what findings have in common.
        advice: what to do about them.
    """

    title: str
    advice: str


CHECKS: Mapping[str, Check] = {
    "file": Check(
        "Cannot be read",
        "Put these right first: nothing is learned from the files as long as they are there.",
    ),
    "one-intent": Check("Nothing to tell apart", "Add examples of another intent, or of oos."),
    "conflict": Check(
        "The same words under several intents",
        "Keep each text under one intent: a model can only be right about one.",
    ),
    "near-duplicate": Check(
        "Nearly the same words under several intents",
        "Move the odd one to the other intent; where such pairs are many, make the two intents one.",
    ),
    "wrong-language": Check(
        "In another language than it is filed under", "Correct the language, or the text."
    ),
    "characters": Check(
        "Characters that nobody types", "Clean the texts: they were converted wrongly, or copied from a page."
    ),
    "label-names": Check("Names of intents that are easily confused", "Write each name in one way."),
    "few-examples": Check(
        "Few examples",
        "Add what people really write; from ten on, differing ones, an intent is learned well.",
    ),
    "languages": Check(
        "Intents that lack a language",
        "Add examples, or customers who write that language will hardly be understood.",
    ),
    "imbalance": Check(
        "Intents of very different size", "Add to the small ones: the large ones are guessed more often."
    ),
    "oos": Check(
        "What is out of scope",
        "Add messages that no intent is meant for, under oos: the model learns to say no from them.",
    ),
    "long-text": Check(
        "Long texts", "Shorten them to what says the intent: the rest teaches the model nothing."
    ),
    "no-words": Check("Texts without a word", "Leave them out unless such a message really means this."),
    "duplicate": Check("Duplicates", "They are learned from once; delete them to keep the files short."),
    "left-out": Check("Not used, or read otherwise", "Look whether that is meant."),
}
"""By name, in the order in which they are told."""
