"""Fills a running suite with a desk, with a bar, and says what came of it."""

from pathlib import Path

import grpc
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import console, errors, explain_failure, fail
from balie.cli.desk import Desk, DeskFolderWrong
from balie.cli.importing import fill
from balie.client import Balie
from balie.faq.errors import EntryFileWrong


async def fill_suite(folder: Path, faq: str, handoff: str) -> int:
    """Gives a suite a desk's knowledge, queues, people and canned replies, and returns how many entries were refused."""
    columns = (
        TextColumn("  knowledge"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TextColumn("entries"),
    )
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
            async with Balie(faq=faq, handoff=handoff) as client:
                result = await fill(client, Desk(folder), on_progress)
            staffing = Desk(folder).staffing()
        except (DeskFolderWrong, EntryFileWrong) as error:
            fail(str(error))
        except grpc.RpcError as error:
            explain_failure(error, f"{faq} or {handoff}")
    console.print(
        f"  knowledge   {result.received} entries: {result.created} new, {result.updated} changed, "
        f"{result.unchanged} as before, {result.refused} refused",
        style="dim",
    )
    console.print(
        f"  staff       {len(staffing.queues)} queues, {len(staffing.agents)} people, "
        f"{len(staffing.canned_replies)} canned replies",
        style="dim",
    )
    return result.refused
