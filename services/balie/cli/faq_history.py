"""`balie faq history` and `restore`: what an entry held before, and giving it that again."""

from datetime import UTC

import grpc
from rich.table import Table
from rich.text import Text

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.cli.console import console, explain_failure, printable
from balie.client import Balie
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
_COLUMNS = ("", "when", "who", "state", "holds")


async def run_history(address: str, collection: str, entry: str, limit: int) -> None:
    """Prints the newest changes of an entry."""
    request = knowledge.ListEntryRevisionsRequest(collection_id=collection, entry_id=entry, page_size=limit)
    try:
        async with Balie(faq=address) as client:
            found = await client.knowledge.ListEntryRevisions(request, timeout=_CALL_SECONDS)
    except grpc.RpcError as error:
        explain_failure(error, address)
    table = Table(*_COLUMNS, box=None, padding=(0, 2, 0, 0))
    for change in found.revisions:
        table.add_row(*_cells(change))
    console.print(table)


async def run_restore(address: str, collection: str, entry: str, revision: int) -> None:
    """Gives an entry the content of a revision, and says what it is now."""
    request = knowledge.RestoreEntryRequest(
        collection_id=collection, entry_id=entry, revision=revision, request_id=new_id()
    )
    try:
        async with Balie(faq=address) as client:
            restored = await client.knowledge.RestoreEntry(request, timeout=_CALL_SECONDS)
    except grpc.RpcError as error:
        explain_failure(error, address)
    console.print(f"{entry} holds revision {revision} again, as revision {restored.entry.revision}")


def _cells(change: knowledge.EntryRevision) -> list[Text]:
    entry = change.entry
    texts = Text()
    for text in entry.texts:
        line = f"{text.language}  {text.question}  →  {text.answer}"
        texts.append("\n" if texts else "").append(printable(" ".join(line.split())))
    moment = change.change_time.ToDatetime(tzinfo=UTC)
    state = entry_pb2.EntryState.Name(entry.state).removeprefix("ENTRY_STATE_").lower()
    cells = (str(entry.revision), f"{moment:%Y-%m-%d %H:%M:%S}", change.changed_by, state)
    return [*(Text(printable(cell)) for cell in cells), texts]
