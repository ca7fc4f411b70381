"""GetFigures: what it answers, every documented error with its reason, and every bound from both sides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from tests.contract.cases import Case, Change, Code, clear, documented, forbidden, put, wrong
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import figure_service_pb2, handoff_pb2, handoff_service_pb2
from balie.kit.ids import new_id
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, ANNA = callers.agent("els"), callers.contact("anna")
F = "GetFigures"
DAY = 86_400
START = 1_770_000_000
END = 7_258_118_400  # 2200-01-01


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    make = sqlite_databases(tmp_path_factory.mktemp("figures"))
    async with served(make(), confirm_wait_seconds=0) as running:
        await running.queue()
        yield running


def request() -> Any:
    return figure_service_pb2.GetFiguresRequest(
        queue_ids=["desk"],
        start_time=Timestamp(seconds=START),
        end_time=Timestamp(seconds=START + DAY),
        interval=figure_service_pb2.FIGURE_INTERVAL_HOUR,
        time_zone="Europe/Amsterdam",
    )


def call(at: Handoffs, asked: Any, caller: Any = SERVICE) -> Any:
    return at.figures.GetFigures(asked, timeout=TIMEOUT, metadata=caller)


async def test_figures_of_the_last_day(at: Handoffs) -> None:
    await at.agent("els")
    handoff = await at.ask("talk")
    await refusal(at.accept(handoff.id, "els"))
    await at.confirm(handoff.id, 2)
    rating = handoff_service_pb2.RecordRatingRequest(handoff_id=handoff.id, rating=4)
    rating.time.CopyFrom(handoff.create_time)
    await at.handoffs.RecordRating(rating, timeout=TIMEOUT, metadata=SERVICE)
    resolve = handoff_service_pb2.ResolveHandoffRequest(handoff_id=handoff.id, request_id=new_id())
    await refusal(at.handoffs.ResolveHandoff(resolve, timeout=TIMEOUT))
    await at.until(handoff.id, handoff_pb2.HANDOFF_STATE_RESOLVED)
    told = await call(at, figure_service_pb2.GetFiguresRequest(), ELS)
    assert told.count_time == told.end_time
    assert told.end_time.seconds - told.start_time.seconds == DAY
    assert [one.queue_id for one in told.queues] == ["desk"]
    assert told.queues[0].figures == told.total
    total = told.total
    assert (total.asked, total.accepted, total.resolved, total.waiting) == (1, 1, 1, 0)
    assert total.HasField("waiting")
    assert total.wait.count == 1
    assert total.wait.p50 == total.wait.p90 == total.wait.p99
    assert not total.HasField("first_reply")
    assert not total.HasField("first_reply_promise")
    assert (total.ratings.count, total.ratings.mean, list(total.ratings.histogram)) == (1, 4, [0, 0, 0, 1, 0])
    assert not told.bot.HasField("contained_share")
    assert list(told.buckets) == []


async def test_a_day_in_hours(at: Handoffs) -> None:
    asked = request()
    told = await call(at, asked)
    assert (told.start_time, told.end_time) == (asked.start_time, asked.end_time)
    assert len(told.buckets) == 25  # the period begins and ends within an hour
    assert told.buckets[0].start_time == asked.start_time
    assert told.buckets[-1].end_time == asked.end_time
    assert not told.buckets[0].figures.HasField("waiting")


CASES = [
    wrong(F, "queue_ids", ["desk"] * 101, "TOO_MANY_ITEMS", limit=100, actual=101),
    wrong(F, "queue_ids", ["desk", ""], "FIELD_REQUIRED"),
    wrong(F, "queue_ids", ["no spaces"], "FIELD_MALFORMED"),
    wrong(F, "queue_ids", ["x" * 129], "FIELD_TOO_LONG", limit=128),
    Case(
        "a queue of none",
        F,
        put("queue_ids", ["desk", "nowhere"]),
        "QUEUE_NOT_FOUND",
        Code.NOT_FOUND,
        {"queue_id": "nowhere"},
    ),
    *(
        Case(
            f"{field} at {moment.seconds} s {moment.nanos} ns",
            F,
            put(field, moment),
            "FIELD_OUT_OF_RANGE",
            facts={"field": f"{field}.{part}"},
        )
        for field in ("start_time", "end_time")
        for part, moment in (
            ("seconds", Timestamp(seconds=-1)),
            ("seconds", Timestamp(seconds=END)),
            ("nanos", Timestamp(seconds=START, nanos=-1)),
            ("nanos", Timestamp(seconds=START, nanos=1_000_000_000)),
        )
    ),
    Case("it ends as it begins", F, put("end_time", Timestamp(seconds=START)), "PERIOD_INVALID"),
    Case(
        "400 days and a second",
        F,
        put("end_time", Timestamp(seconds=START + 400 * DAY + 1)),
        "PERIOD_INVALID",
    ),
    Case("1001 hours", F, put("end_time", Timestamp(seconds=START + 1001 * 3600)), "PERIOD_INVALID"),
    wrong(F, "interval", 3, "FIELD_UNKNOWN_VALUE", value=3),
    wrong(F, "time_zone", "x" * 65, "FIELD_TOO_LONG", limit=64),
    wrong(F, "time_zone", "Europe/\0", "FIELD_MALFORMED"),
    Case(
        "a zone of none",
        F,
        put("time_zone", "Europe/Amsterdm"),
        "TIME_ZONE_UNKNOWN",
        facts={"time_zone": "Europe/Amsterdm"},
    ),
    *forbidden(F, ANNA),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, case: Case) -> None:
    asked = request()
    case.change(asked)
    refused = await refusal(call(at, asked, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()


WITHIN: list[Change] = [
    put("queue_ids", ["desk"] * 100),
    put("end_time", Timestamp(seconds=START, nanos=1000)),
    put("end_time", Timestamp(seconds=START + 999 * 3600)),
    clear("interval"),
    clear("time_zone"),
    clear("start_time"),
]


@pytest.mark.parametrize("change", WITHIN, ids=range(len(WITHIN)))
async def test_takes_what_is_within_bounds(at: Handoffs, change: Change) -> None:
    asked = request()
    change(asked)
    assert await call(at, asked)


async def test_takes_the_longest_period_and_the_last_moments(at: Handoffs) -> None:
    asked = request()
    asked.interval = figure_service_pb2.FIGURE_INTERVAL_DAY
    asked.end_time.seconds = START + 400 * DAY
    assert len((await call(at, asked)).buckets) == 401
    asked.start_time.CopyFrom(Timestamp(seconds=END - DAY))
    asked.end_time.CopyFrom(Timestamp(seconds=END - 1, nanos=999_999_999))
    assert await call(at, asked)
    asked.start_time.CopyFrom(Timestamp())
    asked.end_time.CopyFrom(Timestamp(seconds=DAY))
    asked.time_zone = "Pacific/Honolulu"
    assert len((await call(at, asked)).buckets) == 2


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    assert {(case.rpc, case.reason) for case in CASES} == documented("handoff/v1/figure_service.proto")
