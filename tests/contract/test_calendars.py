"""CalendarService as its callers see it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.unit.handoff.served import SERVICE, TIMEOUT, Handoffs, refusal, served

from balie.api.handoff.v1 import calendar_pb2, calendar_service_pb2, queue_service_pb2
from balie.kit.ids import new_id
from balie.kit.testing import callers

ELS = callers.agent("els")
MORNING, AFTERNOON = (540, 750), (780, 1020)


@pytest.fixture
async def at(sqlite_url: str) -> AsyncIterator[Handoffs]:
    async with served(sqlite_url) as running:
        yield running


def hours(*given: tuple[int, int]) -> list[calendar_pb2.OpeningInterval]:
    return [calendar_pb2.OpeningInterval(start_minute=start, end_minute=end) for start, end in given]


def office(name: str = "office", **more: Any) -> calendar_pb2.Calendar:
    """Returns working days with a lunch break, closed on Christmas Day, open till noon the day before."""
    return calendar_pb2.Calendar(
        id=name,
        display_name="Office",
        time_zone="Europe/Amsterdam",
        weekdays=[
            calendar_pb2.WeekdayHours(
                weekday=calendar_pb2.Weekday.ValueType(number), intervals=hours(MORNING, AFTERNOON)
            )
            for number in range(1, 6)
        ],
        holidays=[
            calendar_pb2.Holiday(
                date="2025-12-24", display_name="Christmas Eve", intervals=hours((540, 720))
            ),
            calendar_pb2.Holiday(date="2025-12-25", display_name="Christmas Day"),
        ],
        **more,
    )


async def put(at: Handoffs, calendar: calendar_pb2.Calendar, request_id: str = "") -> calendar_pb2.Calendar:
    request = calendar_service_pb2.UpsertCalendarRequest(calendar=calendar, request_id=request_id or new_id())
    return (await at.calendars.UpsertCalendar(request, timeout=TIMEOUT)).calendar


async def get(at: Handoffs, calendar_id: str) -> calendar_pb2.Calendar:
    request = calendar_service_pb2.GetCalendarRequest(calendar_id=calendar_id)
    return (await at.calendars.GetCalendar(request, timeout=TIMEOUT, metadata=ELS)).calendar


async def delete(at: Handoffs, calendar_id: str, request_id: str = "") -> None:
    request = calendar_service_pb2.DeleteCalendarRequest(
        calendar_id=calendar_id, request_id=request_id or new_id()
    )
    await at.calendars.DeleteCalendar(request, timeout=TIMEOUT)


def stamp(written: str) -> Timestamp:
    moment = Timestamp()
    moment.FromJsonString(written)
    return moment


async def is_open(at: Handoffs, moment: str = "", **whose: str) -> calendar_service_pb2.IsOpenResponse:
    request = calendar_service_pb2.IsOpenRequest(at_time=stamp(moment) if moment else None, **whose)
    answer: calendar_service_pb2.IsOpenResponse
    answer = await at.calendars.IsOpen(request, timeout=TIMEOUT, metadata=SERVICE)
    return answer


async def next_open(at: Handoffs, moment: str = "", **whose: str) -> calendar_service_pb2.NextOpenResponse:
    request = calendar_service_pb2.NextOpenRequest(at_time=stamp(moment) if moment else None, **whose)
    answer: calendar_service_pb2.NextOpenResponse
    answer = await at.calendars.NextOpen(request, timeout=TIMEOUT, metadata=ELS)
    return answer


async def test_a_calendar_is_written_used_and_deleted(database_url: str) -> None:
    async with served(database_url) as at:
        assert await put(at, office()) == office()
        queue = await at.queue(calendar="office")
        assert queue.calendar_id == "office"
        request = queue_service_pb2.GetQueueRequest(queue_id="desk")
        assert (await at.queues.GetQueue(request, timeout=TIMEOUT)).queue == queue
        answer = await is_open(at, "2025-12-24T10:00:00Z", queue_id="desk")
        assert (answer.open, answer.until_time, answer.holiday_name, answer.calendar_id) == (
            True,
            stamp("2025-12-24T11:00:00Z"),
            "Christmas Eve",
            "office",
        )
        await put(at, office("night"))
        refused = await refusal(delete(at, "office"))
        assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CALENDAR_IN_USE")
        assert (
            refused.metadata.items() >= {"calendar_id": "office", "queue_ids": "desk", "queues": "1"}.items()
        )
        await at.queue(calendar="night")
        await delete(at, "office", "gone")
        await delete(at, "office", "gone")  # the same request again
        assert (await refusal(get(at, "office"))).reason == "CALENDAR_NOT_FOUND"
        assert (await refusal(delete(at, "office"))).reason == "CALENDAR_NOT_FOUND"
        assert (await refusal(at.queue(calendar="office"))).reason == "CALENDAR_NOT_FOUND"
        assert (await get(at, "night")).id == "night"


async def test_calendars_outlive_the_process(database_url: str) -> None:
    for _ in range(2):
        async with served(database_url) as at:
            assert await put(at, office(), "once") == office()
            await at.queue(calendar="office")
    async with served(database_url) as at:
        assert await get(at, "office") == office()
        assert (await is_open(at, queue_id="desk")).calendar_id == "office"


async def test_what_is_given_in_any_order_comes_back_in_order(at: Handoffs) -> None:
    calendar = office()
    calendar.weekdays.add(weekday=calendar_pb2.WEEKDAY_SATURDAY)  # closed, as if it were not listed
    given = calendar_pb2.Calendar()
    given.CopyFrom(calendar)
    given.ClearField("weekdays")
    for day in reversed(calendar.weekdays):
        given.weekdays.add(weekday=day.weekday, intervals=reversed(day.intervals))
    given.ClearField("holidays")
    given.holidays.extend(reversed(calendar.holidays))
    assert await put(at, given) == office()
    assert await get(at, "office") == office()


async def test_a_calendar_is_replaced_whole_and_queues_follow(at: Handoffs) -> None:
    await put(at, office())
    await at.queue(calendar="office")
    assert not (await is_open(at, "2025-12-25T10:00:00Z", queue_id="desk")).open
    workshop = office()
    del workshop.holidays[:], workshop.weekdays[4:]
    assert await put(at, workshop) == workshop
    assert (await is_open(at, "2025-12-25T10:00:00Z", queue_id="desk")).open
    assert not (await is_open(at, "2025-12-26T10:00:00Z", queue_id="desk")).open


async def test_lists_calendars_by_id_in_pages(at: Handoffs) -> None:
    for name in ("night", "office", "Office", "sunday"):
        await put(at, office(name))
    pages, token = [], ""
    while True:
        request = calendar_service_pb2.ListCalendarsRequest(page_size=3, page_token=token)
        page = await at.calendars.ListCalendars(request, timeout=TIMEOUT, metadata=ELS)
        pages.append([calendar.id for calendar in page.calendars])
        token = page.next_page_token
        if not token:
            break
    assert pages == [["Office", "night", "office"], ["sunday"]]
    assert page.calendars[0] == office("sunday")


async def test_a_page_with_many_holidays_ends_sooner(at: Handoffs) -> None:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(11):
        calendar = calendar_pb2.Calendar(id=f"c{number:02}", display_name="é" * 200, time_zone="UTC")
        for day in range(400):
            calendar.holidays.add(
                date=f"{first + timedelta(days=day):%Y-%m-%d}",
                display_name="é" * 200,
                intervals=hours(*((60 * hour, 60 * hour + 59) for hour in range(12))),
            )
        await put(at, calendar)
    request = calendar_service_pb2.ListCalendarsRequest()
    page = await at.calendars.ListCalendars(request, timeout=TIMEOUT)
    assert len(page.calendars) == 10
    request.page_token = page.next_page_token
    rest = await at.calendars.ListCalendars(request, timeout=TIMEOUT)
    assert ([calendar.id for calendar in rest.calendars], rest.next_page_token) == (["c10"], "")


async def test_says_until_when_it_is_open_or_closed(at: Handoffs) -> None:
    await put(at, office())
    for moment, is_it, until, holiday in (
        ("2025-12-22T08:00:00.000001Z", True, "2025-12-22T11:30:00Z", ""),
        ("2025-12-22T11:30:00Z", False, "2025-12-22T12:00:00Z", ""),
        ("2025-12-24T11:00:00Z", False, "2025-12-26T08:00:00Z", "Christmas Eve"),
        ("2025-12-25T10:00:00Z", False, "2025-12-26T08:00:00Z", "Christmas Day"),
        ("2025-12-25T23:00:00Z", False, "2025-12-26T08:00:00Z", ""),
    ):
        assert await is_open(at, moment, calendar_id="office") == calendar_service_pb2.IsOpenResponse(
            open=is_it,
            until_time=stamp(until),
            holiday_name=holiday,
            calendar_id="office",
            at_time=stamp(moment),
        ), moment


async def test_says_when_it_opens_first(at: Handoffs) -> None:
    await put(at, office())
    await at.queue(calendar="office")
    for moment, opens, closes in (
        ("2025-12-22T09:00:00.123456Z", "2025-12-22T09:00:00.123456Z", "2025-12-22T11:30:00Z"),
        ("2025-12-22T11:30:00Z", "2025-12-22T12:00:00Z", "2025-12-22T16:00:00Z"),
        ("2025-12-24T12:00:00Z", "2025-12-26T08:00:00Z", "2025-12-26T11:30:00Z"),
    ):
        for whose in ({"calendar_id": "office"}, {"queue_id": "desk"}):
            assert await next_open(at, moment, **whose) == calendar_service_pb2.NextOpenResponse(
                open_time=stamp(opens),
                close_time=stamp(closes),
                calendar_id="office",
                at_time=stamp(moment),
            ), moment


async def test_what_is_finer_than_a_microsecond_is_cut_off(at: Handoffs) -> None:
    await put(at, office())
    answer = await is_open(at, "2025-12-22T11:29:59.999999999Z", calendar_id="office")
    assert (answer.open, answer.at_time) == (True, stamp("2025-12-22T11:29:59.999999Z"))


async def test_a_queue_without_a_calendar_is_always_open(at: Handoffs) -> None:
    await at.queue()
    moment = stamp("2025-12-25T03:00:00Z")
    state = await is_open(at, "2025-12-25T03:00:00Z", queue_id="desk")
    assert state == calendar_service_pb2.IsOpenResponse(open=True, at_time=moment)
    opening = await next_open(at, "2025-12-25T03:00:00Z", queue_id="desk")
    assert opening == calendar_service_pb2.NextOpenResponse(open_time=moment, at_time=moment)


async def test_looks_at_now_when_no_moment_is_given(at: Handoffs) -> None:
    await at.queue()
    before = datetime.now(UTC)
    for answer in (await is_open(at, queue_id="desk"), await next_open(at, queue_id="desk")):
        assert before <= answer.at_time.ToDatetime(UTC) <= datetime.now(UTC)


async def test_says_why_it_never_opens(at: Handoffs) -> None:
    nothing = calendar_pb2.Calendar(id="never", display_name="Never", time_zone="UTC")
    await put(at, nothing)
    answer = await next_open(at, "2025-06-02T10:00:00Z", calendar_id="never")
    assert answer == calendar_service_pb2.NextOpenResponse(
        never=calendar_service_pb2.NEVER_OPEN_REASON_NO_HOURS,
        calendar_id="never",
        at_time=stamp("2025-06-02T10:00:00Z"),
    )
    state = await is_open(at, "2025-06-02T10:00:00Z", calendar_id="never")
    assert (state.open, state.HasField("until_time")) == (False, False)
    nothing.holidays.add(date="2025-06-01", display_name="Open day", intervals=hours(MORNING))
    await put(at, nothing)
    answer = await next_open(at, "2025-06-02T10:00:00Z", calendar_id="never")
    assert answer.never == calendar_service_pb2.NEVER_OPEN_REASON_NOT_SOON
    assert (await next_open(at, "2025-05-02T10:00:00Z", calendar_id="never")).HasField("open_time")


async def test_what_never_closes_has_no_time_of_closing(at: Handoffs) -> None:
    always = calendar_pb2.Calendar(id="always", display_name="Always", time_zone="Europe/Amsterdam")
    for number in range(1, 8):
        always.weekdays.add(weekday=calendar_pb2.Weekday.ValueType(number), intervals=hours((0, 1440)))
    await put(at, always)
    state = await is_open(at, "2025-06-02T10:00:00Z", calendar_id="always")
    assert (state.open, state.HasField("until_time")) == (True, False)
    assert not (await next_open(at, "2025-06-02T10:00:00Z", calendar_id="always")).HasField("close_time")


async def test_tenants_do_not_see_each_others_calendars(at: Handoffs) -> None:
    await put(at, office())
    other = (("balie-tenant", "other"),)
    listed = await at.calendars.ListCalendars(
        calendar_service_pb2.ListCalendarsRequest(), timeout=TIMEOUT, metadata=other
    )
    assert not listed.calendars
    asked = calendar_service_pb2.IsOpenRequest(calendar_id="office")
    refused = await refusal(at.calendars.IsOpen(asked, timeout=TIMEOUT, metadata=other))
    assert refused.reason == "CALENDAR_NOT_FOUND"
    request = calendar_service_pb2.DeleteCalendarRequest(calendar_id="office", request_id=new_id())
    refused = await refusal(at.calendars.DeleteCalendar(request, timeout=TIMEOUT, metadata=other))
    assert refused.reason == "CALENDAR_NOT_FOUND"
    assert await get(at, "office") == office()


async def test_names_ten_of_the_queues_that_use_a_calendar(at: Handoffs) -> None:
    await put(at, office())
    for number in range(12):
        await at.queue(f"q{number:02}", calendar="office")
    refused = await refusal(delete(at, "office"))
    assert refused.metadata["queue_ids"] == ", ".join(f"q{number:02}" for number in range(10))
    assert refused.metadata["queues"] == "12"
    assert "and 2 more" in refused.message
