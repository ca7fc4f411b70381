"""SearchAnswers and GetIndex as the contract has them, over the real encoder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, refused

from balie.api.common.v1 import language_pb2
from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import faq_service_pb2 as faq
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.faq.retrieval.judged import Policy
from balie.faq.retrieval.registry import DEFAULT_RETRIEVER, open_retriever
from balie.faq.retrieval.threshold import default
from balie.kit.testing import callers

DEFAULT = default(
    open_retriever(DEFAULT_RETRIEVER, {}), Policy(max_wrong=0.05, delta=0.1, expected_unanswerable=0.3)
)
"""What a service that is not told otherwise goes by until a collection has a threshold of its own."""


@asynccontextmanager
async def with_entries(url: str) -> AsyncIterator[Desk]:
    """Runs a service with three entries in its index, and no threshold learned from so few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALIE_ENCODER_VERIFY", "size")
        async with desk(url, calibration_delay_seconds=600) as one:
            await one.collect()
            dutch = entry_pb2.EntryText(language="nl", question="Mag mijn hond mee?", answer="Ja.")
            english = entry_pb2.EntryText(language="en", question="May I bring my dog?", answer="Yes.")
            await one.put("dogs", texts=[english, dutch])
            await one.put("price", "How much is a ticket?", "What does the crossing cost?")
            last = await one.put("delay", "Why is the boat late?")
            await one.search("warm", min_generation=last.index_generation)
            yield one


