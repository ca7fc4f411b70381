"""`balie faq import`: a file of entries, with a bar, and a line for each entry that was refused."""

from pathlib import Path

import grpc

from balie.cli.console import explain_failure, fail
from balie.cli.import_bar import import_bar, tell
from balie.cli.importing import import_entries, make_collection
from balie.client import Balie
from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.files import count_entries


async def run_import(
    address: str, file: Path, collection: str, languages: tuple[str, ...], *, dry_run: bool
) -> int:
    """Imports a file and returns how many entries were refused."""
    try:
        with import_bar("entry", count_entries(file)) as show:
            async with Balie(faq=address) as client:
                if not dry_run:
                    await make_collection(client, collection, languages)
                result = await import_entries(client, collection, file, show, dry_run=dry_run)
    except EntryFileWrong as error:
        fail(str(error))
    except grpc.RpcError as error:
        explain_failure(error, address)
    tell(result, "entries", dry_run=dry_run)
    return result.refused
