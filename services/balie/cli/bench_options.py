"""What the benches of FAQ share: their options, and how they end."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType

from balie.cli.console import console, errors, fail

Data = Annotated[
    Path,
    typer.Option(help="Folder with the evaluation data, intents/ and faq/.", exists=True, file_okay=False),
]
Docs = Annotated[
    Path | None,
    typer.Option(help="Document to write the figures into, between its marks.", exists=True, dir_okay=False),
]
Check = Annotated[
    bool, typer.Option("--check", help="Exit with 1 when a target is missed or was not measured.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]

_DOCUMENT_COLUMNS = 100


def end(
    shown: RenderableType,
    plain: dict[str, object],
    *,
    docs: tuple[Path | None, str],
    picture: Path | None = None,
    as_json: bool,
    failed: bool,
) -> None:
    """Prints figures, writes them into a document when there is one, and ends with 1 when a target was missed.

    Args:
        shown: figures for people.
        plain: figures for machines.
        docs: document, and the command whose marks it has.
        picture: that the document shows below the figures.
        as_json: whether machines read them.
        failed: whether a target was missed.
    """
    document, command = docs
    if document is not None:
        page = io.StringIO()
        Console(file=page, width=_DOCUMENT_COLUMNS, no_color=True).print(shown)
        _write(document, command, page.getvalue(), picture)
    if as_json:
        sys.stdout.write(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown)
    if failed:
        raise typer.Exit(1)


def placed(document: str, command: str, text: str, picture: str = "") -> str | None:
    """Returns a document with a text between the marks of a command, in place of what was there; None without marks."""
    begin, finish = f"<!-- balie {command}: begin -->", f"<!-- balie {command}: end -->"
    before, found, rest = document.partition(begin)
    _, ended, after = rest.partition(finish)
    if not found or not ended:
        return None
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    below = f"![what {command} measured]({picture})\n\n" if picture else ""
    return f"{before}{begin}\n\n```\n{lines}\n```\n\n{below}{finish}{after}"


def _write(document: Path, command: str, text: str, picture: Path | None) -> None:
    link = os.path.relpath(picture, document.parent) if picture else ""
    told = placed(document.read_text(encoding="utf-8"), command, text, link)
    if told is None:
        fail(
            f"{document} has no place for the figures.",
            f"It needs the lines <!-- balie {command}: begin --> and <!-- balie {command}: end -->.",
        )
    document.write_text(told, encoding="utf-8")
    errors.print(f"The figures are in {document}")
