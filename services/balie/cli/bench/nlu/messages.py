"""What is learned from, and what is sent: labelled messages, parted so that none that is sent was learned."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from balie.cli.console import fail

_PARTS = 5


@dataclass(frozen=True)
class Labelled:
    """A message and what is meant by it; None when the file does not say."""

    text: str
    label: str | None


@dataclass(frozen=True)
class Messages:
    """The two halves of a bench.

    Attributes:
        learned: what both sides learn from; each has a label.
        sent: what they are asked afterwards, each text once.
    """

    learned: Sequence[Labelled]
    sent: Sequence[Labelled]

    @staticmethod
    def read(train: Path, messages: Path | None) -> "Messages":
        """Returns the messages of JSON Lines with `text` and `label`; ends the command when they are none.

        Args:
            train: what is learned from; without `messages`, a fifth of it is sent instead, chosen by a hash of the text.
            messages: what is sent; `label` may be absent.
        """
        rows = [row for row in _rows(train) if row.label is not None]
        if messages is None:
            held = [row for row in rows if _is_held_out(row.text)]
            rows = [row for row in rows if not _is_held_out(row.text)]
        else:
            held = _rows(messages)
        learned = {_key(row.text) for row in rows}
        sent = {_key(row.text): row for row in held if _key(row.text) not in learned}
        if not rows or not sent:
            fail(
                f"There is nothing to {'send' if rows else 'learn'}: write a JSON object a line, with text and label."
            )
        return Messages(rows, list(sent.values()))


def _rows(file: Path) -> list[Labelled]:
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            found.append(Labelled(str(row["text"]), row.get("label")))
        except (ValueError, KeyError, TypeError, AttributeError):
            fail(f"{file}:{number} is no JSON object with text and label.")
    return found


def _key(text: str) -> str:
    return " ".join(text.lower().split())


def _is_held_out(text: str) -> bool:
    digest = hashlib.sha256(_key(text).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % _PARTS == 0
