"""SubmitFeedback and ReviewService as the contract has them: every RPC's result and every error it documents."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, refused

from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import review_service_pb2 as review
from balie.client import CallError
from balie.kit.ids import new_id
from balie.kit.testing import callers

ANNA = callers.contact("anna")
BIKE = "Where can I leave my bike on board?"
FAR = "the square root of a banana"


async def filled(one: Desk) -> Desk:
    await one.collect()
    await one.put("dogs", "May I bring my dog?")
    last = await one.put("price", "How much is a ticket?")
    await one.search("warm", min_generation=last.index_generation)
    return one


@pytest.fixture
async def one(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    async with desk(database_url, calibration_delay_seconds=600) as running:
        yield await filled(running)


@pytest.fixture
async def small(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    async with desk(sqlite_url, calibration_delay_seconds=600) as running:
        yield await filled(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A service that many ask for what it refuses, which leaves no trace in it."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('faq') / 'faq.sqlite3'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALIE_ENCODER_VERIFY", "size")
        async with desk(url, calibration_delay_seconds=600) as running:
            yield await filled(running)


ON_SHARED = pytest.mark.asyncio(loop_scope="module")


async def ask(one: Desk, text: str, turn: str = "", **changes: Any) -> faq.SearchAnswersResponse:
    """Returns what a search that is remembered finds."""
    request = faq.SearchAnswersRequest(
        collection_id=FERRY, text=text, remember=True, language="en", **changes
    )
    metadata = (*callers.service("gateway"), ("balie-request-id", turn or new_id()))
    response: faq.SearchAnswersResponse = await one.faq.SearchAnswers(
        request, timeout=SECONDS, metadata=metadata
    )
    return response


async def said(
    one: Desk, answer_id: str, metadata: Any = ANNA, request_id: str = "", **changes: Any
) -> faq.SubmitFeedbackResponse:
    values = changes or {"event": faq.ANSWER_EVENT_SHOWN}
    request = faq.SubmitFeedbackRequest(answer_id=answer_id, request_id=request_id or new_id(), **values)
    response: faq.SubmitFeedbackResponse = await one.faq.SubmitFeedback(
        request, timeout=SECONDS, metadata=metadata
    )
    return response


def rating(*, helpful: bool, **changes: Any) -> faq.AnswerRating:
    verdict = faq.FEEDBACK_VERDICT_HELPFUL if helpful else faq.FEEDBACK_VERDICT_NOT_HELPFUL
    return faq.AnswerRating(verdict=verdict, **changes)


async def listed(one: Desk, **changes: Any) -> review.ListQuestionGroupsResponse:
    request = review.ListQuestionGroupsRequest(**({"collection_id": FERRY} | changes))
    response: review.ListQuestionGroupsResponse = await one.review.ListQuestionGroups(
        request, timeout=SECONDS
    )
    return response


async def groups(one: Desk, questions: int, **changes: Any) -> list[review.QuestionGroup]:
    """Returns the groups once they hold so many questions."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = list((await listed(one, **changes)).groups)
            if sum(group.count for group in found) == questions:
                return found
            await asyncio.sleep(0.05)


async def mark(one: Desk, **changes: Any) -> review.QuestionGroup:
    values = {
        "collection_id": FERRY,
        "group_id": "none",
        "state": review.QUESTION_GROUP_STATE_PENDING,
        "request_id": new_id(),
    }
    request = review.UpdateQuestionGroupRequest(**(values | changes))
    return (await one.review.UpdateQuestionGroup(request, timeout=SECONDS)).group


async def phrase(one: Desk, **changes: Any) -> review.AddPhrasingResponse:
    values = {
        "collection_id": FERRY,
        "question_id": "none",
        "entry_id": "dogs",
        "request_id": new_id(),
    }
    response: review.AddPhrasingResponse = await one.review.AddPhrasing(
        review.AddPhrasingRequest(**(values | changes)), timeout=SECONDS
    )
    return response


async def delete(one: Desk, **changes: Any) -> int:
    request = review.DeleteQuestionsRequest(**({"collection_id": FERRY, "request_id": new_id()} | changes))
    return int((await one.review.DeleteQuestions(request, timeout=SECONDS)).deleted)


async def counted(one: Desk, **changes: Any) -> review.CountFeedbackResponse:
    request = review.CountFeedbackRequest(**({"collection_id": FERRY} | changes))
    response: review.CountFeedbackResponse = await one.review.CountFeedback(request, timeout=SECONDS)
    return response


def told(failure: CallError) -> tuple[str, str, str]:
    return failure.code.name, failure.reason, failure.metadata.get("field", "")


