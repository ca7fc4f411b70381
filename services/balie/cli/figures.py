"""`balie figures`: what the handoff service is asked, and how its answer looks."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from balie.api.handoff.v1 import figure_service_pb2
from balie.cli.calendar_show import moment_of
from balie.cli.console import console, explain_failure, printable
from balie.cli.figure_words import BRIEF, ROWS, share
from balie.client import Balie
from balie.handoff.calendars.errors import TimeZoneUnknown
from balie.handoff.calendars.zones import zone_of

_CALL_SECONDS = 60.0
_INTERVALS = {
    None: figure_service_pb2.FIGURE_INTERVAL_UNSPECIFIED,
    "hour": figure_service_pb2.FIGURE_INTERVAL_HOUR,
    "day": figure_service_pb2.FIGURE_INTERVAL_DAY,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which figures are wanted, as they were written.

    Attributes:
        queue_ids: the queues that are meant; empty means all.
        since: from when on; empty for a day before the end.
        until: up to when; empty for now.
        by: into which parts the period is cut as well.
        zone: by whose clock.
    """

    queue_ids: tuple[str, ...]
    since: str
    until: str
    by: Literal["hour", "day"] | None
    zone: str


async def run_figures(address: str, wanted: Wanted, *, as_json: bool) -> None:
    """Prints the figures of a period."""
    try:
        zone = zone_of(wanted.zone)
    except TimeZoneUnknown as unknown:
        raise typer.BadParameter(unknown.message, param_hint="--zone") from None
    request = _request(wanted, zone)
    async with Balie(handoff=address) as client:
        try:
            told = await client.figures.GetFigures(request, timeout=_CALL_SECONDS)
        except grpc.RpcError as error:
            explain_failure(error, address)
    if as_json:
        console.out(json.dumps(_as_dict(told), ensure_ascii=False))
    else:
        console.print(drawn(told, zone))


def _request(wanted: Wanted, zone: ZoneInfo) -> figure_service_pb2.GetFiguresRequest:
    return figure_service_pb2.GetFiguresRequest(
        queue_ids=wanted.queue_ids,
        start_time=_stamp(wanted.since, zone, "--since"),
        end_time=_stamp(wanted.until, zone, "--until"),
        interval=_INTERVALS[wanted.by],
        time_zone=wanted.zone,
    )


def _stamp(written: str, zone: ZoneInfo, option: str) -> Timestamp | None:
    if not written:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment_of(written, zone, option).astimezone(UTC))
    return stamp


def _as_dict(told: figure_service_pb2.GetFiguresResponse) -> dict[str, object]:
    """Returns an answer with its counts of nothing; measures of nothing are left out."""
    found: dict[str, object] = MessageToDict(
        told, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def drawn(told: figure_service_pb2.GetFiguresResponse, zone: ZoneInfo) -> RenderableType:
    """Returns figures as they are printed: of each queue, of what the bot did, and of each part."""
    start, end = (_local(stamp, zone) for stamp in (told.start_time, told.end_time))
    parts: list[RenderableType] = [Text(f"{start} to {end}, {zone.key}", style="bold"), Text(), _queues(told)]
    bot = told.bot
    if bot.routed:
        contained = f"{bot.contained} of {bot.routed} conversations"
        parts += [Text(), Text(f"the bot contained {contained}, {share(bot.contained_share)}")]
    if told.buckets:
        parts += [Text(), _buckets(told, zone)]
    return Group(*parts)


def _queues(told: figure_service_pb2.GetFiguresResponse) -> Table:
    columns = {one.queue_id: one.figures for one in told.queues}
    if len(columns) != 1:
        columns = {"all": told.total, **columns}
    table = _table("", *columns)
    for name, value in ROWS:
        cells = [value(figures) for figures in columns.values()]
        if any(cells):
            table.add_row(Text(name), *(Text(cell or "-") for cell in cells))
    return table


def _buckets(told: figure_service_pb2.GetFiguresResponse, zone: ZoneInfo) -> Table:
    table = _table("from", *(name for name, _ in BRIEF), "contained")
    for bucket in told.buckets:
        cells = [value(bucket.figures) for _, value in BRIEF]
        contained = share(bucket.bot.contained_share) if bucket.bot.HasField("contained_share") else ""
        table.add_row(
            _local(bucket.start_time, zone, year=""), *(Text(cell or "-") for cell in (*cells, contained))
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column(first)
    for name in others:
        table.add_column(printable(name), justify="right")
    return table


def _local(stamp: Timestamp, zone: ZoneInfo, year: str = " %Y") -> str:
    moment: datetime = stamp.ToDatetime(UTC)
    return moment.astimezone(zone).strftime(f"%a %d %b{year} %H:%M")
