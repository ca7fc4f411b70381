"""The servicer of review: convert in, call the domain, convert out."""

from typing import TYPE_CHECKING, Any

from balie.api.faq.v1 import review_service_pb2, review_service_pb2_grpc
from balie.faq.feedback import convert
from balie.faq.knowledge.convert import collection_id, entry_to_proto
from balie.kit import call
from balie.kit.caller import Role
from balie.kit.paging import page_size

if TYPE_CHECKING:
    from balie.faq.feedback.ratings import Ratings
    from balie.faq.feedback.reviewing import Review

_REVIEWERS = (Role.ADMIN, Role.SERVICE)


class ReviewService(review_service_pb2_grpc.ReviewServiceServicer):
    """Translates between the contract and review."""

    def __init__(self, review: "Review", ratings: "Ratings") -> None:
        self._review = review
        self._ratings = ratings

    async def ListQuestionGroups(
        self, request: review_service_pb2.ListQuestionGroupsRequest, context: Any
    ) -> review_service_pb2.ListQuestionGroupsResponse:
        """Lists groups of open questions."""
        tenant = call.caller().require(*_REVIEWERS).tenant
        collection = collection_id(request.collection_id)
        states, examples, limit = convert.listed_from_proto(request)
        page = await self._review.groups(
            tenant, collection, states, examples=examples, limit=limit, token=request.page_token
        )
        return convert.page_to_proto(page)

    async def UpdateQuestionGroup(
        self, request: review_service_pb2.UpdateQuestionGroupRequest, context: Any
    ) -> review_service_pb2.UpdateQuestionGroupResponse:
        """Changes a group's state."""
        call.caller().require(*_REVIEWERS)
        collection, group_id, state, etag = convert.change_from_proto(request)
        group = await self._review.set_state(call.write(request), collection, group_id, state, etag)
        return review_service_pb2.UpdateQuestionGroupResponse(group=convert.group_to_proto(group))

    async def AddPhrasing(
        self, request: review_service_pb2.AddPhrasingRequest, context: Any
    ) -> review_service_pb2.AddPhrasingResponse:
        """Makes a question a phrasing of an entry."""
        call.caller().require(*_REVIEWERS)
        phrasing = convert.phrasing_from_proto(request)
        entry = await self._review.add_phrasing(call.write(request), phrasing)
        return review_service_pb2.AddPhrasingResponse(
            entry=entry_to_proto(entry), index_generation=entry.generation
        )

    async def DeleteQuestions(
        self, request: review_service_pb2.DeleteQuestionsRequest, context: Any
    ) -> review_service_pb2.DeleteQuestionsResponse:
        """Deletes questions for good."""
        call.caller().require(*_REVIEWERS)
        collection, question_ids, call_ids = convert.deleted_from_proto(request)
        deleted = await self._review.delete(call.write(request), collection, question_ids, call_ids)
        call.log(collection_id=collection, deleted=deleted)
        return review_service_pb2.DeleteQuestionsResponse(deleted=deleted)

    async def CountFeedback(
        self, request: review_service_pb2.CountFeedbackRequest, context: Any
    ) -> review_service_pb2.CountFeedbackResponse:
        """Counts what was said of entries."""
        tenant = call.caller().require(*_REVIEWERS).tenant
        collection = collection_id(request.collection_id)
        found, rest = await self._ratings.counts(
            tenant, collection, limit=page_size(request), token=request.page_token
        )
        return review_service_pb2.CountFeedbackResponse(
            entries=map(convert.feedback_to_proto, found), next_page_token=rest
        )
