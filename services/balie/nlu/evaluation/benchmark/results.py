"""Rows that were worked out, a file of JSON each: a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from balie.nlu.evaluation.benchmark.rows import Bench, Result
from balie.nlu.evaluation.benchmark.sets import PromiseRow, Row, row_of

if TYPE_CHECKING:
    from balie.nlu.engines.port import Progress

Work = Callable[[Row, Bench, "Progress"], Result]

_FORM = 1


class Results:
    """Keeps what was worked out, and works out what was not.

    A row is worked out anew when its files, the engine, its options, the promise or the encoder are others. Code that
    changed is not noticed: say which rows to work out anew.

    Args:
        bench: what rows are worked out with.
        folder: where they are kept.
        fingerprint: of the encoder.
        work: works a row out.
    """

    def __init__(self, bench: Bench, folder: Path, fingerprint: str, work: Work) -> None:
        self._bench, self._folder, self._fingerprint, self._work = bench, folder, fingerprint, work

    def kept(self, row: Row) -> Result | None:
        """Returns what is kept of a row; None when there is nothing, or it is of something else."""
        try:
            found = json.loads(self._path(row).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("basis") != self._basis(row):
            return None
        result: Result = found["result"]
        return result

    def get(self, row: Row, progress: "Progress", *, anew: bool = False) -> Result:
        """Returns a row, worked out when it is not kept, or when it is wanted anew.

        Raises:
            Whatever working it out raises.
        """
        found = None if anew else self.kept(row)
        if found is not None:
            return found
        if isinstance(row, PromiseRow):
            base = row_of(row.of)
            if self.kept(base) is None or not self._bench.scored_file(row.of).exists():
                self.get(base, progress, anew=True)
        found = self._work(row, self._bench, progress)
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"basis": self._basis(row), "result": found}, indent=1, allow_nan=False)
        part = self._path(row).with_suffix(".part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self._path(row))
        return found

    def all_kept(self, rows: Sequence[Row]) -> dict[str, Result]:
        """Returns what is kept of rows, by name."""
        return {row.name: found for row in rows if (found := self.kept(row)) is not None}

    def _path(self, row: Row) -> Path:
        return self._folder / f"{row.name}.json"

    def _basis(self, row: Row) -> str:
        bench = self._bench
        parts = [
            _FORM,
            row,
            bench.engine,
            sorted(bench.options.items()),
            asdict(bench.promise),
            self._fingerprint,
        ]
        digest = hashlib.sha256(repr(parts).encode())
        for file in bench.files(row):
            digest.update(hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"absent")
        return digest.hexdigest()
