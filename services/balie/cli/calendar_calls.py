"""`balie calendar put`, `list`, `show`, `attach`, `detach` and `delete`: what the handoff service is asked."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from rich.table import Table
from rich.text import Text

from balie.api.handoff.v1 import calendar_pb2, calendar_service_pb2, handoff_pb2, queue_service_pb2
from balie.cli.calendar_show import brief_of, drawn, read_all
from balie.cli.console import console, fail, printable
from balie.cli.listing import explaining, listed
from balie.client import Balie
from balie.handoff.calendars.convert import calendar_from_proto, calendar_to_proto
from balie.handoff.calendars.timetable import Timetable
from balie.kit.errors import Failure
from balie.kit.ids import new_id

_CALL_SECONDS = 30.0


async def run_put(address: str, files: Sequence[Path]) -> None:
    """Stores the calendars of files; none when one has a mistake."""
    calendars = read_all(files)
    async with Balie(handoff=address) as client:
        with explaining(address):
            for calendar in calendars:
                request = calendar_service_pb2.UpsertCalendarRequest(
                    calendar=calendar_to_proto(calendar), request_id=new_id()
                )
                await client.calendars.UpsertCalendar(request, timeout=_CALL_SECONDS)
                console.print(
                    Text(f"{calendar.id} is stored: {brief_of(Timetable(calendar), datetime.now(UTC))}")
                )


async def run_list(address: str, *, as_json: bool) -> None:
    """Prints all calendars."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            calendars = [one async for one in _calendars(client)]
            queues = [one async for one in _queues(client)]
    if as_json:
        _print_json(*calendars)
        return
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("calendar", "zone", "now", "queues"):
        table.add_column(column)
    now = datetime.now(UTC)
    for one in calendars:
        using = ", ".join(queue.id for queue in queues if queue.calendar_id == one.id)
        state = brief_of(_timetable(one), now)
        table.add_row(Text(one.id, style="bold"), one.time_zone, Text(state), Text(printable(using)))
    console.print(table)
    console.print(Text(f"{len(calendars)} calendars", style="dim"))


async def run_show(address: str, calendar_id: str, days: int, *, as_json: bool) -> None:
    """Prints a calendar and the days to come."""
    request = calendar_service_pb2.GetCalendarRequest(calendar_id=calendar_id)
    async with Balie(handoff=address) as client:
        with explaining(address):
            found = (await client.calendars.GetCalendar(request, timeout=_CALL_SECONDS)).calendar
    if as_json:
        _print_json(found)
    else:
        console.print(drawn(_timetable(found), datetime.now(UTC), days))


async def run_attach(address: str, calendar_id: str, queue_ids: Sequence[str]) -> None:
    """Gives queues a calendar, or none when its id is empty."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            for queue_id in queue_ids:
                asked = queue_service_pb2.GetQueueRequest(queue_id=queue_id)
                queue = (await client.queues.GetQueue(asked, timeout=_CALL_SECONDS)).queue
                queue.calendar_id = calendar_id
                request = queue_service_pb2.UpsertQueueRequest(queue=queue, request_id=new_id())
                await client.queues.UpsertQueue(request, timeout=_CALL_SECONDS)
                follows = f"is open when {calendar_id} says so" if calendar_id else "is always open"
                console.print(Text(f"{queue_id} {follows}"))


async def run_delete(address: str, ids: Sequence[str]) -> None:
    """Deletes calendars; ends the command at the first that cannot be."""
    async with Balie(handoff=address) as client:
        with explaining(address):
            for calendar_id in ids:
                request = calendar_service_pb2.DeleteCalendarRequest(
                    calendar_id=calendar_id, request_id=new_id()
                )
                await client.calendars.DeleteCalendar(request, timeout=_CALL_SECONDS)
                console.print(Text(f"{calendar_id} is deleted"))


def _calendars(client: Balie) -> AsyncIterator[calendar_pb2.Calendar]:
    request = calendar_service_pb2.ListCalendarsRequest()
    return listed(client.calendars.ListCalendars, request, lambda page: page.calendars)


def _queues(client: Balie) -> AsyncIterator[handoff_pb2.Queue]:
    request = queue_service_pb2.ListQueuesRequest()
    return listed(client.queues.ListQueues, request, lambda page: page.queues)


def _timetable(found: calendar_pb2.Calendar) -> Timetable:
    try:
        return Timetable(calendar_from_proto(found))
    except Failure as failure:  # this machine knows less of time zones than the service
        fail(failure.message)


def _print_json(*found: calendar_pb2.Calendar) -> None:
    for one in found:
        console.out(json.dumps(MessageToDict(one, preserving_proto_field_name=True), ensure_ascii=False))