async def test_an_answer_is_rated_shown_and_clicked(one: Desk) -> None:
    best = (await one.search("May I bring my dog?")).answers[0]
    response = await said(one, best.answer_id, rating=rating(helpful=True))
    assert (response.collection_id, response.entry_id) == (FERRY, "dogs")
    fault = faq.NOT_HELPFUL_REASON_OUT_OF_DATE
    await said(one, best.answer_id, callers.agent("els"), rating=rating(helpful=False, reason=fault))
    await said(one, best.answer_id)
    await said(one, best.answer_id, event=faq.ANSWER_EVENT_CLICKED)
    [found] = (await counted(one)).entries
    assert found == review.EntryFeedback(
        entry_id="dogs", helpful=1, not_helpful=1, out_of_date=1, shown=1, clicked=1
    )


async def test_feedback_is_stored_once_for_each_request(one: Desk) -> None:
    best = (await one.search("dog")).answers[0]
    for _ in range(2):
        await said(one, best.answer_id, request_id="r-1", rating=rating(helpful=True))
    reused = await refused(said(one, best.answer_id, request_id="r-1", rating=rating(helpful=False)))
    assert told(reused)[:2] == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    await said(one, best.answer_id, callers.contact("bert"), request_id="r-1", rating=rating(helpful=False))
    [found] = (await counted(one)).entries
    assert (found.helpful, found.not_helpful) == (1, 1)


