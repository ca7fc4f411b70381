"""Fills a desk over the API, as any client could: knowledge by import, calendars, queues, people and canned replies one by one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import grpc

from balie.api.faq.v1 import entry_pb2, faq_service_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.api.handoff.v1 import calendar_service_pb2
from balie.cli.desk import Desk
from balie.cli.desk_staffing import put_staffing
from balie.client import Balie, error_of
from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.convert import content_to_proto
from balie.faq.knowledge.files import Source, read_entries
from balie.handoff.calendars.convert import calendar_to_proto
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0
_IMPORT_SECONDS = 3600.0

OnProgress = Callable[[knowledge.ImportEntriesResponse], None]


async def import_entries(
    client: Balie, header: knowledge.ImportHeader, sources: Sequence[Source], on_progress: OnProgress
) -> knowledge.ImportEntriesResponse:
    """Imports files of entries as one, and returns the last word on it.

    Raises:
        balie.faq.errors.EntryFileWrong: a file cannot be read as entries; names file and line.
        grpc.RpcError: the FAQ service refused the import as a whole.
    """
    wrong: list[EntryFileWrong] = []

    async def parts() -> AsyncIterator[knowledge.ImportEntriesRequest]:
        yield knowledge.ImportEntriesRequest(header=header)
        try:
            for source in sources:
                for entry in read_entries(source):
                    yield knowledge.ImportEntriesRequest(entry=content_to_proto(entry.content))
        except EntryFileWrong as error:
            wrong.append(error)
            raise
        yield knowledge.ImportEntriesRequest(end=knowledge.ImportEnd())

    last = knowledge.ImportEntriesResponse()
    try:
        async for last in client.knowledge.ImportEntries(parts(), timeout=_IMPORT_SECONDS):
            on_progress(last)
    except (
        grpc.RpcError,
        asyncio.CancelledError,
    ):  # gRPC cancels a call whose requests end with an exception
        if wrong:
            raise wrong[0] from None
        raise
    return last


async def find_collection(client: Balie, collection: str) -> entry_pb2.Collection | None:
    """Returns a collection; None when there is none."""
    request = knowledge.GetCollectionRequest(collection_id=collection)
    try:
        response = await client.knowledge.GetCollection(request, timeout=_CALL_SECONDS)
    except grpc.RpcError as error:
        if error_of(error).reason == "COLLECTION_NOT_FOUND":
            return None
        raise
    return response.collection


async def make_collection(client: Balie, collection: str, languages: tuple[str, ...]) -> None:
    """Creates a collection, or gives the one there is these languages."""
    wanted = await find_collection(client, collection)
    if wanted is None:
        wanted = entry_pb2.Collection(id=collection, display_name=collection.capitalize())
    kept = [language for language in wanted.fallback if language in languages]
    del wanted.languages[:], wanted.fallback[:]
    wanted.languages.extend(languages)
    wanted.fallback.extend(kept)
    request = knowledge.UpsertCollectionRequest(collection=wanted, request_id=new_id())
    await client.knowledge.UpsertCollection(request, timeout=_CALL_SECONDS)


async def wait_for_index(client: Balie, collection: str, generation: int) -> None:
    """Returns when searches see a generation of a collection."""
    request = faq_service_pb2.SearchAnswersRequest(
        collection_id=collection, text="?", min_generation=generation
    )
    await client.faq.SearchAnswers(request, timeout=_IMPORT_SECONDS)


async def fill(client: Balie, desk: Desk, on_progress: OnProgress) -> knowledge.ImportEntriesResponse:
    """Gives a running suite a desk's knowledge, calendars and staffing; doing it again changes nothing."""
    collection, languages = desk.collection
    staffing = desk.staffing()
    for calendar in desk.calendars():
        calendar_request = calendar_service_pb2.UpsertCalendarRequest(
            calendar=calendar_to_proto(calendar), request_id=new_id()
        )
        await client.calendars.UpsertCalendar(calendar_request, timeout=_CALL_SECONDS)
    await put_staffing(client, staffing)
    await make_collection(client, collection, languages)
    header = knowledge.ImportHeader(collection_id=collection)
    result = await import_entries(client, header, [Source(desk.faq)], on_progress)
    await wait_for_index(client, collection, result.index_generation)
    return result
