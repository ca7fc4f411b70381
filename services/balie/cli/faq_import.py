"""`balie faq import`: a file of entries, with a bar, and a line for each entry that was refused."""

from pathlib import Path

import grpc
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import console, errors, explain_failure, fail
from balie.cli.importing import import_entries, make_collection
from balie.client import Balie
from balie.faq.errors import EntryFileWrong
from balie.faq.files import count_entries


async def run_import(
    address: str, file: Path, collection: str, languages: tuple[str, ...], *, dry_run: bool
) -> int:
    """Imports a file and returns how many entries were refused."""
    columns = (TextColumn("import"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("import", total=None)

        def on_progress(now: knowledge.ImportEntriesResponse) -> None:
            progress.update(task, completed=now.received)
            for problem in now.problems:
                errors.print(
                    f"entry {problem.number} {problem.entry_id}: {problem.message} ({problem.reason})",
                    style="red",
                )

        try:
            progress.update(task, total=count_entries(file))
            async with Balie(faq=address) as client:
                if not dry_run:
                    await make_collection(client, collection, languages)
                result = await import_entries(client, collection, file, on_progress, dry_run=dry_run)
        except EntryFileWrong as error:
            fail(str(error))
        except grpc.RpcError as error:
            explain_failure(error, address)
    did = "would be" if dry_run else "are"
    console.print(
        f"{result.received} entries read: {result.created} {did} new, {result.updated} changed, "
        f"{result.unchanged} as before, {result.refused} refused"
    )
    return result.refused
