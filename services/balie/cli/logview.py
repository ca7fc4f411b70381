"""The services' logs for people: one short line each, in the colour of its service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.text import Text

from balie.cli.console import COLOURS, console

_LEVELS = {"debug": "dim", "info": "", "warning": "yellow", "error": "bold red", "critical": "bold red"}
_SHOWN_ELSEWHERE = {"service", "level", "time", "event", "request_id", "traceback"}


class LogView:
    """Prints the services' logs, except while something else is shown.

    Args:
        shown: whether logs are printed at all.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown

    def __call__(self, service: str, line: str) -> None:
        """Prints one line of a service's log; what is no log line is printed as it is."""
        if self._shown:
            console.print(rendered(service, line), soft_wrap=True)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Prints no logs within the block, so that what is played can be read."""
        before, self._shown = self._shown, False
        try:
            yield
        finally:
            self._shown = before


def rendered(service: str, line: str) -> Text:
    """Returns one line of a service's log, for people."""
    text = Text()
    try:
        record = json.loads(line)
        moment = datetime.fromisoformat(record["time"]).astimezone().strftime("%H:%M:%S")
    except (ValueError, KeyError, TypeError):
        text.append(f"         {service:<8} ", style=COLOURS.get(service, ""))
        text.append(line)
        return text
    text.append(f"{moment} ", style="dim")
    text.append(f"{service:<8} ", style=COLOURS.get(service, ""))
    text.append(str(record.get("event", "")), style=_LEVELS.get(str(record.get("level")), ""))
    for name, value in record.items():
        if name not in _SHOWN_ELSEWHERE and value not in ("", None):
            text.append(f" {name}=", style="dim")
            text.append(_short(name, value))
    return text


def _short(name: str, value: object) -> str:
    words = str(value)
    return words.rsplit("/", 2)[-1] if name == "rpc" else words
