"""Between the contract of feedback and review and the domain: every bound, on both sides of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import review_service_pb2 as review
from balie.faq.feedback import convert
from balie.faq.feedback.domain import (
    EntryFeedback,
    Fault,
    GroupPage,
    GroupView,
    Kind,
    Nearest,
    QuestionGroup,
    Reason,
    ReviewQuestion,
    Said,
    State,
    Verdict,
)
from balie.kit.errors import Failure

MOMENT = datetime(2026, 5, 1, tzinfo=UTC)


def rated(**changes: Any) -> faq.SubmitFeedbackRequest:
    values: dict[str, Any] = {"verdict": faq.FEEDBACK_VERDICT_NOT_HELPFUL} | changes
    return faq.SubmitFeedbackRequest(answer_id="A", rating=faq.AnswerRating(**values))


def refusal(convert_: Any, request: Any) -> tuple[str, str]:
    """Returns reason and field of the failure that a request ends in."""
    with pytest.raises(Failure) as caught:
        convert_(request)
    return caught.value.reason, caught.value.metadata["field"]


def test_a_rating_and_an_event_are_read() -> None:
    request = rated(reason=faq.NOT_HELPFUL_REASON_UNCLEAR, comment=" hm ")
    assert convert.said_from_proto(request) == Said(
        "A", Kind.RATING, Verdict.NOT_HELPFUL, Fault.UNCLEAR, "hm"
    )
    event = faq.SubmitFeedbackRequest(answer_id="A", event=faq.ANSWER_EVENT_CLICKED)
    assert convert.said_from_proto(event) == Said("A", Kind.CLICKED)
    helpful = rated(verdict=faq.FEEDBACK_VERDICT_HELPFUL, reason=faq.NOT_HELPFUL_REASON_OTHER)
    assert convert.said_from_proto(helpful) == Said("A", Kind.RATING, Verdict.HELPFUL)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (faq.SubmitFeedbackRequest(), ("FIELD_REQUIRED", "answer_id")),
        (faq.SubmitFeedbackRequest(answer_id="A" * 257), ("FIELD_TOO_LONG", "answer_id")),
        (faq.SubmitFeedbackRequest(answer_id="A"), ("FIELD_REQUIRED", "rating")),
        (faq.SubmitFeedbackRequest(answer_id="A", event=0), ("FIELD_REQUIRED", "event")),
        (faq.SubmitFeedbackRequest(answer_id="A", event=3), ("FIELD_UNKNOWN_VALUE", "event")),
        (rated(verdict=0), ("FIELD_REQUIRED", "rating.verdict")),
        (rated(verdict=9), ("FIELD_UNKNOWN_VALUE", "rating.verdict")),
        (rated(reason=6), ("FIELD_UNKNOWN_VALUE", "rating.reason")),
        (rated(comment="x" * 1001), ("FIELD_TOO_LONG", "rating.comment")),
    ],
)
def test_what_is_said_keeps_its_bounds(request_: Any, expected: tuple[str, str]) -> None:
    assert refusal(convert.said_from_proto, request_) == expected


def test_a_list_shows_what_is_open_unless_it_is_told_otherwise() -> None:
    assert convert.listed_from_proto(review.ListQuestionGroupsRequest()) == (
        (State.NEW, State.PENDING),
        3,
        20,
    )
    request = review.ListQuestionGroupsRequest(
        states=[review.QUESTION_GROUP_STATE_DONE], examples=10, page_size=50
    )
    assert convert.listed_from_proto(request) == ((State.DONE,), 10, 50)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"states": [0]}, ("FIELD_REQUIRED", "states")),
        ({"states": [9]}, ("FIELD_UNKNOWN_VALUE", "states")),
        ({"states": [1] * 5}, ("TOO_MANY_ITEMS", "states")),
        ({"examples": 0}, ("FIELD_OUT_OF_RANGE", "examples")),
        ({"examples": 11}, ("FIELD_OUT_OF_RANGE", "examples")),
        ({"page_size": 0}, ("FIELD_OUT_OF_RANGE", "page_size")),
        ({"page_size": 51}, ("FIELD_OUT_OF_RANGE", "page_size")),
    ],
)
def test_a_list_keeps_its_bounds(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    request = review.ListQuestionGroupsRequest(**changes)
    assert refusal(convert.listed_from_proto, request) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"collection_id": ""}, ("FIELD_REQUIRED", "collection_id")),
        ({"group_id": ""}, ("FIELD_REQUIRED", "group_id")),
        ({"group_id": "x" * 129}, ("FIELD_TOO_LONG", "group_id")),
        ({"state": 0}, ("FIELD_REQUIRED", "state")),
        ({"state": 5}, ("FIELD_UNKNOWN_VALUE", "state")),
        ({"etag": "x" * 65}, ("FIELD_TOO_LONG", "etag")),
    ],
)
def test_a_change_keeps_its_bounds(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    values: dict[str, Any] = {"collection_id": "ferry", "group_id": "g", "state": 3} | changes
    assert refusal(convert.change_from_proto, review.UpdateQuestionGroupRequest(**values)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"collection_id": "?"}, ("FIELD_MALFORMED", "collection_id")),
        ({"question_id": ""}, ("FIELD_REQUIRED", "question_id")),
        ({"entry_id": ""}, ("FIELD_REQUIRED", "entry_id")),
        ({"language": "nl_NL"}, ("FIELD_MALFORMED", "language")),
        ({"text": "x" * 1001}, ("FIELD_TOO_LONG", "text")),
        ({"text": "  "}, ("FIELD_REQUIRED", "text")),
        ({"etag": "x" * 65}, ("FIELD_TOO_LONG", "etag")),
    ],
)
def test_a_phrasing_keeps_its_bounds(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    values: dict[str, Any] = {"collection_id": "ferry", "question_id": "q", "entry_id": "dogs"} | changes
    assert refusal(convert.phrasing_from_proto, review.AddPhrasingRequest(**values)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("FIELD_REQUIRED", "question_ids")),
        ({"question_ids": ["q"] * 501}, ("TOO_MANY_ITEMS", "question_ids")),
        ({"question_ids": [""]}, ("FIELD_REQUIRED", "question_ids")),
        ({"call_ids": ["t"] * 501}, ("TOO_MANY_ITEMS", "call_ids")),
        ({"call_ids": ["a b"]}, ("FIELD_MALFORMED", "call_ids")),
        ({"call_ids": ["t" * 65]}, ("FIELD_TOO_LONG", "call_ids")),
    ],
)
def test_a_deletion_keeps_its_bounds(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    request = review.DeleteQuestionsRequest(collection_id="ferry", **changes)
    assert refusal(convert.deleted_from_proto, request) == expected


def test_a_page_is_sent_whole_and_long_questions_are_cut() -> None:
    group = QuestionGroup("ferry", "g", "q", State.PENDING, 4, 2, MOMENT, MOMENT, MOMENT)
    question = ReviewQuestion(
        "q", "turn", "x" * 1001, "nl", 7, Reason.NOT_HELPFUL, "g", MOMENT, "dogs", Fault.OTHER, "no"
    )
    view = GroupView(group, ["nl"], [Reason.NOT_HELPFUL], [question], [Nearest("dogs", "Dogs?", 0.5, False)])
    sent = convert.page_to_proto(GroupPage([view], "token", 3))
    assert (sent.next_page_token, sent.index_generation) == ("token", 3)
    [one] = sent.groups
    assert (one.id, one.state, one.count, one.etag) == ("g", review.QUESTION_GROUP_STATE_PENDING, 2, "4")
    assert (list(one.languages), list(one.reasons)) == (["nl"], [review.QUESTION_REASON_NOT_HELPFUL])
    assert one.first_time.ToDatetime(UTC) == one.last_time.ToDatetime(UTC) == MOMENT
    [example] = one.examples
    assert (example.text, example.call_id, example.rated_entry_id) == ("x" * 1000, "turn", "dogs")
    assert (example.not_helpful_reason, example.comment) == (faq.NOT_HELPFUL_REASON_OTHER, "no")
    assert (one.nearest[0].entry_id, one.nearest[0].score) == ("dogs", 0.5)


def test_counts_are_sent_each_under_its_name() -> None:
    faults = {fault: number for number, fault in enumerate((fault for fault in Fault if fault), start=3)}
    sent = convert.feedback_to_proto(EntryFeedback("dogs", 1, 2, faults, 8, 9))
    assert [value for _, value in sent.ListFields()] == ["dogs", 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_the_numbers_are_the_contracts() -> None:
    for kind, enum, prefix in (
        (Verdict, faq.FeedbackVerdict, "FEEDBACK_VERDICT_"),
        (Fault, faq.NotHelpfulReason, "NOT_HELPFUL_REASON_"),
        (Kind, faq.AnswerEvent, "ANSWER_EVENT_"),
        (Reason, review.QuestionReason, "QUESTION_REASON_"),
        (State, review.QuestionGroupState, "QUESTION_GROUP_STATE_"),
    ):
        names = {f"{prefix}{member.name}": member.value for member in kind if member}
        assert names == {name: number for name, number in enum.items() if number}
