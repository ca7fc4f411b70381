"""`balie encoder list`: the kinds of encoders, and the encoders on this machine."""

import json
import shlex
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from balie.cli.console import console, fail, printable
from balie.encoders import EncoderUnavailable
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


def _kinds(listed: list[Kind], used: str) -> Table:
    table = Table(
        title="kinds",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 3, 0, 0),
    )
    for column in ("", "BALIE_ENCODER_NAME", "reads", "installed"):
        table.add_column(column, header_style="dim")
    for kind in listed:
        installed = Text("no: ", style="yellow").append(kind.missing) if kind.missing else Text("yes")
        table.add_row("→" if kind.name == used else "", kind.name, kind.reads, installed)
    return table


def _encoders(found: list[Listed]) -> Table:
    table = Table(
        title="\nencoders",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 3, 0, 0),
    )
    for column in ("", "name", "kind", "precision", "taught", "whole"):
        table.add_column(column, header_style="dim")
    for column in ("dimensions", "size"):
        table.add_column(column, header_style="dim", justify="right")
    table.add_column("fingerprint", header_style="dim", overflow="fold")
    for encoder in found:
        taught = f"{', '.join(encoder.languages)} ({encoder.words} words)" if encoder.adaptations else ""
        whole = Text("damaged", style="bold red") if encoder.problem else Text("yes")
        table.add_row(
            "→" if encoder.used else "",
            printable(encoder.folder.name),
            encoder.kind,
            encoder.precision,
            taught,
            whole,
            str(encoder.dimensions or ""),
            f"{encoder.size_bytes / _MB:.0f} MB",
            encoder.fingerprint.rsplit(".", 1)[-1],
        )
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
