"""The FAQ service's servicer of searches and what is said of answers: convert in, call the domain, convert out."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from balie.api.faq.v1 import faq_service_pb2, faq_service_pb2_grpc
from balie.faq import convert
from balie.faq.feedback import convert as feedback_convert
from balie.kit import call
from balie.kit.caller import Role

if TYPE_CHECKING:
    from balie.faq.feedback.ratings import Ratings
    from balie.faq.feedback.remembering import Remembering
    from balie.faq.retrieval.search import Search

_FOR_EVER = float("inf")


class FaqService(faq_service_pb2_grpc.FaqServiceServicer):
    """Translates between the contract, the search, and what is said of its answers."""

    def __init__(self, search: "Search", remembering: "Remembering", ratings: "Ratings") -> None:
        self._search = search
        self._remembering = remembering
        self._ratings = ratings

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
        if request.remember:
            self._remembering.remember(
                call.caller().tenant, call.current().request_id, question, found, datetime.now(UTC)
            )
        return convert.answers_to_proto(found)

    async def SubmitFeedback(
        self, request: faq_service_pb2.SubmitFeedbackRequest, context: Any
    ) -> faq_service_pb2.SubmitFeedbackResponse:
        """Stores what somebody says of an answer."""
        call.caller().require(Role.CONTACT, Role.AGENT)
        said = feedback_convert.said_from_proto(request)
        spoken = await self._ratings.submit(call.write(request), said)
        call.log(collection_id=spoken.collection_id, kind=said.kind.name)
        return faq_service_pb2.SubmitFeedbackResponse(
            collection_id=spoken.collection_id, entry_id=spoken.entry_id
        )
