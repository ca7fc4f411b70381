"""Rows that were worked out, a file of JSON for each retriever on each set: a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from balie.encoders.progress import Progress
from balie.faq.evaluation.benchmark.rows import Bench, Result
from balie.faq.evaluation.benchmark.sets import RETRIEVERS, SetRow

Work = Callable[[SetRow, str, Bench, Progress], Result]

_FORM = 1


class Results:
    """Keeps what was worked out, and works out what was not.

    It is worked out anew when the files, the retriever's version, the promise or the encoder are others. Code that changed
    otherwise is not noticed: say what to work out anew.

    Args:
        bench: what rows are worked out with.
        folder: where they are kept.
        work: works one out.
    """

    def __init__(self, bench: Bench, folder: Path, work: Work) -> None:
        self._bench, self._folder, self._work = bench, folder, work

    def kept(self, row: SetRow, retriever: str) -> Result | None:
        """Returns what is kept; None when there is nothing, or it is of something else."""
        try:
            found = json.loads(self._path(row, retriever).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("basis") != self._basis(row, retriever):
            return None
        result: Result = found["result"]
        return result

    def get(self, row: SetRow, retriever: str, progress: Progress, *, anew: bool = False) -> Result:
        """Returns a result, worked out when it is not kept, or when it is wanted anew.

        Raises:
            Whatever working it out raises.
        """
        found = None if anew else self.kept(row, retriever)
        if found is not None:
            return found
        found = self._work(row, retriever, self._bench, progress)
        path = self._path(row, retriever)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"basis": self._basis(row, retriever), "result": found}, indent=1, allow_nan=False)
        part = path.with_suffix(".part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
        return found

    def all_kept(self, rows: Sequence[SetRow]) -> dict[str, dict[str, Result]]:
        """Returns what is kept of rows, by name and retriever."""
        return {
            row.name: {name: found for name in RETRIEVERS if (found := self.kept(row, name)) is not None}
            for row in rows
        }

    def _path(self, row: SetRow, retriever: str) -> Path:
        return self._folder / f"{row.name}.{retriever}.json"

    def _basis(self, row: SetRow, retriever: str) -> str:
        bench = self._bench
        version = bench.open_retriever(retriever).version
        parts = [_FORM, row.name, row.made, version, bench.max_wrong, bench.delta]
        digest = hashlib.sha256(repr([*parts, bench.vectors.encoder.fingerprint]).encode())
        for files in row.files(bench.data, bench.desk):
            digest.update(f"{len(files)} ".encode())
            for file in files:
                digest.update(hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"absent")
        return digest.hexdigest()
