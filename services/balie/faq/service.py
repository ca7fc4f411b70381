"""The FAQ service's servicer of searches: convert in, call the domain, convert out."""

from typing import TYPE_CHECKING, Any

from balie.api.faq.v1 import faq_service_pb2, faq_service_pb2_grpc
from balie.faq import convert
from balie.kit import call

if TYPE_CHECKING:
    from balie.faq.retrieval.search import Search

_FOR_EVER = float("inf")


class FaqService(faq_service_pb2_grpc.FaqServiceServicer):
    """Translates between the contract and the search."""

    def __init__(self, search: "Search") -> None:
        self._search = search

    async def SearchAnswers(
        self, request: faq_service_pb2.SearchAnswersRequest, context: Any
    ) -> faq_service_pb2.SearchAnswersResponse:
        """Finds answers to a question."""
        question = convert.question_from_proto(request)
        call.log(collection_id=question.collection_id)
        found = await self._search.answers(
            call.caller().tenant, question, wait_seconds=call.timeout(_FOR_EVER)
        )
        call.log(no_answer=found.no_answer.name, answers=len(found.answers))
        return convert.answers_to_proto(found)
