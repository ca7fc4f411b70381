"""The servicer of knowledge work: convert in, call the domain, convert out."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from balie.api.faq.v1 import knowledge_service_pb2, knowledge_service_pb2_grpc
from balie.faq.domain import BuildStep
from balie.faq.knowledge import convert
from balie.faq.knowledge.domain import EntryContent, ImportOrder, Prune
from balie.kit import call
from balie.kit.caller import Role
from balie.kit.errors import ImportOutOfOrder
from balie.kit.imports.progress import Problem
from balie.kit.paging import page_size

if TYPE_CHECKING:
    from balie.faq.index.indexes import Indexes
    from balie.faq.knowledge.exporting import Exporter
    from balie.faq.knowledge.importing import Importer
    from balie.faq.knowledge.knowledge import Knowledge
    from balie.faq.retrieval.search import Search

_WRITERS = (Role.ADMIN, Role.SERVICE)


class KnowledgeService(knowledge_service_pb2_grpc.KnowledgeServiceServicer):
    """Translates between the contract and knowledge work."""

    def __init__(
        self,
        knowledge: "Knowledge",
        importer: "Importer",
        exporter: "Exporter",
        search: "Search",
        indexes: "Indexes",
    ) -> None:
        self._knowledge = knowledge
        self._importer = importer
        self._exporter = exporter
        self._search = search
        self._indexes = indexes

    async def UpsertCollection(
        self, request: knowledge_service_pb2.UpsertCollectionRequest, context: Any
    ) -> knowledge_service_pb2.UpsertCollectionResponse:
        """Creates or changes a collection."""
        call.caller().require(*_WRITERS)
        content = convert.collection_from_proto(request.collection)
        etag = convert.etag(request.collection.etag)
        collection = await self._knowledge.upsert_collection(call.write(request), content, etag)
        return knowledge_service_pb2.UpsertCollectionResponse(
            collection=convert.collection_to_proto(collection)
        )

    async def GetCollection(
        self, request: knowledge_service_pb2.GetCollectionRequest, context: Any
    ) -> knowledge_service_pb2.GetCollectionResponse:
        """Reads a collection."""
        collection_id = convert.collection_id(request.collection_id)
        collection = await self._knowledge.collection(call.caller().tenant, collection_id)
        return knowledge_service_pb2.GetCollectionResponse(collection=convert.collection_to_proto(collection))

    async def ListCollections(
        self, request: knowledge_service_pb2.ListCollectionsRequest, context: Any
    ) -> knowledge_service_pb2.ListCollectionsResponse:
        """Lists the tenant's collections."""
        limit = page_size(request)
        found, rest = await self._knowledge.collections(call.caller().tenant, limit, request.page_token)
        return knowledge_service_pb2.ListCollectionsResponse(
            collections=map(convert.collection_to_proto, found), next_page_token=rest
        )

    async def DeleteCollection(
        self, request: knowledge_service_pb2.DeleteCollectionRequest, context: Any
    ) -> knowledge_service_pb2.DeleteCollectionResponse:
        """Deletes an empty collection."""
        call.caller().require(*_WRITERS)
        collection_id = convert.collection_id(request.collection_id)
        await self._knowledge.delete_collection(call.write(request), collection_id)
        return knowledge_service_pb2.DeleteCollectionResponse()

    async def UpsertEntry(
        self, request: knowledge_service_pb2.UpsertEntryRequest, context: Any
    ) -> knowledge_service_pb2.UpsertEntryResponse:
        """Creates or replaces an entry."""
        call.caller().require(*_WRITERS)
        collection_id = convert.collection_id(request.entry.collection_id, field="entry.collection_id")
        content, etag = convert.entry_from_proto(request.entry), convert.etag(request.entry.etag)
        entry = await self._knowledge.upsert_entry(call.write(request), collection_id, content, etag)
        return knowledge_service_pb2.UpsertEntryResponse(
            entry=convert.entry_to_proto(entry), index_generation=entry.generation
        )

    async def DeleteEntry(
        self, request: knowledge_service_pb2.DeleteEntryRequest, context: Any
    ) -> knowledge_service_pb2.DeleteEntryResponse:
        """Deletes an entry."""
        call.caller().require(*_WRITERS)
        key = convert.collection_id(request.collection_id), convert.entry_id(request.entry_id)
        generation = await self._knowledge.delete_entry(call.write(request), *key)
        return knowledge_service_pb2.DeleteEntryResponse(index_generation=generation)

    async def GetEntry(
        self, request: knowledge_service_pb2.GetEntryRequest, context: Any
    ) -> knowledge_service_pb2.GetEntryResponse:
        """Reads an entry."""
        key = convert.collection_id(request.collection_id), convert.entry_id(request.entry_id)
        entry = await self._knowledge.entry(call.caller().tenant, *key)
        return knowledge_service_pb2.GetEntryResponse(entry=convert.entry_to_proto(entry))

    async def ListEntryRevisions(
        self, request: knowledge_service_pb2.ListEntryRevisionsRequest, context: Any
    ) -> knowledge_service_pb2.ListEntryRevisionsResponse:
        """Lists an entry's changes."""
        caller = call.caller().require(*_WRITERS)
        key = convert.collection_id(request.collection_id), convert.entry_id(request.entry_id)
        found, rest = await self._knowledge.revisions(
            caller.tenant, *key, limit=page_size(request), token=request.page_token
        )
        return knowledge_service_pb2.ListEntryRevisionsResponse(
            revisions=map(convert.revision_to_proto, found), next_page_token=rest
        )

    async def RestoreEntry(
        self, request: knowledge_service_pb2.RestoreEntryRequest, context: Any
    ) -> knowledge_service_pb2.RestoreEntryResponse:
        """Gives an entry the content of a revision."""
        call.caller().require(*_WRITERS)
        key = convert.collection_id(request.collection_id), convert.entry_id(request.entry_id)
        revision, etag = convert.revision(request.revision), convert.etag(request.etag)
        entry = await self._knowledge.restore_entry(call.write(request), *key, revision, etag)
        return knowledge_service_pb2.RestoreEntryResponse(
            entry=convert.entry_to_proto(entry), index_generation=entry.generation
        )

    async def ListEntries(
        self, request: knowledge_service_pb2.ListEntriesRequest, context: Any
    ) -> knowledge_service_pb2.ListEntriesResponse:
        """Lists a collection's entries."""
        found, rest = await self._knowledge.entries(
            call.caller().tenant,
            convert.collection_id(request.collection_id),
            limit=page_size(request),
            token=request.page_token,
            tag=convert.tag(request.tag),
        )
        return knowledge_service_pb2.ListEntriesResponse(
            entries=map(convert.entry_to_proto, found), next_page_token=rest
        )

    async def ImportEntries(
        self, request_iterator: AsyncIterator[knowledge_service_pb2.ImportEntriesRequest], context: Any
    ) -> AsyncGenerator[knowledge_service_pb2.ImportEntriesResponse, None]:
        """Takes entries in a stream and tells how it goes."""
        caller = call.caller().require(*_WRITERS)
        parts = aiter(request_iterator)
        order = convert.import_order(await anext(parts, None))
        call.log(collection_id=order.collection_id, dry_run=order.dry_run, prune=order.prune.name)
        progress = self._importer.run(caller.tenant, order, _contents(parts, order), by=caller.key)
        async with aclosing(progress) as messages:
            async for message in messages:
                yield convert.progress_to_proto(message)

    async def ExportEntries(
        self, request: knowledge_service_pb2.ExportEntriesRequest, context: Any
    ) -> AsyncGenerator[knowledge_service_pb2.ExportEntriesResponse, None]:
        """Streams all entries of a collection."""
        caller = call.caller().require(*_WRITERS)
        collection_id = convert.collection_id(request.collection_id)
        call.log(collection_id=collection_id)
        async with aclosing(self._exporter.run(caller.tenant, collection_id)) as pages:
            async for entries, total in pages:
                yield knowledge_service_pb2.ExportEntriesResponse(
                    entries=map(convert.entry_to_proto, entries), total=total
                )

    async def GetIndex(
        self, request: knowledge_service_pb2.GetIndexRequest, context: Any
    ) -> knowledge_service_pb2.GetIndexResponse:
        """Reads the state of this replica's index."""
        tenant, collection_id = call.caller().tenant, convert.collection_id(request.collection_id)
        return knowledge_service_pb2.GetIndexResponse(index=await self._index(tenant, collection_id))

    async def RebuildIndex(
        self, request: knowledge_service_pb2.RebuildIndexRequest, context: Any
    ) -> AsyncGenerator[knowledge_service_pb2.RebuildIndexResponse, None]:
        """Builds this replica's index anew and tells how it goes."""
        tenant = call.caller().require(Role.ADMIN).tenant
        collection_id = convert.collection_id(request.collection_id)
        call.log(collection_id=collection_id)
        rebuild = await self._indexes.rebuild(tenant, collection_id, why="somebody asked for it")
        async with aclosing(rebuild.watch()) as steps:
            async for step in steps:
                index = None
                if step.step is BuildStep.DONE:
                    index = await self._index(tenant, collection_id)
                yield knowledge_service_pb2.RebuildIndexResponse(
                    progress=convert.build_to_proto(step), index=index
                )

    async def _index(self, tenant: str, collection_id: str) -> knowledge_service_pb2.Index:
        state = await self._search.state(tenant, collection_id)
        upkeep = await self._indexes.upkeep(tenant, collection_id)
        stored = await self._knowledge.collection(tenant, collection_id)
        return convert.index_to_proto(collection_id, state, upkeep, stored.generation)


async def _contents(
    parts: AsyncIterator[knowledge_service_pb2.ImportEntriesRequest], order: ImportOrder
) -> AsyncGenerator[EntryContent | Problem, None]:
    """Yields what is imported; ends only where the client has said that this was all, if it matters."""
    number = 0
    async for part in parts:
        if part.WhichOneof("part") == "end":
            if await anext(parts, None) is not None:
                raise ImportOutOfOrder("nothing after the end")
            return
        number += 1
        yield convert.import_entry(number, part, order.collection_id)
    if order.prune is not Prune.NOTHING:
        raise ImportOutOfOrder("end")
