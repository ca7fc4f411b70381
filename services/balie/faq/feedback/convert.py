"""Between the contract of feedback and review and the domain; checks every documented bound on the way in."""

from collections.abc import Sequence

from balie.api.faq.v1 import faq_service_pb2, review_service_pb2
from balie.faq.convert import timestamp
from balie.faq.feedback.domain import (
    EntryFeedback,
    Fault,
    GroupPage,
    GroupView,
    Kind,
    NewPhrasing,
    QuestionGroup,
    ReviewQuestion,
    Said,
    State,
    Verdict,
)
from balie.faq.knowledge.convert import collection_id, entry_id, etag
from balie.faq.knowledge.domain import PHRASING_CHARACTERS
from balie.kit import bounds
from balie.kit.errors import FieldRequired

ANSWER_ID_CHARACTERS = 256
COMMENT_CHARACTERS = 1000
EXAMPLE_CHARACTERS = 1000
EXAMPLES = 10
EXAMPLES_DEFAULT = 3
GROUPS = 50
GROUPS_DEFAULT = 20
STATES = 4
STATES_DEFAULT = (State.NEW, State.PENDING)
DELETED = 500


def said_from_proto(request: faq_service_pb2.SubmitFeedbackRequest) -> Said:
    """Returns what somebody says of an answer."""
    answer_id = bounds.text("answer_id", request.answer_id, ANSWER_ID_CHARACTERS)
    match request.WhichOneof("feedback"):
        case "rating":
            return _rating_from_proto(answer_id, request.rating)
        case "event":
            return Said(answer_id, bounds.enum("event", request.event, Kind))
        case _:
            raise FieldRequired("rating")


def _rating_from_proto(answer_id: str, message: faq_service_pb2.AnswerRating) -> Said:
    verdict = bounds.enum("rating.verdict", message.verdict, Verdict)
    fault = bounds.enum("rating.reason", message.reason, Fault, required=False)
    comment = bounds.text("rating.comment", message.comment, COMMENT_CHARACTERS, required=False).strip()
    return Said(
        answer_id=answer_id,
        kind=Kind.RATING,
        verdict=verdict,
        fault=fault if verdict is Verdict.NOT_HELPFUL else Fault.UNSAID,
        comment=comment,
    )


def listed_from_proto(
    request: review_service_pb2.ListQuestionGroupsRequest,
) -> tuple[tuple[State, ...], int, int]:
    """Returns the states that a list is narrowed to, how many examples it shows, and how many groups a page holds."""
    given = bounds.items("states", request.states, STATES)
    states = tuple(bounds.enum("states", state, State) for state in given) or STATES_DEFAULT
    examples = (
        bounds.number("examples", request.examples, 1, EXAMPLES)
        if request.HasField("examples")
        else EXAMPLES_DEFAULT
    )
    groups = (
        bounds.number("page_size", request.page_size, 1, GROUPS)
        if request.HasField("page_size")
        else GROUPS_DEFAULT
    )
    return states, examples, groups


def page_to_proto(page: GroupPage) -> review_service_pb2.ListQuestionGroupsResponse:
    """Returns a page of groups as it is sent."""
    return review_service_pb2.ListQuestionGroupsResponse(
        groups=map(_view_to_proto, page.groups),
        next_page_token=page.token,
        index_generation=page.generation,
    )


def group_to_proto(group: QuestionGroup) -> review_service_pb2.QuestionGroup:
    """Returns a group as it is sent, without what is read of its questions."""
    return review_service_pb2.QuestionGroup(
        id=group.id,
        state=review_service_pb2.QuestionGroupState.ValueType(group.state.value),
        count=group.size,
        etag=group.etag,
        first_time=timestamp(group.first_at),
        last_time=timestamp(group.last_at),
    )


def _view_to_proto(view: GroupView) -> review_service_pb2.QuestionGroup:
    message = group_to_proto(view.group)
    message.languages.extend(view.languages)
    message.reasons.extend(
        review_service_pb2.QuestionReason.ValueType(reason.value) for reason in view.reasons
    )
    message.examples.extend(map(_question_to_proto, view.examples))
    for near in view.nearest:
        message.nearest.add(
            entry_id=near.entry_id,
            question=near.question,
            score=near.score,
            above_threshold=near.above_threshold,
        )
    return message


def _question_to_proto(question: ReviewQuestion) -> review_service_pb2.ReviewQuestion:
    return review_service_pb2.ReviewQuestion(
        id=question.id,
        text=question.text[:EXAMPLE_CHARACTERS],
        language=question.language,
        reason=review_service_pb2.QuestionReason.ValueType(question.reason.value),
        ask_time=timestamp(question.asked_at),
        call_id=question.call_id,
        rated_entry_id=question.rated_entry_id,
        not_helpful_reason=faq_service_pb2.NotHelpfulReason.ValueType(question.fault.value),
        comment=question.comment,
    )


def change_from_proto(
    request: review_service_pb2.UpdateQuestionGroupRequest,
) -> tuple[str, str, State, str]:
    """Returns the collection, the group, its new state, and the etag that it must have; empty for any."""
    return (
        collection_id(request.collection_id),
        bounds.identifier("group_id", request.group_id),
        bounds.enum("state", request.state, State),
        etag(request.etag),
    )


def phrasing_from_proto(request: review_service_pb2.AddPhrasingRequest) -> NewPhrasing:
    """Returns what shall become a phrasing of which entry."""
    return NewPhrasing(
        collection_id=collection_id(request.collection_id),
        question_id=bounds.identifier("question_id", request.question_id),
        entry_id=entry_id(request.entry_id),
        language=bounds.language("language", request.language),
        text=bounds.text("text", request.text, PHRASING_CHARACTERS, required=bool(request.text)),
        etag=etag(request.etag),
    )


def deleted_from_proto(
    request: review_service_pb2.DeleteQuestionsRequest,
) -> tuple[str, Sequence[str], Sequence[str]]:
    """Returns the collection, and the ids of questions and of calls whose questions shall go."""
    collection = collection_id(request.collection_id)
    question_ids = bounds.items("question_ids", request.question_ids, DELETED)
    call_ids = bounds.items("call_ids", request.call_ids, DELETED)
    for question_id in question_ids:
        bounds.identifier("question_ids", question_id)
    for call_id in call_ids:
        bounds.request_id(call_id, field="call_ids")
    if not question_ids and not call_ids:
        raise FieldRequired("question_ids")
    return collection, question_ids, call_ids


def feedback_to_proto(counted: EntryFeedback) -> review_service_pb2.EntryFeedback:
    """Returns the counts of an entry as they are sent."""
    return review_service_pb2.EntryFeedback(
        entry_id=counted.entry_id,
        helpful=counted.helpful,
        not_helpful=counted.not_helpful,
        wrong_answer=counted.faults[Fault.WRONG_ANSWER],
        out_of_date=counted.faults[Fault.OUT_OF_DATE],
        unclear=counted.faults[Fault.UNCLEAR],
        incomplete=counted.faults[Fault.INCOMPLETE],
        other=counted.faults[Fault.OTHER],
        shown=counted.shown,
        clicked=counted.clicked,
    )