@pytest.fixture
async def filled(sqlite_url: str) -> AsyncIterator[Desk]:
    """A service of the test's own."""
    async with with_entries(sqlite_url) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A service that many ask and none changes."""
    async with with_entries(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('faq') / 'faq.sqlite3'}") as one:
        yield one


ON_SHARED = pytest.mark.asyncio(loop_scope="module")


def index_request(name: str = FERRY) -> knowledge.GetIndexRequest:
    return knowledge.GetIndexRequest(collection_id=name)


@ON_SHARED
async def test_answers_a_question_and_says_from_what(shared: Desk) -> None:
    found = await shared.search("May I bring my dog?", top_k=2, want_parts=True)
    assert found.no_answer_reason == faq.NO_ANSWER_REASON_UNSPECIFIED
    best = found.answers[0]
    assert (best.entry_id, best.language, best.question, best.answer) == (
        "dogs",
        "en",
        "May I bring my dog?",
        "Yes.",
    )
    assert 0.99 <= best.score <= 1.0
    assert best.parts.question == pytest.approx(1.0, abs=1e-5)
    assert (best.above_threshold, best.source) == (True, entry_pb2.ANSWER_SOURCE_RANKED)
    assert len(found.answers) == 2
    index = (await shared.knowledge.GetIndex(index_request(), timeout=SECONDS)).index
    assert (found.index_generation, found.encoder_fingerprint) == (4, index.encoder_fingerprint)
    assert (found.calibration_version, found.threshold) == (DEFAULT.version, pytest.approx(DEFAULT.threshold))
    assert not (await shared.search("May I bring my dog?")).answers[0].HasField("parts")
    assert found.as_of.ToDatetime(UTC) <= datetime.now(UTC)


@ON_SHARED
async def test_anybody_may_ask(shared: Desk) -> None:
    for metadata in (callers.contact("anna"), callers.agent("els"), callers.service("gateway")):
        request = faq.SearchAnswersRequest(collection_id=FERRY, text="ticket price")
        found = await shared.faq.SearchAnswers(request, timeout=SECONDS, metadata=metadata)
        assert found.answers[0].entry_id == "price"


@ON_SHARED
async def test_answers_in_the_language_that_is_asked_for(shared: Desk) -> None:
    found = await shared.search("May I bring my dog?", language="nl")
    assert (found.answers[0].language, found.answers[0].answer) == ("nl", "Ja.")
    fallen_back = await shared.search("Why is the boat late?", language="nl")
    assert fallen_back.answers[0].language == "en"


@ON_SHARED
async def test_tells_a_language_that_stands_in_for_another(shared: Desk) -> None:
    found = await shared.search("How much is a ticket?", language="nl")
    given = {answer.entry_id: (answer.language, answer.is_fallback_language) for answer in found.answers}
    assert given == {"price": ("en", True), "delay": ("en", True), "dogs": ("nl", False)}


async def test_gives_only_what_the_filter_allows(filled: Desk) -> None:
    last = await filled.put(
        "pets",
        tags=["pets"],
        audience=["members"],
        market=["be"],
        metadata={"owner": "shop"},
        valid_until=Timestamp(seconds=4_000_000_000),
    )
    assert list(last.entry.audience) == ["members"]
    for wanted, allowed in [
        ({"tags_any": ["pets", "boats"]}, {"pets"}),
        ({"tags_all": ["pets", "boats"]}, set[str]()),
        ({"audience": ["guests"], "market": ["be"]}, {"dogs", "price", "delay"}),
        ({"audience": ["members", "guests"]}, {"dogs", "price", "delay", "pets"}),
        ({"metadata": {"owner": "shop"}}, {"pets"}),
    ]:
        found = await filled.search(
            "What about pets?", min_generation=last.index_generation, filter=faq.SearchFilter(**wanted)
        )
        assert {answer.entry_id for answer in found.answers} == allowed
        if not allowed:
            assert found.no_answer_reason == faq.NO_ANSWER_REASON_NONE_ALLOWED


async def test_a_draft_is_stored_and_not_found(filled: Desk) -> None:
    last = await filled.put("dogs", "May I bring my dog?", state=entry_pb2.ENTRY_STATE_DRAFT)
    assert last.entry.state == entry_pb2.ENTRY_STATE_DRAFT
    found = await filled.search(
        "May I bring my dog?", entry_ids=["dogs"], min_generation=last.index_generation
    )
    assert "dogs" not in {answer.entry_id for answer in found.answers}


async def test_no_answer_is_ok_with_a_reason(filled: Desk) -> None:
    far = await filled.search("the square root of a banana")
    assert far.no_answer_reason == faq.NO_ANSWER_REASON_BELOW_THRESHOLD
    assert [answer.above_threshold for answer in far.answers] == [False] * 3
    none = await filled.search(entry_ids=["no-such"])
    assert (none.no_answer_reason, list(none.answers)) == (faq.NO_ANSWER_REASON_ENTRIES_MISSING, [])
    await filled.collect("empty")
    empty = await filled.search("dog", collection_id="empty")
    assert empty.no_answer_reason == faq.NO_ANSWER_REASON_COLLECTION_EMPTY


async def test_says_that_two_entries_are_about_as_near(filled: Desk) -> None:
    last = await filled.put("parking", "How much is a ticket?")
    found = await filled.search("How much is a ticket?", min_generation=last.index_generation)
    assert found.no_answer_reason == faq.NO_ANSWER_REASON_AMBIGUOUS
    assert not any(answer.above_threshold for answer in found.answers)
    assert [answer.entry_id for answer in found.answers[:2]] == ["parking", "price"]
    assert sum(answer.score for answer in found.answers[:2]) >= found.threshold


@ON_SHARED
async def test_named_entries_come_first(shared: Desk) -> None:
    found = await shared.search("May I bring my dog?", entry_ids=["delay", "no-such", "price"], top_k=1)
    assert [(answer.entry_id, answer.source) for answer in found.answers] == [
        ("delay", entry_pb2.ANSWER_SOURCE_PINNED),
        ("price", entry_pb2.ANSWER_SOURCE_PINNED),
        ("dogs", entry_pb2.ANSWER_SOURCE_RANKED),
    ]
    assert found.answers[0].score == 1.0
    assert found.no_answer_reason == faq.NO_ANSWER_REASON_UNSPECIFIED


@ON_SHARED
async def test_every_answer_has_an_id_of_its_own(shared: Desk) -> None:
    ids = [answer.answer_id for _ in range(3) for answer in (await shared.search("dog")).answers]
    assert len(set(ids)) == 9
    assert all(ids)


@ON_SHARED
async def test_an_embedding_takes_the_texts_place(shared: Desk) -> None:
    state = (await shared.knowledge.GetIndex(index_request(), timeout=SECONDS)).index
    values = [1.0] + [0.0] * (state.dimensions - 1)
    own = language_pb2.Embedding(fingerprint=state.encoder_fingerprint, values=values)
    other = language_pb2.Embedding(fingerprint="other.v1", values=[1.0, 2.0])
    by_text, by_other, by_own = [
        (await shared.search("May I bring my dog?", want_parts=True, **changes)).answers[0]
        for changes in ({}, {"embedding": other}, {"embedding": own})
    ]
    assert (by_other.score, by_other.parts) == (by_text.score, by_text.parts)
    assert by_own.parts.question < 0.5
    assert by_own.parts.stems == by_text.parts.stems  # the words are the text's all the same
    for wrong, text, expected, actual in (
        (language_pb2.Embedding(fingerprint=own.fingerprint, values=values[1:]), "dog", "384", "383"),
        (other, "", own.fingerprint, "other.v1"),
    ):
        failure = await refused(shared.search(text, embedding=wrong))
        assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "EMBEDDING_INVALID")
        assert (failure.metadata["expected"], failure.metadata["actual"]) == (expected, actual)


@ON_SHARED
@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"collection_id": ""}, "FIELD_REQUIRED", "collection_id"),
        ({"text": ""}, "FIELD_REQUIRED", "text"),
        ({"text": "x" * 4097}, "FIELD_TOO_LONG", "text"),
        ({"language": "nl_NL"}, "FIELD_MALFORMED", "language"),
        ({"top_k": 51}, "FIELD_OUT_OF_RANGE", "top_k"),
        ({"top_k": 0}, "FIELD_OUT_OF_RANGE", "top_k"),
        ({"min_generation": -1}, "FIELD_OUT_OF_RANGE", "min_generation"),
        ({"entry_ids": ["x"] * 11}, "TOO_MANY_ITEMS", "entry_ids"),
    ],
)
async def test_refuses_what_is_outside_its_bounds(
    shared: Desk, changes: dict[str, Any], reason: str, field: str
) -> None:
    failure = await refused(shared.search(**({"text": "dog"} | changes)))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert failure.metadata["field"] == field


@ON_SHARED
async def test_there_is_no_search_without_a_collection(shared: Desk) -> None:
    for answer in (
        shared.search("dog", collection_id="no-such"),
        shared.knowledge.GetIndex(index_request("no-such"), timeout=SECONDS),
    ):
        failure = await refused(answer)
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "COLLECTION_NOT_FOUND")
        assert failure.metadata["collection_id"] == "no-such"


async def test_a_caller_reads_its_own_writes(filled: Desk) -> None:
    for number in range(5):
        stored = await filled.put("dogs", f"Question number {number} about whales")
        found = await filled.search(
            f"Question number {number} about whales",
            min_generation=stored.index_generation,
            want_parts=True,
        )
        assert found.answers[0].question == f"Question number {number} about whales"
        assert found.answers[0].parts.question == pytest.approx(1.0, abs=1e-5)
        assert found.answers[0].above_threshold
        assert found.index_generation >= stored.index_generation
    gone = await filled.drop("dogs")
    left = await filled.search("whales", min_generation=gone, entry_ids=["dogs"])
    assert {answer.entry_id for answer in left.answers} == {"price", "delay"}


@ON_SHARED
async def test_says_that_the_index_is_behind_within_the_deadline(shared: Desk) -> None:
    request = faq.SearchAnswersRequest(collection_id=FERRY, text="dog", min_generation=99)
    failure = await refused(shared.faq.SearchAnswers(request, timeout=1.0))
    assert (failure.code, failure.reason) == (grpc.StatusCode.UNAVAILABLE, "INDEX_BEHIND")
    assert (failure.metadata["asked"], failure.metadata["generation"]) == ("99", "4")


async def test_tells_the_state_of_the_index(filled: Desk) -> None:
    stored = await filled.put("cats", "May I bring my cat?")
    await filled.search("cat", min_generation=stored.index_generation)
    index = (await filled.knowledge.GetIndex(index_request(), timeout=SECONDS)).index
    assert (index.collection_id, index.generation, index.stored_generation) == (FERRY, 5, 5)
    assert (index.entry_count, index.vector_count, index.dimensions) == (4, 11, 384)
    assert (index.threshold, index.calibration_version) == (pytest.approx(DEFAULT.threshold), DEFAULT.version)
    assert index.encoder_fingerprint
    assert index.as_of == stored.entry.update_time


@ON_SHARED
async def test_a_tenant_does_not_see_anothers_collections(shared: Desk) -> None:
    request = faq.SearchAnswersRequest(collection_id=FERRY, text="dog")
    failure = await refused(
        shared.faq.SearchAnswers(request, timeout=SECONDS, metadata=callers.contact("anna", tenant="other"))
    )
    assert failure.reason == "COLLECTION_NOT_FOUND"


@ON_SHARED
async def test_many_questions_at_once_are_all_answered(shared: Desk) -> None:
    found = await asyncio.gather(*[shared.search(f"ticket number {number}") for number in range(60)])
    assert all(len(each.answers) == 3 for each in found)


async def test_a_full_encoder_is_told_with_when_to_come_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    monkeypatch.setenv("BALIE_ENCODER_QUEUE_TEXTS", "1")
    monkeypatch.setenv("BALIE_ENCODER_WORKERS", "1")
    async with desk(sqlite_url) as one:
        await one.collect()
        answers = await asyncio.gather(
            *[one.search(f"{number} " + "long words " * 200) for number in range(40)], return_exceptions=True
        )
        failures = [await refused(_raised(answer)) for answer in answers if isinstance(answer, grpc.RpcError)]
        assert failures
        assert {(failure.code, failure.reason) for failure in failures} == {
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "ENCODER_BUSY")
        }


async def _raised(error: Exception) -> None:
    raise error
