"""`balie faq export`: all entries of a collection as a file, with a bar."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import grpc
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import errors, explain_failure, fail
from balie.client import Balie
from balie.faq.knowledge import convert
from balie.faq.knowledge.files import WRITERS

_EXPORT_SECONDS = 3600.0
_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".jsonld": "jsonld",
    ".json": "jsonld",
}


def run_export(address: str, collection: str, out: Path | None, to: str, *, replace: bool) -> None:
    """Writes all entries; the file is there whole or not at all."""
    made = to or ("jsonl" if out is None else _ENDINGS.get(out.suffix.lower(), ""))
    if made not in WRITERS:
        advice = f"Name one with --to: {', '.join(WRITERS)}."
        fail(f"There is no format {to!r}." if to else "The file's ending names no format.", advice, code=2)
    if out is not None and out.exists() and not replace:
        fail(f"{out} is there already.", "Name another file, or add --replace.")
    try:
        with _stream(out) as stream:
            written = asyncio.run(_write(address, collection, made, stream))
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror or type(error).__name__}")
    except grpc.RpcError as error:
        explain_failure(error, address)
    errors.print(f"{written} entries written as {made}", style="dim")


async def _write(address: str, collection: str, to: str, stream: TextIO) -> int:
    """Returns how many entries were written."""
    columns = (TextColumn("export"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeRemainingColumn())
    writer, written = WRITERS[to](stream), 0
    request = knowledge.ExportEntriesRequest(collection_id=collection)
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("export", total=None)
        async with Balie(faq=address) as client:
            async for page in client.knowledge.ExportEntries(request, timeout=_EXPORT_SECONDS):
                for entry in page.entries:
                    writer.write(convert.entry_from_proto(entry))
                written += len(page.entries)
                progress.update(task, completed=written, total=max(page.total, written))
    writer.end()
    return written


@contextmanager
def _stream(out: Path | None) -> Iterator[TextIO]:
    """Yields what is written to: a file beside the one that is meant, which takes its place in the end."""
    if out is None:
        yield sys.stdout
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
