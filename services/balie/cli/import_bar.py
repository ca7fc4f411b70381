"""How an import is shown: a bar, a line for each item that was refused, and one that sums it up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.api.nlu.v1 import keyword_service_pb2 as keywords
from balie.cli.console import console, errors, printable

Step = knowledge.ImportEntriesResponse | keywords.ImportKeywordsResponse


@contextmanager
def import_bar(
    what: str, total: int | None, where: Callable[[int], str] | None = None
) -> Iterator[Callable[[Step], None]]:
    """Yields what shows each step of an import within the block.

    Args:
        what: is imported, one of it.
        total: how many there are; None when nobody knows.
        where: returns file and place of one by its number, from 1.
    """
    columns = (TextColumn("import"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("import", total=total)

        def show(step: Step) -> None:
            progress.update(task, completed=step.received)
            for problem in step.problems:
                name = (
                    problem.entry_id if isinstance(problem, knowledge.ImportProblem) else problem.keyword_id
                )
                place = f"{where(problem.number)}: " if where else ""
                errors.print(
                    printable(f"{place}{what} {problem.number} {name}: {problem.message} ({problem.reason})"),
                    style="red",
                    soft_wrap=True,
                )

        yield show


def tell(last: Step, what: str, *, dry_run: bool) -> None:
    """Prints what became of all items.

    Args:
        last: step of the import.
        what: was imported, several of it.
        dry_run: whether nothing was written.
    """
    did = "would be" if dry_run else "are"
    console.print(
        f"{last.received} {what} read: {last.created} {did} new, {last.updated} changed, "
        f"{last.unchanged} as before, {last.refused} refused"
    )
