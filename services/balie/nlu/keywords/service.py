"""The servicer of keyword work: convert in, call the domain, convert out."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from balie.api.nlu.v1 import keyword_service_pb2, keyword_service_pb2_grpc
from balie.kit import call
from balie.kit.caller import Role
from balie.kit.imports.progress import Problem
from balie.kit.paging import page_size
from balie.nlu.convert import looked_up_from_proto
from balie.nlu.keywords import convert
from balie.nlu.keywords.keyword import Keyword

if TYPE_CHECKING:
    from balie.nlu.analyzer import Analyzer
    from balie.nlu.keywords.catalogue import KeywordCatalogue
    from balie.nlu.keywords.importing import KeywordImporter
    from balie.nlu.keywords.live import LiveKeywords

_WRITERS = (Role.ADMIN, Role.SERVICE)
_FOR_EVER = float("inf")


class KeywordService(keyword_service_pb2_grpc.KeywordServiceServicer):
    """Translates between the contract and keyword work."""

    def __init__(
        self,
        catalogue: "KeywordCatalogue",
        importer: "KeywordImporter",
        live: "LiveKeywords",
        analyzer: "Analyzer",
    ) -> None:
        self._catalogue = catalogue
        self._importer = importer
        self._live = live
        self._analyzer = analyzer

    async def UpsertKeyword(
        self, request: keyword_service_pb2.UpsertKeywordRequest, context: Any
    ) -> keyword_service_pb2.UpsertKeywordResponse:
        """Creates or replaces a keyword."""
        call.caller().require(*_WRITERS)
        content, etag = convert.keyword_from_proto(request.keyword), convert.etag(request.keyword.etag)
        call.log(keyword_id=content.id)
        stored = await self._catalogue.upsert(call.write(request), content, etag)
        return keyword_service_pb2.UpsertKeywordResponse(
            keyword=convert.keyword_to_proto(stored), generation=stored.generation
        )

    async def DeleteKeyword(
        self, request: keyword_service_pb2.DeleteKeywordRequest, context: Any
    ) -> keyword_service_pb2.DeleteKeywordResponse:
        """Deletes a keyword."""
        call.caller().require(*_WRITERS)
        key, etag = convert.keyword_id(request.keyword_id), convert.etag(request.etag)
        call.log(keyword_id=key)
        generation = await self._catalogue.delete(call.write(request), key, etag)
        return keyword_service_pb2.DeleteKeywordResponse(generation=generation)

    async def GetKeyword(
        self, request: keyword_service_pb2.GetKeywordRequest, context: Any
    ) -> keyword_service_pb2.GetKeywordResponse:
        """Reads a keyword."""
        found = await self._catalogue.keyword(call.caller().tenant, convert.keyword_id(request.keyword_id))
        return keyword_service_pb2.GetKeywordResponse(keyword=convert.keyword_to_proto(found))

    async def ListKeywords(
        self, request: keyword_service_pb2.ListKeywordsRequest, context: Any
    ) -> keyword_service_pb2.ListKeywordsResponse:
        """Lists the tenant's keywords."""
        limit = page_size(request)
        found, rest = await self._catalogue.keywords(call.caller().tenant, limit, request.page_token)
        return keyword_service_pb2.ListKeywordsResponse(
            keywords=map(convert.keyword_to_proto, found), next_page_token=rest
        )

    async def ImportKeywords(
        self, request_iterator: AsyncIterator[keyword_service_pb2.ImportKeywordsRequest], context: Any
    ) -> AsyncGenerator[keyword_service_pb2.ImportKeywordsResponse, None]:
        """Takes keywords in a stream and tells how it goes."""
        caller = call.caller().require(*_WRITERS)
        parts = aiter(request_iterator)
        dry_run = convert.import_header(await anext(parts, None))
        call.log(dry_run=dry_run)
        progress = self._importer.run(caller.tenant, _contents(parts), dry_run=dry_run)
        async with aclosing(progress) as messages:
            async for message in messages:
                yield convert.progress_to_proto(message)

    async def LookupKeywords(
        self, request: keyword_service_pb2.LookupKeywordsRequest, context: Any
    ) -> keyword_service_pb2.LookupKeywordsResponse:
        """Finds the keywords of a text."""
        tenant, utterance = call.caller().tenant, looked_up_from_proto(request)
        wanted = convert.min_generation(request.min_generation)
        await self._live.reached(tenant, wanted, wait_seconds=call.timeout(_FOR_EVER))
        generation = self._live.generation(tenant)
        detection, matches = await self._analyzer.look_up(tenant, utterance)
        call.log(language=detection.language, keywords=len(matches))
        return convert.found_to_proto(detection, matches, generation)


async def _contents(
    parts: AsyncIterator[keyword_service_pb2.ImportKeywordsRequest],
) -> AsyncGenerator[Keyword | Problem, None]:
    number = 0
    async for part in parts:
        number += 1
        yield convert.import_keyword(number, part)
