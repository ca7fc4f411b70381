"""Every documented error of CalendarService, with its reason, and every bound from both sides."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from tests.contract.cases import (
    Case,
    Change,
    Code,
    a_page,
    a_request_id,
    a_text,
    absent,
    an_id,
    clear,
    documented,
    forbidden,
    put,
    wrong,
)
from tests.contract.test_calendars import hours, office
from tests.databases import sqlite_databases
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import calendar_pb2, calendar_service_pb2
from balie.kit.ids import new_id
from balie.kit.paging import encode_page
from balie.kit.testing import callers

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELS, ANNA = callers.agent("els"), callers.contact("anna")
BEGIN, END = 0, 7_258_118_400  # 1970-01-01 and 2200-01-01


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Handoffs]:
    make = sqlite_databases(tmp_path_factory.mktemp("calendars"))
    async with served(make()) as running:
        for name in ("office", "used"):
            request = calendar_service_pb2.UpsertCalendarRequest(calendar=office(name), request_id=new_id())
            await running.calendars.UpsertCalendar(request, timeout=TIMEOUT)
        await running.queue(calendar="used")
        yield running


# What each RPC is asked in a case before its change: all of it valid.
VALID: dict[str, Callable[[], Message]] = {
    "UpsertCalendar": lambda: calendar_service_pb2.UpsertCalendarRequest(
        calendar=office("spare"), request_id=new_id()
    ),
    "GetCalendar": lambda: calendar_service_pb2.GetCalendarRequest(calendar_id="office"),
    "ListCalendars": lambda: calendar_service_pb2.ListCalendarsRequest(),
    "DeleteCalendar": lambda: calendar_service_pb2.DeleteCalendarRequest(
        calendar_id="used", request_id=new_id()
    ),
    "IsOpen": lambda: calendar_service_pb2.IsOpenRequest(calendar_id="office"),
    "NextOpen": lambda: calendar_service_pb2.NextOpenRequest(queue_id="desk"),
}


def about_hours(rpc: str) -> list[Case]:
    return [
        Case(f"{rpc} of nothing", rpc, clear("whose"), "FIELD_REQUIRED", facts={"field": "whose"}),
        *an_id(rpc, "calendar_id"),
        *an_id(rpc, "queue_id"),
        absent(rpc, "calendar_id", "CALENDAR_NOT_FOUND"),
        absent(rpc, "queue_id", "QUEUE_NOT_FOUND"),
        *(
            Case(
                f"{rpc} at {moment.seconds} s {moment.nanos} ns",
                rpc,
                put("at_time", moment),
                "FIELD_OUT_OF_RANGE",
                facts={"field": f"at_time.{part}"},
            )
            for part, moment in (
                ("seconds", Timestamp(seconds=BEGIN - 1)),
                ("seconds", Timestamp(seconds=END)),
                ("nanos", Timestamp(seconds=1, nanos=-1)),
                ("nanos", Timestamp(seconds=1, nanos=1_000_000_000)),
            )
        ),
        *forbidden(rpc, ANNA),
    ]


U, W, D = "UpsertCalendar", "calendar.weekdays[1]", "calendar.holidays[1]"
ONE = hours((540, 750))
DATE_FORM = "a date from 1970-01-01 to 2199-12-31, as YYYY-MM-DD"
CASES = [
    Case("no calendar", U, clear("calendar"), "FIELD_REQUIRED", facts={"field": "calendar"}),
    *an_id(U, "calendar.id"),
    *a_text(U, "calendar.display_name", 200),
    *a_text(U, "calendar.time_zone", 64),
    Case(
        "a zone that is not there",
        U,
        put("calendar.time_zone", "Europe/Amsterdm"),
        "TIME_ZONE_UNKNOWN",
        facts={"time_zone": "Europe/Amsterdm"},
    ),
    wrong(U, "calendar.weekdays", [calendar_pb2.WeekdayHours(weekday=1)] * 8, "TOO_MANY_ITEMS", limit=7),  # type: ignore[arg-type]
    wrong(U, f"{W}.weekday", 0, "FIELD_REQUIRED"),
    wrong(U, f"{W}.weekday", 8, "FIELD_UNKNOWN_VALUE", value=8),
    wrong(U, f"{W}.weekday", 1, "CALENDAR_INVALID", problem="MONDAY is listed twice"),
    wrong(
        U,
        "calendar.holidays",
        [calendar_pb2.Holiday(date="2025-01-01", display_name="Day")] * 401,
        "TOO_MANY_ITEMS",
        limit=400,
        actual=401,
    ),
    wrong(U, f"{D}.date", "", "FIELD_REQUIRED"),
    *(
        wrong(U, f"{D}.date", written, "FIELD_MALFORMED", expected=DATE_FORM)
        for written in (
            "25-12-2025",
            "2025-12-25T00:00",
            "20251225",
            "2025-W52-4",
            "2025-02-29",
            "1969-12-31",
            "2200-01-01",
            "２０２５-12-25",
        )
    ),
    wrong(U, f"{D}.date", "2025-12-24", "CALENDAR_INVALID", problem="2025-12-24 is listed twice"),
    *a_text(U, f"{D}.display_name", 200),
    *(
        case
        for day in (W, D)
        for case in (
            wrong(U, f"{day}.intervals", ONE * 13, "TOO_MANY_ITEMS", limit=12, actual=13),
            wrong(
                U,
                f"{day}.intervals",
                hours((720, 1020), (540, 750)),
                "CALENDAR_INVALID",
                problem="09:00-12:30 and 12:00-17:00 overlap",
            ),
            wrong(U, f"{day}.intervals", hours((1320, 120)), "CALENDAR_INVALID"),
            wrong(U, f"{day}.intervals", hours((540, 540)), "CALENDAR_INVALID"),
        )
    ),
    *(
        Case(
            f"an interval from {start} to {end}",
            U,
            put(f"{W}.intervals", [*ONE, *hours((start, end))]),
            "FIELD_OUT_OF_RANGE",
            facts={"field": f"{W}.intervals[1].{name}", "minimum": least, "maximum": most},
        )
        for start, end, name, least, most in (
            (-1, 60, "start_minute", "0", "1439"),
            (1440, 1440, "start_minute", "0", "1439"),
            (0, 0, "end_minute", "1", "1440"),
            (800, 1441, "end_minute", "1", "1440"),
        )
    ),
    *a_request_id(U),
    *forbidden(U, ELS, ANNA),
    *an_id("GetCalendar", "calendar_id"),
    absent("GetCalendar", "calendar_id", "CALENDAR_NOT_FOUND"),
    *forbidden("GetCalendar", ANNA),
    *a_page("ListCalendars", other=encode_page(("queues",), "desk")),
    *forbidden("ListCalendars", ANNA),
    *an_id("DeleteCalendar", "calendar_id"),
    *a_request_id("DeleteCalendar"),
    absent("DeleteCalendar", "calendar_id", "CALENDAR_NOT_FOUND"),
    Case(
        "a calendar that a queue uses",
        "DeleteCalendar",
        lambda _: None,
        "CALENDAR_IN_USE",
        Code.FAILED_PRECONDITION,
        {"calendar_id": "used", "queue_ids": "desk", "queues": "1"},
    ),
    *forbidden("DeleteCalendar", ELS, ANNA),
    *about_hours("IsOpen"),
    *about_hours("NextOpen"),
]


def call(at: Handoffs, rpc: str, request: Message, caller: Any = SERVICE) -> Any:
    return getattr(at.calendars, rpc)(request, timeout=TIMEOUT, metadata=caller)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
async def test_refuses(at: Handoffs, case: Case) -> None:
    request = VALID[case.rpc]()
    case.change(request)
    refused = await refusal(call(at, case.rpc, request, case.caller))
    assert (refused.code, refused.reason) == (case.code, case.reason)
    assert case.facts.items() <= refused.metadata.items()
    assert refused.request_id


# What lies just within every bound: accepted, so that no test above passes for another reason.
WITHIN: list[tuple[str, Change]] = [
    (U, lambda _: None),
    (U, put("calendar.id", "x" * 128)),
    (U, put("calendar.display_name", "é" * 200)),
    (U, put("calendar.time_zone", "America/Argentina/ComodRivadavia")),
    (U, put("calendar.weekdays", [calendar_pb2.WeekdayHours(weekday=day) for day in range(1, 8)])),  # type: ignore[arg-type]
    (U, put("calendar.weekdays", [])),
    (U, put(f"{W}.intervals", hours(*((100 * one, 100 * one + 100) for one in range(12))))),
    (U, put(f"{W}.intervals", hours((0, 1), (1439, 1440)))),
    (
        U,
        put(
            "calendar.holidays",
            [
                calendar_pb2.Holiday(date=f"{1971 + one // 4}-02-2{one % 4}", display_name="Day")
                for one in range(400)
            ],
        ),
    ),
    (U, put(f"{D}.date", "1970-01-01")),
    (U, put(f"{D}.date", "2199-12-31")),
    (U, put(f"{D}.date", "2024-02-29")),
    (U, put(f"{D}.display_name", "é" * 200)),
    (U, put("request_id", "x" * 64)),
    ("ListCalendars", put("page_size", 1)),
    ("ListCalendars", put("page_size", 500)),
    *(
        (rpc, put("at_time", moment))
        for rpc in ("IsOpen", "NextOpen")
        for moment in (Timestamp(), Timestamp(seconds=END - 1, nanos=999_999_999))
    ),
]


@pytest.mark.parametrize(
    ("rpc", "change"), WITHIN, ids=[f"{number}-{rpc}" for number, (rpc, _) in enumerate(WITHIN)]
)
async def test_takes_what_is_within_bounds(at: Handoffs, rpc: str, change: Change) -> None:
    request = VALID[rpc]()
    change(request)
    assert await call(at, rpc, request)


async def test_refuses_a_request_id_that_was_used_with_another_request(at: Handoffs) -> None:
    made: Any = VALID[U]()
    made.calendar.id = "twice"
    first = await call(at, U, made)
    assert await call(at, U, made) == first
    made.calendar.display_name = "Other"
    gone = calendar_service_pb2.DeleteCalendarRequest(calendar_id="twice", request_id="gone")
    await call(at, "DeleteCalendar", gone)
    gone.calendar_id = "office"
    for rpc, request in ((U, made), ("DeleteCalendar", gone)):
        refused = await refusal(call(at, rpc, request))
        assert (refused.code, refused.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_calendar_whose_zone_is_gone_says_so(tmp_path: Path) -> None:
    url = sqlite_databases(tmp_path)()
    async with served(url) as at:
        request = calendar_service_pb2.UpsertCalendarRequest(calendar=office(), request_id=new_id())
        await at.calendars.UpsertCalendar(request, timeout=TIMEOUT)
        with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as database, database:
            database.execute("UPDATE calendars SET time_zone = 'US/Gone'")
        for rpc in ("IsOpen", "NextOpen"):
            asked: Any = VALID[rpc]()
            asked.calendar_id = "office"
            refused = await refusal(call(at, rpc, asked))
            assert (refused.code, refused.reason) == (Code.INVALID_ARGUMENT, "TIME_ZONE_UNKNOWN")
            assert refused.metadata["time_zone"] == "US/Gone"
        get = calendar_service_pb2.GetCalendarRequest(calendar_id="office")
        assert (await call(at, "GetCalendar", get)).calendar.time_zone == "US/Gone"


async def test_every_error_is_documented_and_every_documented_error_has_a_test() -> None:
    tested = {(case.rpc, case.reason) for case in CASES}
    tested |= {(rpc, "REQUEST_ID_REUSED") for rpc in (U, "DeleteCalendar")}
    tested |= {(rpc, "TIME_ZONE_UNKNOWN") for rpc in ("IsOpen", "NextOpen")}
    assert tested == documented("handoff/v1/calendar_service.proto")
