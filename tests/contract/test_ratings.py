"""RecordRating: the first rating of a conversation counts; every documented error with its reason."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from tests.contract.cases import Case, absent, an_id, clear, documented, forbidden, put, wrong
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import handoff_service_pb2
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, ANNA = callers.agent("els"), callers.contact("anna")
R = "RecordRating"
END = 7_258_118_400  # 2200-01-01


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    async with served(sqlite_databases(tmp_path_factory.mktemp("ratings"))()) as running:
        await running.queue()
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def handoff_id(at: Handoffs) -> str:
    return (await at.ask()).id


def request(handoff_id: str, rating: int = 4) -> Any:
    return handoff_service_pb2.RecordRatingRequest(
        handoff_id=handoff_id, rating=rating, time=Timestamp(seconds=1_750_000_000)
    )


def call(at: Handoffs, asked: Any, caller: Any = SERVICE) -> Any:
    return at.handoffs.RecordRating(asked, timeout=TIMEOUT, metadata=caller)


async def test_the_first_rating_counts(at: Handoffs) -> None:
    handoff = await at.ask("rated")
    assert (await call(at, request(handoff.id, 5))).rating == 5
    assert (await call(at, request(handoff.id, 1))).rating == 5
    assert (await call(at, request(handoff.id, 5))).rating == 5


CASES = [
    *an_id(R, "handoff_id"),
    wrong(R, "rating", 0, "FIELD_REQUIRED"),
    wrong(R, "rating", -1, "FIELD_OUT_OF_RANGE", minimum=1, maximum=5),
    wrong(R, "rating", 6, "FIELD_OUT_OF_RANGE", minimum=1, maximum=5),
    Case("no time", R, clear("time"), "FIELD_REQUIRED", facts={"field": "time"}),
    *(
        Case(
            f"a time of {seconds} s {nanos} ns",
            R,
            put("time", Timestamp(seconds=seconds, nanos=nanos)),
            "FIELD_OUT_OF_RANGE",
        )
        for seconds, nanos in ((-1, 0), (END, 0), (1, -1), (1, 1_000_000_000))
    ),
    absent(R, "handoff_id", "HANDOFF_NOT_FOUND"),
    *forbidden(R, ELS, ANNA),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, handoff_id: str, case: Case) -> None:
    asked = request(handoff_id)
    case.change(asked)
    refused = await refusal(call(at, asked, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {(case.rpc, case.reason) for case in CASES}
    of_rating = {one for one in documented("handoff/v1/handoff_service.proto") if one[0] == R}
    assert tested == of_rating
