"""`balie encoder list`: the kinds of encoders, and the encoders on this machine."""

import json
import shlex
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from balie.cli.console import console, fail, printable
from balie.encoders import ENCODERS, EncoderUnavailable
from balie.encoders.catalogue import Check, Kind, Listed, encoders, kinds
from balie.encoders.settings import EncoderSettings, default_folder

_MB = 1_000_000


def run_list(*, verify: bool, as_json: bool) -> None:
    """Prints the kinds and the encoders; a damaged one is among them, with what is wrong."""
    check: Check = "full" if verify else "size"
    try:
        settings = EncoderSettings.load()
    except EncoderUnavailable as error:
        fail(str(error))
    found = encoders(settings, check=check)
    if as_json:
        console.print_json(
            json.dumps(
                {
                    "kinds": [
                        {"name": kind.name, "reads": kind.reads, "missing": kind.missing} for kind in kinds()
                    ],
                    "setting": {
                        "kind": settings.name,
                        "folder": str(settings.folder),
                        "model": settings.model,
                    },
                    "checked": check,
                    "encoders": [as_dict(encoder) for encoder in found],
                }
            )
        )
        return
    console.print(_kinds(kinds(), settings.name))
    if found:
        console.print(_encoders(found))
    for encoder in found:
        if encoder.problem:
            console.print(
                Text(f"{encoder.folder.name} is damaged: {printable(encoder.problem)}", style="red"),
                soft_wrap=True,
            )
    _print_use(found, settings)


def as_dict(encoder: Listed) -> dict[str, Any]:
    """Returns an encoder as JSON has it."""
    return {
        "name": encoder.name,
        "folder": str(encoder.folder),
        "kind": encoder.kind,
        "whole": not encoder.problem,
        "problem": encoder.problem,
        "used": encoder.used,
        "precision": encoder.precision,
        "dimensions": encoder.dimensions,
        "max_tokens": encoder.max_tokens,
        "fingerprint": encoder.fingerprint,
        "source": encoder.source,
        "licence": encoder.licence,
        "languages": list(encoder.languages),
        "words": encoder.words,
        "adaptations": [taught.model_dump(mode="json") for taught in encoder.adaptations],
        "size_bytes": encoder.size_bytes,
    }


def _table(title: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_header=False,
    )
    table.add_column(width=1)
    return table


def _kinds(listed: list[Kind], used: str) -> Table:
    table = _table("kinds, chosen by BALIE_ENCODER_NAME")
    table.add_column(style="cyan")
    table.add_column()
    for kind in listed:
        words = Text(kind.reads)
        if kind.missing:
            words.append(f"\nnot installed: {kind.missing}", style="yellow")
        table.add_row("→" if kind.name == used else "", kind.name, words)
    return table


def _encoders(found: list[Listed]) -> Table:
    """Returns a table of which each row is an encoder: its name and numbers, and under it what tells it from others."""
    table = _table("\nencoders")
    table.add_column(overflow="fold")
    for _ in ("dimensions", "size"):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for encoder in found:
        name = Text(printable(encoder.folder.name), style="cyan")
        kind = f"{encoder.kind} {encoder.precision}".strip()
        name.append(f"\n{kind} {encoder.fingerprint}".rstrip(), style="dim")
        if encoder.adaptations:
            name.append(f"\ntaught {encoder.words} words of {', '.join(encoder.languages)}", style="dim")
        whole = Text("damaged", style="bold red") if encoder.problem else Text("whole", style="green")
        size = f"{encoder.size_bytes / _MB:.1f} MB"
        dimensions = f"{encoder.dimensions} numbers" if encoder.dimensions else ""
        table.add_row("→" if encoder.used else "", name, dimensions, size, whole)
    return table


def _print_use(found: list[Listed], settings: EncoderSettings) -> None:
    used = next((encoder for encoder in found if encoder.used), None)
    if used is not None:
        console.print(f"\n→ is what a service that starts now reads: {used.folder}", soft_wrap=True)
    elif settings.name == "onnx":
        console.print(
            f"\nThere is no encoder in {settings.folder}, where a service that starts now looks: run `balie encoder build`",
            style="yellow",
            soft_wrap=True,
        )
    elif settings.name not in ENCODERS.names():
        known = ", ".join(ENCODERS.names())
        console.print(
            f"\nBALIE_ENCODER_NAME={settings.name} is no kind that is known: {known}",
            style="yellow",
            soft_wrap=True,
        )
    else:
        named = f" {settings.model}" if settings.model else ""
        console.print(f"\nA service that starts now opens {settings.name}{named}", soft_wrap=True)
    if other := next((encoder for encoder in found if not encoder.used and not encoder.problem), None):
        console.print(f"Another: {_setting(other)}", style="dim", soft_wrap=True)
    if any(encoder.folder.parent == default_folder().parent for encoder in found):
        console.print("One of them in full: `balie encoder show NAME`", style="dim")


def _setting(encoder: Listed) -> str:
    folder = shlex.quote(str(Path(encoder.folder)))
    if encoder.kind == "onnx":
        return f"BALIE_ENCODER_FOLDER={folder}"
    return f"BALIE_ENCODER_NAME=sentence-transformers BALIE_ENCODER_MODEL={folder}"
