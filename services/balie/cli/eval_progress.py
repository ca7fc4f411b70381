"""What the commands of `balie eval` share: the bar, and what ends a command with a sentence."""

import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager

import structlog
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from balie.cli.console import errors, fail, printable


@contextmanager
def watched(what: str) -> Iterator[Callable[[str, float], None]]:
    """Draws a bar on standard error while the block works; ends the command with one sentence when it fails.

    Gives the function that is told the step and the share that is done, in [0, 1]. What is logged meanwhile goes to
    standard error as well: standard output is the result's.
    """
    from balie.encoders import EncoderUnavailable
    from balie.faq.errors import EntryFileWrong, RetrieverUnavailable
    from balie.kit.registry import MissingExtra, UnknownPlugin
    from balie.nlu.errors import EngineUnavailable, ModelDamaged, StartRefused

    before = structlog.get_config()
    structlog.configure(processors=[_Sentences()], logger_factory=structlog.PrintLoggerFactory(sys.stderr))
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
        EntryFileWrong,
        MissingExtra,
        ModelDamaged,
        RetrieverUnavailable,
        UnknownPlugin,
    ) as error:
        fail(str(error))
    finally:
        structlog.configure(**before)


class _Sentences:
    """Turns what is logged into what people read: what happened, and why if that is said; the same thing once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, _logger: object, _level: str, event: MutableMapping[str, object]) -> str:
        told = printable(str(event["event"]))
        if told in self._told:
            raise structlog.DropEvent
        self._told.add(told)
        return f"{told}: {printable(str(event['reason']))}" if "reason" in event else told
