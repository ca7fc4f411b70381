"""The log: one JSON object a line on standard output, and never what a customer wrote.

An exception's own text may hold what a customer wrote (a `KeyError` repeats its key, a driver repeats a statement's
parameters), so the log says of an exception its class and where it came from, and nothing else.
"""

import asyncio
import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import PurePath
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

_FRAMES = 30


def configure(*, service: str, level: Level = "info", form: Format = "json") -> None:
    """Sets up structlog, and the standard library's log behind it, for this process.

    Args:
        service: name that every line carries.
        level: least level that is written.
        form: `json` for machines, `console` for people.
    """
    threshold: int = getattr(logging, level.upper())
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(timestamp_key="time")
    structlog.configure(
        processors=[
            _named(service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _without_texts_of_exceptions,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,  # `structlog.testing.capture_logs` reaches loggers made before it
    )
    root = logging.getLogger()
    root.handlers[:] = [LibraryHandler()]
    root.setLevel(max(threshold, logging.WARNING))


class LibraryHandler(logging.Handler):
    """Hands on what libraries log through the standard library, without the texts they put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line: who reported, from where, and the text's template when it is one."""
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library reported",
            library=record.name,
            at=f"{_short(record.pathname)}:{record.lineno}",
            **({"template": str(record.msg)} if record.args else {}),
            **(described(error) if error else {}),
        )


def described(error: BaseException) -> dict[str, str]:
    """Returns what the log says of an exception: its classes, causes last, and the frames it came through.

    Its text is left out, because it may repeat what a customer wrote.
    """
    classes: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(classes) < _FRAMES:
        classes.append(f"{type(seen).__module__}.{type(seen).__qualname__}".removeprefix("builtins."))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    lines = [f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    return {"error": " from ".join(classes), "traceback": "\n".join(lines)}


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Makes `loop` log what nobody awaited as any other exception, without its text."""

    def report(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        details = described(error) if isinstance(error, BaseException) else {}
        structlog.get_logger().error("task failed unseen", **details)

    loop.set_exception_handler(report)


def _named(service: str) -> Processor:
    def add(_: Any, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add


def _without_texts_of_exceptions(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(described(error))
    return event


def _short(path: str) -> str:
    """Returns the last parts of a file's path, enough to find it."""
    return "/".join(PurePath(path).parts[-3:]).removeprefix("//")
