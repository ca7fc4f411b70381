"""Suggestions: what SuggestionService does, and every documented error with its reason."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.message import Message
from tests.contract.cases import (
    Case,
    Code,
    a_request_id,
    a_text,
    absent,
    an_id,
    documented,
    forbidden,
    put,
    wrong,
)
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import suggestion_service_pb2
from balie.kit.ids import new_id
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, JAN, ANNA = callers.agent("els"), callers.agent("jan"), callers.contact("anna")
R = "RecordSuggestion"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    make = sqlite_databases(tmp_path_factory.mktemp("suggestions"))
    async with served(make(), confirm_wait_seconds=0, sweep_seconds=60) as running:
        await running.queue()
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held(at: Handoffs) -> str:
    """A handoff that els has."""
    await at.agent("els", chats=9)  # other tests ask for people too, in any order
    handoff = await at.ask("held")
    await refusal(at.accept(handoff.id, "els"))
    await at.confirm(handoff.id, 2)
    return handoff.id


def record(handoff_id: str, *, answer: str = "answer-1", outcome: Any = 1) -> Any:
    return suggestion_service_pb2.RecordSuggestionRequest(
        handoff_id=handoff_id, answer_id=answer, outcome=outcome, request_id=new_id()
    )


def call(at: Handoffs, request: Message, caller: Any = SERVICE) -> Any:
    return at.suggestions.RecordSuggestion(request, timeout=TIMEOUT, metadata=caller)


async def test_what_was_told_last_counts(at: Handoffs, held: str) -> None:
    first = record(held, outcome=suggestion_service_pb2.SUGGESTION_OUTCOME_IGNORED)
    told = (await call(at, first, ELS)).suggestion
    assert (told.handoff_id, told.answer_id, told.outcome, told.agent_id) == (held, "answer-1", 3, "els")
    later = record(held, outcome=suggestion_service_pb2.SUGGESTION_OUTCOME_EDITED)
    last = (await call(at, later)).suggestion  # a service tells it for the agent who has it
    assert (last.outcome, last.agent_id) == (2, "els")
    assert (await call(at, first, ELS)).suggestion == told  # a repetition changes nothing


CASES = [
    *an_id(R, "handoff_id"),
    *a_text(R, "answer_id", 256),
    wrong(R, "outcome", 0, "FIELD_REQUIRED"),
    wrong(R, "outcome", 4, "FIELD_UNKNOWN_VALUE", value=4),
    *a_request_id(R),
    absent(R, "handoff_id", "HANDOFF_NOT_FOUND"),
    Case(
        "of another agent",
        R,
        lambda _: None,
        "HANDOFF_OF_ANOTHER_AGENT",
        Code.FAILED_PRECONDITION,
        {"agent_id": "els"},
        JAN,
    ),
    *forbidden(R, ANNA),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, held: str, case: Case) -> None:
    request = record(held)
    case.change(request)
    refused = await refusal(call(at, request, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()


async def test_refuses_when_no_agent_has_the_handoff(at: Handoffs) -> None:
    waiting = await at.ask("waiting")
    for caller in (SERVICE, ELS):
        refused = await refusal(call(at, record(waiting.id), caller))
        assert (refused.code, refused.reason) == (Code.FAILED_PRECONDITION, "HANDOFF_STATE_INVALID")


async def test_takes_the_longest_answer_id(at: Handoffs, held: str) -> None:
    request = record(held)
    put("answer_id", "x" * 256)(request)
    assert (await call(at, request)).suggestion.answer_id == "x" * 256


async def test_refuses_a_request_id_that_was_used_with_another_request(at: Handoffs, held: str) -> None:
    request = record(held, answer="answer-2")
    await call(at, request)
    request.outcome = suggestion_service_pb2.SUGGESTION_OUTCOME_IGNORED
    refused = await refusal(call(at, request))
    assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {(case.rpc, case.reason) for case in CASES}
    tested |= {(R, "REQUEST_ID_REUSED"), (R, "HANDOFF_STATE_INVALID")}
    assert tested == documented("handoff/v1/suggestion_service.proto")
