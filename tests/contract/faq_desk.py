"""The FAQ service as its callers see it: the real composition root on a free port."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from tests.encoder_fixture import encoder_folder

from balie.api.faq.v1 import (
    entry_pb2,
    faq_service_pb2_grpc,
    knowledge_service_pb2_grpc,
    review_service_pb2_grpc,
)
from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.client import CallError, error_of
from balie.faq.app import lifespan
from balie.faq.settings import FaqSettings
from balie.kit.ids import new_id
from balie.kit.testing import serve

FERRY = "ferry"
SECONDS = 30.0


@dataclass(frozen=True)
class Desk:
    """A running FAQ service, and short words for what is asked of it."""

    faq: Any
    knowledge: Any
    review: Any
    address: str = ""

    async def collect(self, name: str = FERRY, **changes: Any) -> entry_pb2.Collection:
        """Returns a collection, created or changed."""
        values = {"id": name, "display_name": "Ferry", "languages": ["en", "nl"]} | changes
        request = knowledge.UpsertCollectionRequest(
            collection=entry_pb2.Collection(**values), request_id=new_id()
        )
        response: knowledge.UpsertCollectionResponse = await self.knowledge.UpsertCollection(
            request, timeout=SECONDS
        )
        return response.collection

    async def put(self, name: str, *asked: str, **changes: Any) -> knowledge.UpsertEntryResponse:
        """Returns what storing an entry gives back."""
        request = knowledge.UpsertEntryRequest(entry=entry(name, *asked, **changes), request_id=new_id())
        response: knowledge.UpsertEntryResponse = await self.knowledge.UpsertEntry(request, timeout=SECONDS)
        return response

    async def drop(self, name: str) -> int:
        """Returns the generation from which on an entry is gone."""
        request = knowledge.DeleteEntryRequest(collection_id=FERRY, entry_id=name, request_id=new_id())
        response: knowledge.DeleteEntryResponse = await self.knowledge.DeleteEntry(request, timeout=SECONDS)
        return response.index_generation

    async def search(self, text: str = "", **changes: Any) -> faq.SearchAnswersResponse:
        """Returns what a search finds."""
        request = faq.SearchAnswersRequest(**({"collection_id": FERRY, "text": text} | changes))
        response: faq.SearchAnswersResponse = await self.faq.SearchAnswers(request, timeout=SECONDS)
        return response

    async def imports(
        self, parts: Iterable[knowledge.ImportEntriesRequest]
    ) -> list[knowledge.ImportEntriesResponse]:
        """Returns the progress of an import."""
        return [step async for step in self.knowledge.ImportEntries(iter(parts), timeout=SECONDS)]

    async def exports(self, name: str = FERRY) -> list[entry_pb2.Entry]:
        """Returns all entries of a collection."""
        request = knowledge.ExportEntriesRequest(collection_id=name)
        pages = self.knowledge.ExportEntries(request, timeout=SECONDS)
        return [found async for page in pages for found in page.entries]


def entry(name: str, *asked: str, **changes: Any) -> entry_pb2.Entry:
    """Returns an entry in English."""
    question, *phrasings = asked or (f"What about {name}?",)
    text = entry_pb2.EntryText(language="en", question=question, phrasings=phrasings, answer=f"About {name}.")
    return entry_pb2.Entry(**({"collection_id": FERRY, "id": name, "texts": [text]} | changes))


def header(**changes: Any) -> knowledge.ImportEntriesRequest:
    """Returns an import's first message."""
    return knowledge.ImportEntriesRequest(
        header=knowledge.ImportHeader(**({"collection_id": FERRY} | changes))
    )


def part(name: str, *asked: str, **changes: Any) -> knowledge.ImportEntriesRequest:
    """Returns an import's message with an entry."""
    return knowledge.ImportEntriesRequest(entry=entry(name, *asked, **changes))


async def refused(answer: Any) -> CallError:
    """Returns the error that a call ends with."""
    try:
        await answer
    except grpc.RpcError as error:
        return error_of(error)
    raise AssertionError("the call was answered")


@asynccontextmanager
async def desk(url: str, **changes: Any) -> AsyncIterator[Desk]:
    """Runs the service over a database."""
    values: dict[str, Any] = {"encoder_folder": encoder_folder(), "poll_seconds": 0.02} | changes
    settings = FaqSettings(listen="127.0.0.1:0", database_url=url, **values)
    async with serve(lifespan(settings), settings=settings) as served:
        yield Desk(
            faq_service_pb2_grpc.FaqServiceStub(served.channel),
            knowledge_service_pb2_grpc.KnowledgeServiceStub(served.channel),
            review_service_pb2_grpc.ReviewServiceStub(served.channel),
            served.address,
        )
