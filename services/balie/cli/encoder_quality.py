"""Shows what each precision of an encoder costs in answers."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from balie.cli.console import console
from balie.cli.encoder_options import shown
from balie.encoders.bench.precisions import measure_precisions

if TYPE_CHECKING:
    from balie.encoders.bench.precisions import PrecisionQuality


def run_quality(folder: Path, data: Path, *, as_json: bool) -> None:
    """Measures the precisions of an encoder on evaluation data, and prints them."""
    with shown("quality") as progress:
        found = measure_precisions(folder, data, progress)
    if as_json:
        sys.stdout.write(json.dumps([quality.as_dict() for quality in found], indent=2) + "\n")
    else:
        console.print(table_of(found))


def table_of(found: "list[PrecisionQuality]") -> Table:
    """Returns one row for each precision; every share but the scores' own is beside fp32."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("precision")
    headings = (
        "disk MB",
        "cosine mean",
        "least",
        "in a batch, least",
        "same nearest",
        "banking77",
        "stackfaq",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for quality in found:
        agreement = quality.agreement
        table.add_row(
            quality.precision,
            f"{quality.disk_mb:.1f}",
            _cosine(agreement.mean_cosine),
            _cosine(agreement.least_cosine),
            _cosine(agreement.batch_least_cosine),
            f"{agreement.top1:.3f}",
            f"{agreement.intents.other:.4f}",
            f"{agreement.answers.other:.4f}",
        )
    sizes = found[0].agreement
    table.caption = (
        f"cos: of {sizes.sentences} sentences in en, nl and de, with fp32; in batch: least, of a text alone and with others; "
        f"top-1: the nearest of {sizes.pool} texts is the same; banking77: right of {sizes.intents.questions}, from ten "
        f"examples an intent; stackfaq: first answer right, {sizes.answers.questions} questions"
    )
    table.caption_justify = "left"
    return table


def _cosine(value: float) -> str:
    return "1" if value > 1 - 5e-10 else f"{value:.7f}"
