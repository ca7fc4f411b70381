"""The calendars' servicer: it translates, and leaves the rest to the calendars."""

from typing import Any

from balie.api.handoff.v1 import calendar_service_pb2, calendar_service_pb2_grpc
from balie.handoff.acting import OPERATORS, STAFF
from balie.handoff.calendars import convert
from balie.handoff.calendars.calendars import Calendars
from balie.kit import bounds, call
from balie.kit.paging import decode_page, encode_page, page_size

_CALENDARS = ("calendars",)  # the list that tokens of pages are bound to


class CalendarService(calendar_service_pb2_grpc.CalendarServiceServicer):
    """Manages calendars and says whether it is open."""

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars

    async def UpsertCalendar(
        self, request: calendar_service_pb2.UpsertCalendarRequest, context: Any
    ) -> calendar_service_pb2.UpsertCalendarResponse:
        """Makes a calendar or replaces one."""
        call.caller().require(*OPERATORS)
        calendar = await self._calendars.put(call.write(request), convert.calendar_of(request))
        return calendar_service_pb2.UpsertCalendarResponse(calendar=convert.calendar_to_proto(calendar))

    async def GetCalendar(
        self, request: calendar_service_pb2.GetCalendarRequest, context: Any
    ) -> calendar_service_pb2.GetCalendarResponse:
        """Reads a calendar."""
        tenant = call.caller().require(*STAFF).tenant
        calendar = await self._calendars.get(tenant, bounds.identifier("calendar_id", request.calendar_id))
        return calendar_service_pb2.GetCalendarResponse(calendar=convert.calendar_to_proto(calendar))

    async def ListCalendars(
        self, request: calendar_service_pb2.ListCalendarsRequest, context: Any
    ) -> calendar_service_pb2.ListCalendarsResponse:
        """Lists calendars."""
        tenant = call.caller().require(*STAFF).tenant
        after, size = decode_page(_CALENDARS, request.page_token), page_size(request)
        calendars, last = await self._calendars.page(tenant, after=after, size=size)
        return calendar_service_pb2.ListCalendarsResponse(
            calendars=map(convert.calendar_to_proto, calendars), next_page_token=encode_page(_CALENDARS, last)
        )

    async def DeleteCalendar(
        self, request: calendar_service_pb2.DeleteCalendarRequest, context: Any
    ) -> calendar_service_pb2.DeleteCalendarResponse:
        """Deletes a calendar."""
        call.caller().require(*OPERATORS)
        calendar_id = bounds.identifier("calendar_id", request.calendar_id)
        await self._calendars.delete(call.write(request), calendar_id)
        return calendar_service_pb2.DeleteCalendarResponse()

    async def IsOpen(
        self, request: calendar_service_pb2.IsOpenRequest, context: Any
    ) -> calendar_service_pb2.IsOpenResponse:
        """Says whether it is open."""
        tenant = call.caller().require(*STAFF).tenant
        whose, at = convert.whose_from_proto(request), convert.moment_from_proto(request)
        return convert.state_to_proto(await self._calendars.is_open(tenant, whose, at))

    async def NextOpen(
        self, request: calendar_service_pb2.NextOpenRequest, context: Any
    ) -> calendar_service_pb2.NextOpenResponse:
        """Says when it is open first."""
        tenant = call.caller().require(*STAFF).tenant
        whose, at = convert.whose_from_proto(request), convert.moment_from_proto(request)
        return convert.opening_to_proto(await self._calendars.next_open(tenant, whose, at))
