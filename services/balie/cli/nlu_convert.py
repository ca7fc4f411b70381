"""`balie nlu convert`: training data of any format that is read, as any that is written."""

import io
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from balie.cli.console import errors, fail, printable
from balie.nlu.errors import StartRefused
from balie.nlu.training_data import Gathered, gather
from balie.nlu.training_data.formats import WRITERS


def run_convert(
    files: Sequence[Path],
    to: str,
    out: Path | None,
    languages: Sequence[str],
    *,
    language: str,
    oos_labels: Sequence[str] | None,
    replace: bool,
) -> None:
    """Writes all examples of the files in one format; nothing when something is wrong with them."""
    target = WRITERS.get(to)
    if target is None:
        fail(f"There is no format {to!r}.", f"Formats are {', '.join(WRITERS)}.", code=2)
    if out is not None and out.exists() and not replace:
        fail(f"{out} is there already.", "Name another file, or add --replace.")
    try:
        found = gather(files, languages, language=language, oos_labels=oos_labels)
    except StartRefused as refused:
        fail(str(refused), "Name the language of the examples with --lang.")
    _tell(found)
    written = io.StringIO()
    try:
        target.write(found.examples, written)
    except ValueError as refused:
        fail(f"Cannot be written as {to}: {printable(str(refused))}")
    if out is None:
        sys.stdout.write(written.getvalue())
    else:
        try:
            out.write_text(written.getvalue(), encoding="utf-8", newline="")
        except OSError as error:
            fail(f"{out} cannot be written: {error.strerror}")
    counts = Counter(example.intent for example in found.examples)
    errors.print(f"{len(found.examples)} examples of {len(counts)} labels written as {to}", style="dim")


def _tell(found: Gathered) -> None:
    for note in found.notes:
        errors.print(printable(str(note)), style="dim")
    for problem in found.problems[:10]:
        errors.print(printable(str(problem)), style="red")
    if found.problems:
        fail(f"{len(found.problems)} mistakes, and nothing written.", "balie nlu validate shows all of them.")
