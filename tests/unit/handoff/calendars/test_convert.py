"""A calendar comes back as it was said, from the contract, from the ledger's JSON and from the database."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.unit.handoff.calendars.samples import always, calendar, calendars, office, utc
from tests.unit.handoff.desks import TENANT, Desks, write

from balie.api.handoff.v1 import calendar_service_pb2
from balie.handoff.calendars import convert
from balie.handoff.calendars.calendar import Calendar
from balie.handoff.calendars.calendars import Calendars, Opening, OpenState, Whose

moments = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(calendars())
def test_a_calendar_comes_back_as_it_was_said(drawn: tuple[Calendar, datetime]) -> None:
    said, _ = drawn
    assert convert.calendar_from_proto(convert.calendar_to_proto(said)) == said


@given(calendars())
def test_a_calendar_comes_back_from_the_ledger(drawn: tuple[Calendar, datetime]) -> None:
    said, _ = drawn
    adapter = TypeAdapter(Calendar)
    assert adapter.validate_json(adapter.dump_json(said)) == said


@given(moments)
def test_a_moment_is_read_to_the_microsecond(moment: datetime) -> None:
    request = calendar_service_pb2.IsOpenRequest(calendar_id="office")
    assert convert.moment_from_proto(request) is None
    request.at_time.FromDatetime(moment)
    assert convert.moment_from_proto(request) == moment
    request.at_time.nanos += 999
    assert convert.moment_from_proto(request) == moment


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
def test_a_date_is_read_as_it_is_written(day: date) -> None:
    assert convert.date_of("date", day.isoformat()) == day


def test_what_is_not_known_is_not_set() -> None:
    now = utc("2025-06-02T10:00")
    state = convert.state_to_proto(OpenState(None, now, is_open=True, until=None))
    assert [field.name for field, _ in state.ListFields()] == ["open", "at_time"]
    for never, given_calendar in (
        (calendar_service_pb2.NEVER_OPEN_REASON_NO_HOURS, calendar()),
        (calendar_service_pb2.NEVER_OPEN_REASON_NOT_SOON, office()),
    ):
        sent = convert.opening_to_proto(Opening(given_calendar, now, None, None))
        assert (sent.never, sent.HasField("open_time"), sent.HasField("close_time")) == (never, False, False)


async def test_a_calendar_comes_back_from_the_database(at: Desks) -> None:
    calendars_of_desk = Calendars(at.journal)
    said = office(holidays={"2025-12-24": ("09:00-12:00",), "2025-12-25": ()})
    assert await calendars_of_desk.put(write(), said) == said
    assert await calendars_of_desk.get(TENANT, said.id) == said
    assert await calendars_of_desk.put(write(), always()) == always()
    assert await calendars_of_desk.page(TENANT, after="", size=5) == ([always()], "")


async def test_looks_at_the_desks_clock_when_no_moment_is_named(at: Desks) -> None:
    calendars_of_desk = Calendars(at.journal)
    await calendars_of_desk.put(write(), office("UTC"))
    state = await calendars_of_desk.is_open(TENANT, Whose(calendar_id="office"), None)
    assert (state.is_open, state.at) == (True, at.clock.time)  # a Thursday at 12:00
    at.clock.forward(hours=6)
    opening = await calendars_of_desk.next_open(TENANT, Whose(queue_id="desk"), None)
    assert (opening.opens, opening.calendar) == (at.clock.time, None)
    opening = await calendars_of_desk.next_open(TENANT, Whose(calendar_id="office"), None)
    assert opening.opens == utc("2025-05-02T09:00")
    assert opening.closes == opening.opens + timedelta(hours=3.5)
