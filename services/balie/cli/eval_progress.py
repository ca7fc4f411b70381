"""What the commands of `balie eval` share: the bar, and what ends a command with a sentence."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.cli.console import errors, fail


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
