"""What people write, and what they mean by it: what intents are learned from.

They are read by `balie.nlu.training_data`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OUT_OF_SCOPE = "oos"
"""Names what is no intent."""


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """Something people write, and what they mean by it.

    Attributes:
        intent: its name, or `oos`.
        language: its tag; "" when nobody said it, which no example to learn from has.
        line: where it stands in its file, from 1.
        file: its file; None when it is of none.
    """

    intent: str
    language: str
    text: str
    line: int = 0
    file: Path | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Something of a file that is understood otherwise than it may have been meant, or is not used; no mistake.

    Attributes:
        file: where.
        line: where in it, from 1; 0 for the file as a whole.
        text: what, in a sentence without any example's words.
    """

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


@dataclass(frozen=True)
class Examples:
    """Examples to learn from, in an order that does not depend on the file's.

    Attributes:
        items: sorted by intent, language and text.
        notes: what was left out of them, and why.
    """

    items: Sequence[Example]
    notes: Sequence[Note] = ()

    @property
    def intents(self) -> list[str]:
        """Returns the intents' names, sorted, without `oos`."""
        return sorted({example.intent for example in self.items} - {OUT_OF_SCOPE})

    @property
    def texts_by_language(self) -> Mapping[str, list[str]]:
        """Returns the texts of each language."""
        found: dict[str, list[str]] = {}
        for example in self.items:
            found.setdefault(example.language, []).append(example.text)
        return found

    def fingerprint(self) -> str:
        """Returns the SHA-256 of what is learned from, in hexadecimal."""
        rows = [[example.intent, example.language, example.text] for example in self.items]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()