@ON_SHARED
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answer_id": ""}, ("FIELD_REQUIRED", "answer_id")),
        ({"answer_id": "?"}, ("FIELD_MALFORMED", "answer_id")),
        ({"answer_id": "A" * 257}, ("FIELD_TOO_LONG", "answer_id")),
        ({"rating": faq.AnswerRating()}, ("FIELD_REQUIRED", "rating.verdict")),
        ({"rating": faq.AnswerRating(verdict=9)}, ("FIELD_UNKNOWN_VALUE", "rating.verdict")),
        ({"event": 9}, ("FIELD_UNKNOWN_VALUE", "event")),
        ({"request_id": "a b"}, ("FIELD_MALFORMED", "request_id")),
    ],
)
async def test_feedback_outside_its_bounds_is_refused(
    shared: Desk, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    best = (await shared.search("dog")).answers[0]
    failure = await refused(said(shared, **({"answer_id": best.answer_id} | changes)))
    assert told(failure) == ("INVALID_ARGUMENT", *expected)


async def test_only_contacts_and_agents_say_something_of_answers_that_were_given(small: Desk) -> None:
    best = (await small.search("dog")).answers[0]
    for metadata in ((), callers.service("gateway")):
        failure = await refused(said(small, best.answer_id, metadata))
        assert told(failure)[:2] == ("PERMISSION_DENIED", "CALLER_FORBIDDEN")
    failure = await refused(said(small, best.answer_id, callers.contact("anna", tenant="other")))
    assert told(failure)[:2] == ("NOT_FOUND", "ANSWER_NOT_FOUND")
    assert failure.metadata["answer_id"] == best.answer_id
    await small.drop("dogs")
    assert told(await refused(said(small, best.answer_id)))[1] == "ANSWER_NOT_FOUND"


async def test_what_was_asked_in_vain_is_listed(one: Desk) -> None:
    for turn, text in enumerate((BIKE, FAR, "Where can I leave my bicycle on board?")):
        await ask(one, text, f"turn-{turn}")
        await ask(one, text, f"turn-{turn}")  # sent again
    await one.search("nobody said that this is to be remembered")
    bikes, far = await groups(one, 3)
    assert (bikes.count, bikes.state) == (2, review.QUESTION_GROUP_STATE_NEW)
    assert (list(bikes.languages), list(bikes.reasons)) == (["en"], [review.QUESTION_REASON_UNANSWERED])
    assert [example.text for example in bikes.examples] == [BIKE, "Where can I leave my bicycle on board?"]
    assert [example.call_id for example in bikes.examples] == ["turn-0", "turn-2"]
    assert bikes.first_time.ToNanoseconds() < bikes.last_time.ToNanoseconds()
    assert [near.entry_id for near in bikes.nearest][:1] == ["dogs"]
    assert not bikes.nearest[0].above_threshold
    assert far.etag
    page = await listed(one, page_size=1, examples=1)
    assert (len(page.groups[0].examples), page.index_generation) == (1, 3)
    rest = await listed(one, page_size=1, page_token=page.next_page_token)
    assert [group.id for group in (*page.groups, *rest.groups)] == [bikes.id, far.id]


async def test_an_answer_that_did_not_help_is_listed(one: Desk) -> None:
    best = (await ask(one, "May I bring my dog?")).answers[0]
    assert best.above_threshold
    fault = faq.NOT_HELPFUL_REASON_INCOMPLETE
    await said(one, best.answer_id, rating=rating(helpful=False, reason=fault, comment="and two dogs?"))
    [group] = await groups(one, 1)
    [example] = group.examples
    assert list(group.reasons) == [example.reason] == [review.QUESTION_REASON_NOT_HELPFUL]
    assert (example.rated_entry_id, example.not_helpful_reason) == ("dogs", fault)
    assert example.comment == "and two dogs?"


async def test_a_group_is_changed_once_and_not_unseen(one: Desk) -> None:
    await ask(one, BIKE)
    [group] = await groups(one, 1)
    same = {"group_id": group.id, "etag": group.etag, "request_id": "r-1"}
    pending = await mark(one, **same)
    assert (pending.state, pending.count) == (review.QUESTION_GROUP_STATE_PENDING, 1)
    assert pending.etag != group.etag
    assert await mark(one, **same) == pending
    lost = await refused(mark(one, group_id=group.id, etag=group.etag))
    assert told(lost)[:2] == ("FAILED_PRECONDITION", "ETAG_MISMATCH")
    assert lost.metadata["current_etag"] == pending.etag
    reused = await refused(mark(one, **(same | {"state": review.QUESTION_GROUP_STATE_DONE})))
    assert told(reused)[:2] == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    await mark(one, group_id=group.id, state=review.QUESTION_GROUP_STATE_IGNORED)
    assert await groups(one, 0) == []
    assert len(await groups(one, 1, states=[review.QUESTION_GROUP_STATE_IGNORED])) == 1


async def test_a_phrasing_that_is_added_is_found(one: Desk) -> None:
    await ask(one, BIKE)
    [group] = await groups(one, 1)
    same = {"question_id": group.examples[0].id, "request_id": "r-1"}
    done = await phrase(one, **same)
    assert list(done.entry.texts[0].phrasings) == [BIKE]
    found = await one.search(BIKE, min_generation=done.index_generation)
    assert (found.answers[0].entry_id, found.no_answer_reason) == ("dogs", 0)
    assert await phrase(one, **same) == done
    [after] = await groups(one, 1, states=[review.QUESTION_GROUP_STATE_DONE])
    assert after.id == group.id
    reused = await refused(phrase(one, **(same | {"entry_id": "price"})))
    assert told(reused)[:2] == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    stale = await refused(phrase(one, **(same | {"etag": "1", "request_id": "r-2"})))
    assert told(stale)[:2] == ("FAILED_PRECONDITION", "ETAG_MISMATCH")


async def test_a_phrasing_is_refused_with_its_reason(small: Desk) -> None:
    await ask(small, BIKE)
    [group] = await groups(small, 1)
    question = group.examples[0].id
    asked = [
        ({"question_id": "none"}, "NOT_FOUND", "QUESTION_NOT_FOUND"),
        ({"entry_id": "none"}, "NOT_FOUND", "ENTRY_NOT_FOUND"),
        ({"collection_id": "none"}, "NOT_FOUND", "COLLECTION_NOT_FOUND"),
        ({"language": "nl"}, "INVALID_ARGUMENT", "ENTRY_LANGUAGE_INVALID"),
    ]
    for changes, code, reason in asked:
        failure = await refused(phrase(small, **({"question_id": question} | changes)))
        assert told(failure)[:2] == (code, reason)
    await small.put("dogs", "Dogs?", *[f"dog {number}" for number in range(100)])
    full = await refused(phrase(small, question_id=question))
    assert told(full) == ("INVALID_ARGUMENT", "TOO_MANY_ITEMS", "entry.texts.phrasings")


async def test_a_phrasings_text_and_language_are_the_questions_own_within_bounds(small: Desk) -> None:
    await ask(small, "banana " * 200)
    await small.faq.SearchAnswers(
        faq.SearchAnswersRequest(collection_id=FERRY, text=FAR, remember=True), timeout=SECONDS
    )
    found = await groups(small, 2)
    examples = {example.text[:3]: example.id for group in found for example in group.examples}
    long = await refused(phrase(small, question_id=examples["ban"]))
    assert told(long) == ("INVALID_ARGUMENT", "FIELD_TOO_LONG", "text")
    untold = await refused(phrase(small, question_id=examples["the"]))
    assert told(untold) == ("INVALID_ARGUMENT", "FIELD_REQUIRED", "language")
    done = await phrase(small, question_id=examples["the"], language="en", text="roots of fruit")
    assert list(done.entry.texts[0].phrasings) == ["roots of fruit"]


async def test_what_is_deleted_is_gone(one: Desk) -> None:
    await ask(one, BIKE, "turn-1")
    best = (await ask(one, "May I bring my dog?", "turn-2")).answers[0]
    assert await delete(one, call_ids=["turn-1"], request_id="r-1") == 1  # written a moment ago
    assert await delete(one, call_ids=["turn-1"], request_id="r-1") == 1
    assert await delete(one, call_ids=["turn-1"]) == 0
    reused = await refused(delete(one, call_ids=["turn-2"], request_id="r-1"))
    assert told(reused)[:2] == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    await said(one, best.answer_id, rating=rating(helpful=False))
    [group] = await groups(one, 1)
    assert await delete(one, question_ids=[group.examples[0].id, "none"]) == 1
    assert await groups(one, 0) == []
    gone = await refused(mark(one, group_id=group.id))
    assert told(gone)[:2] == ("NOT_FOUND", "QUESTION_GROUP_NOT_FOUND")
    assert gone.metadata["group_id"] == group.id


async def test_counts_come_page_by_page(small: Desk) -> None:
    for answer in (await small.search("dog")).answers:
        await said(small, answer.answer_id)
    first = await counted(small, page_size=1)
    rest = await counted(small, page_size=1, page_token=first.next_page_token)
    assert [found.entry_id for found in (*first.entries, *rest.entries)] == ["dogs", "price"]
    assert rest.next_page_token == ""


CALLS: dict[str, Any] = {
    "list": listed,
    "mark": mark,
    "phrase": phrase,
    "delete": lambda one, **changes: delete(one, **({"question_ids": ["q"]} | changes)),
    "count": counted,
}


@ON_SHARED
@pytest.mark.parametrize("name", CALLS)
async def test_every_call_needs_a_collection_that_is_there(shared: Desk, name: str) -> None:
    for collection, expected in (
        ("none", ("NOT_FOUND", "COLLECTION_NOT_FOUND", "")),
        ("", ("INVALID_ARGUMENT", "FIELD_REQUIRED", "collection_id")),
        ("?", ("INVALID_ARGUMENT", "FIELD_MALFORMED", "collection_id")),
        ("x" * 129, ("INVALID_ARGUMENT", "FIELD_TOO_LONG", "collection_id")),
    ):
        assert told(await refused(CALLS[name](shared, collection_id=collection))) == expected


@ON_SHARED
@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("list", {"page_size": 51}, ("FIELD_OUT_OF_RANGE", "page_size")),
        ("list", {"examples": 11}, ("FIELD_OUT_OF_RANGE", "examples")),
        ("list", {"states": [9]}, ("FIELD_UNKNOWN_VALUE", "states")),
        ("list", {"states": [1] * 5}, ("TOO_MANY_ITEMS", "states")),
        ("list", {"page_token": "x"}, ("CURSOR_MALFORMED", "page_token")),
        ("mark", {"state": 0}, ("FIELD_REQUIRED", "state")),
        ("mark", {"state": 9}, ("FIELD_UNKNOWN_VALUE", "state")),
        ("mark", {"request_id": ""}, ("FIELD_REQUIRED", "request_id")),
        ("mark", {"etag": "x" * 65}, ("FIELD_TOO_LONG", "etag")),
        ("phrase", {"text": "x" * 1001}, ("FIELD_TOO_LONG", "text")),
        ("phrase", {"request_id": "a b"}, ("FIELD_MALFORMED", "request_id")),
        ("delete", {"question_ids": []}, ("FIELD_REQUIRED", "question_ids")),
        ("delete", {"call_ids": ["t"] * 501}, ("TOO_MANY_ITEMS", "call_ids")),
        ("delete", {"request_id": ""}, ("FIELD_REQUIRED", "request_id")),
        ("count", {"page_size": 501}, ("FIELD_OUT_OF_RANGE", "page_size")),
        ("count", {"page_token": "x"}, ("CURSOR_MALFORMED", "page_token")),
    ],
)
async def test_what_is_outside_its_bounds_is_refused(
    shared: Desk, name: str, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert told(await refused(CALLS[name](shared, **changes))) == ("INVALID_ARGUMENT", *expected)


@ON_SHARED
@pytest.mark.parametrize(
    ("rpc", "request_"),
    [
        ("ListQuestionGroups", review.ListQuestionGroupsRequest(collection_id=FERRY)),
        ("UpdateQuestionGroup", review.UpdateQuestionGroupRequest(collection_id=FERRY)),
        ("AddPhrasing", review.AddPhrasingRequest(collection_id=FERRY)),
        ("DeleteQuestions", review.DeleteQuestionsRequest(collection_id=FERRY)),
        ("CountFeedback", review.CountFeedbackRequest(collection_id=FERRY)),
    ],
)
async def test_contacts_and_agents_do_not_see_what_customers_wrote(
    shared: Desk, rpc: str, request_: Any
) -> None:
    for metadata in (ANNA, callers.agent("els")):
        failure = await refused(getattr(shared.review, rpc)(request_, timeout=SECONDS, metadata=metadata))
        assert told(failure)[:2] == ("PERMISSION_DENIED", "CALLER_FORBIDDEN")
