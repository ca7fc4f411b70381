"""What a child process of the bench is told, and what it says."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

What = Literal["vectors", "whole"]


@dataclass(frozen=True)
class Order:
    """What to build, or to open again.

    Attributes:
        what: the index of vectors alone, or the whole index with its words and entries.
        size: entries.
        folder: of this size, for the saved index and what else is handed on.
        texts: file of the vectors of real texts.
        queries: file of the vectors that are searched for.
        words: JSON file with `questions`, `answers` and `queries`.
        top: entries that a search returns.
    """

    what: What
    size: int
    folder: Path
    texts: Path
    queries: Path
    words: Path
    top: int

    @property
    def truth(self) -> Path:
        """Returns the file with the numbers of the entries that are nearest to each query."""
        return self.folder / "truth.npy"

    def write(self, file: Path) -> Path:
        """Writes it into a file, and returns the file."""
        file.write_text(json.dumps(asdict(self), default=str), encoding="utf-8")
        return file

    @staticmethod
    def read(file: Path) -> "Order":
        """Returns what was written."""
        plain = json.loads(file.read_text(encoding="utf-8"))
        return Order(**plain | {name: Path(plain[name]) for name in ("folder", "texts", "queries", "words")})


@dataclass(frozen=True)
class Built:
    """What building said.

    Attributes:
        kind: that was chosen.
        vectors: that it holds.
        seconds: from vectors in memory to the index; words too, of the whole.
        peak_mb: most memory that was resident meanwhile, what it is built from among it.
        saved_mb: the saved files.
    """

    kind: str
    vectors: int
    seconds: float
    peak_mb: float
    saved_mb: float


@dataclass(frozen=True)
class Reopened:
    """What a fresh process said that opened the saved index.

    Attributes:
        first_answer_seconds: from the start of the process to the first answer.
        bare_mb: resident before the index: the interpreter and libraries.
        memory_mb: resident with the index, after the first answer.
        p50_ms: median time of a search with one thread.
        p99_ms: the same for the slowest in a hundred.
        recall: share of the nearest entries that searches found, [0, 1]; None of the whole, which ranks by more.
    """

    first_answer_seconds: float
    bare_mb: float
    memory_mb: float
    p50_ms: float
    p99_ms: float
    recall: float | None
