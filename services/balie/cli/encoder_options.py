"""What the commands of `balie encoder` share: their options, the bar, and the line that installs what is missing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from balie.cli.console import errors, fail
from balie.cli.extras import libraries_of
from balie.cli.settings import CliSettings
from balie.encoders import EncoderUnavailable
from balie.encoders.folder.precisions import PRECISIONS, EncoderPrecisionUnknown, require_precision


def _precision(named: str) -> str:
    try:
        require_precision(named)
    except EncoderPrecisionUnknown as error:
        raise typer.BadParameter(str(error)) from None
    return named


EncoderFolder = Annotated[
    Path | None,
    typer.Option(
        "--encoder",
        help="Folder of the encoder.",
        show_default="the one services read",
    ),
]
Precision = Annotated[
    str, typer.Option(help="Precision of the weights.", parser=_precision, metavar="|".join(PRECISIONS))
]
ServedPrecision = Annotated[
    str,
    typer.Option(
        help="Precision of the weights, that services expect.",
        parser=_precision,
        metavar="|".join(PRECISIONS),
        envvar="BALIE_ENCODER_PRECISION",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]


@contextmanager
def shown(what: str) -> Iterator[Callable[[str, float], None]]:
    """Draws a bar on standard error while the block works; ends the command with one sentence when it fails.

    Gives the function that is told the step and the share that is done, in [0, 1].
    """
    columns = (TextColumn(what), BarColumn(bar_width=32), TextColumn("{task.description}"))
    try:
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task("", total=1.0)
            yield lambda step, share: progress.update(task, description=step, completed=share)
    except (EncoderUnavailable, ImportError) as error:
        fail(str(error))


def libraries() -> AbstractContextManager[None]:
    """Ends the command with the line that installs what an import in the block lacks."""
    return libraries_of("encoder")


def folder_of(named: Path | None) -> Path:
    """Returns the encoder's folder that was named, or the one that services read."""
    return named or CliSettings.load().encoder_folder
