"""What the commands of `balie eval` share: how options are read, and what ends a command with a sentence."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.cli.console import errors, fail


@contextmanager
def nlu_libraries() -> Iterator[None]:
    """Ends the command with the line that installs what an import in the block lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("balie"):
            raise
        fail(f"This command needs {error.name}, which is not installed: pip install 'balie[nlu]'")


@contextmanager
def watched(what: str) -> Iterator[Callable[[str, float], None]]:
    """Draws a bar on standard error while the block works; ends the command with one sentence when it fails.

    Gives the function that is told the step and the share that is done, in [0, 1]. What is logged meanwhile goes to
    standard error as well: standard output is the result's.
    """
    from balie.encoders import EncoderUnavailable
    from balie.kit.registry import MissingExtra, UnknownPlugin
    from balie.nlu.errors import EngineUnavailable, ModelDamaged, StartRefused

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(colors=False)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    columns = (
        TextColumn(what),
        BarColumn(bar_width=32),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    try:
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task("", total=1.0)
            yield lambda step, share: progress.update(task, description=step, completed=share)
    except (
        StartRefused,
        EncoderUnavailable,
        EngineUnavailable,
        MissingExtra,
        ModelDamaged,
        UnknownPlugin,
    ) as error:
        fail(str(error))
    finally:
        structlog.configure(**before)


def options_of(given: Sequence[str]) -> dict[str, str]:
    """Returns options that were written as KEY=VALUE.

    Raises:
        BadParameter: one is written otherwise, or named twice.
    """
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{one!r} is no KEY=VALUE", param_hint="--option")
        if name in found:
            raise typer.BadParameter(f"{name} is named twice", param_hint="--option")
        found[name] = value
    return found
