"""`balie nlu keywords import`: a file of keywords, with a bar, and a line for each keyword that was refused."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc

from balie.api.nlu.v1 import keyword_service_pb2 as keywords
from balie.cli.console import explain_failure, fail
from balie.cli.import_bar import import_bar, tell
from balie.client import Balie
from balie.nlu.errors import DataFileWrong
from balie.nlu.keywords.convert import keyword_to_proto
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.keyword import Keyword

_IMPORT_SECONDS = 3600.0


async def run_import(address: str, file: Path, *, dry_run: bool) -> int:
    """Imports a file and returns how many keywords were refused."""
    try:
        found = read_keywords(file)
    except DataFileWrong as error:
        fail(str(error))
    last = keywords.ImportKeywordsResponse()
    try:
        with import_bar("keyword", len(found)) as show:
            async with Balie(nlu=address) as client:
                parts = _parts(found, dry_run=dry_run)
                async for last in client.keywords.ImportKeywords(parts, timeout=_IMPORT_SECONDS):
                    show(last)
    except grpc.RpcError as error:
        explain_failure(error, address)
    tell(last, "keywords", dry_run=dry_run)
    return last.refused


async def _parts(found: Sequence[Keyword], *, dry_run: bool) -> AsyncIterator[keywords.ImportKeywordsRequest]:
    yield keywords.ImportKeywordsRequest(header=keywords.ImportKeywordsHeader(dry_run=dry_run))
    for keyword in found:
        yield keywords.ImportKeywordsRequest(keyword=keyword_to_proto(keyword))
