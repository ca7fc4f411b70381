"""`balie faq import`: files of entries, checked first, with a bar, and a line for whatever is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

import grpc
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import console, errors, explain_failure, fail, printable
from balie.cli.faq_check import Checked, check
from balie.cli.import_bar import import_bar, tell
from balie.cli.importing import find_collection, import_entries, make_collection
from balie.client import Balie
from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files import Source
from balie.kit.text_files.encoding import is_encoding

_SHOWN = 50
_MODES = {
    "": knowledge.PRUNE_MODE_UNSPECIFIED,
    "delete": knowledge.PRUNE_MODE_DELETE,
    "archive": knowledge.PRUNE_MODE_ARCHIVE,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be imported, and how.

    Attributes:
        languages: of the collection; empty to leave them as they are, or to make a new one with those of the files.
        language: of texts for which a file names none.
        prune: "", `delete` or `archive`.
    """

    files: Sequence[Path]
    collection: str
    languages: tuple[str, ...]
    language: str
    encoding: str
    dry_run: bool
    prune: str


async def run_import(address: str, order: Order) -> int:
    """Imports files and returns how many entries were refused; ends the command when a file is wrong."""
    if order.encoding and not is_encoding(order.encoding):
        fail(f"There is no encoding {order.encoding!r}.", "Names are such as windows-1252 or utf-16.", code=2)
    sources = [Source(file, order.encoding, order.language) for file in order.files]
    checked = _check(sources)
    try:
        async with Balie(faq=address) as client:
            if not await _is_there(client, order, checked):
                console.print(f"collection {order.collection} is not there yet: all would be new")
                tell(_all_new(checked), "entries", dry_run=True)
                return 0
            with import_bar("entry", checked.entries, checked.where) as show:
                header = knowledge.ImportHeader(
                    collection_id=order.collection, dry_run=order.dry_run, prune=_MODES[order.prune]
                )
                result = await import_entries(client, header, sources, show)
    except EntryFileWrong as error:  # it was changed meanwhile
        fail(str(error), "It was whole when it was checked. Some entries are written; none was pruned.")
    except grpc.RpcError as error:
        explain_failure(error, address)
    tell(result, "entries", dry_run=order.dry_run)
    if order.prune:
        _tell_pruned(result, order)
    return result.refused


def _check(sources: Sequence[Source]) -> Checked:
    """Returns what files hold; ends the command when something is wrong with them."""
    columns = (TextColumn("check "), BarColumn(bar_width=40), DownloadColumn(), TimeRemainingColumn())
    sizes = [source.path.stat().st_size if source.path.is_file() else 0 for source in sources]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("check", total=sum(sizes))

        def show(before: int, position: int) -> None:
            progress.update(task, completed=before + position)

        shown = [
            replace(source, on_bytes=partial(show, before))
            for source, before in zip(sources, accumulate(sizes, initial=0), strict=False)
        ]
        checked = check(shown)
    for problem in checked.problems[:_SHOWN]:
        errors.print(printable(str(problem)), style="red", soft_wrap=True)
    if checked.wrong > _SHOWN:
        errors.print(f"and {checked.wrong - _SHOWN} more", style="red")
    if checked.wrong:
        fail(f"{checked.wrong} mistake{'' if checked.wrong == 1 else 's'}, and nothing written.")
    return checked


async def _is_there(client: Balie, order: Order, checked: Checked) -> bool:
    """Returns whether the collection is there, after making or changing it if it may be."""
    if order.dry_run:
        return await find_collection(client, order.collection) is not None
    if order.languages or await find_collection(client, order.collection) is None:
        await make_collection(client, order.collection, order.languages or tuple(checked.languages))
    return True


def _all_new(checked: Checked) -> knowledge.ImportEntriesResponse:
    return knowledge.ImportEntriesResponse(received=checked.entries, created=checked.entries, done=True)


def _tell_pruned(result: knowledge.ImportEntriesResponse, order: Order) -> None:
    if result.refused:
        errors.print("nothing was pruned, because entries were refused", style="yellow")
        return
    did = "would be" if order.dry_run else "are"
    console.print(f"{result.pruned} others {did} {order.prune}d")
