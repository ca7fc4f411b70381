"""`balie calendar`: its commands and their arguments. What they do is in modules of their own."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

calendar_app = typer.Typer(help="When a queue is open: hours, lunch breaks, holidays.", no_args_is_help=True)

HANDOFF_ADDRESS = "127.0.0.1:50054"

Handoff = Annotated[str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")]
Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", help="YAML of a calendar; may be several.", exists=True, dir_okay=False),
]
CalendarId = Annotated[str, typer.Argument(metavar="CALENDAR", help="A calendar's id.")]
Queues = Annotated[list[str], typer.Argument(metavar="QUEUE", help="Ids of queues.")]
Days = Annotated[int, typer.Option(min=1, max=400, help="Days to show.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@calendar_app.command("check")
def calendar_check(
    files: Files,
    at: Annotated[
        str,
        typer.Option(
            help="Moment to look at, such as 2026-12-25T10:00 by the calendar's clock, or with Z or +01:00.",
            show_default="now",
        ),
    ] = "",
    days: Days = 14,
) -> None:
    """Check files of calendars without a service, and show whether they are open at a moment and the days from then on.

    Exits with 1 when a file has a mistake; each is told with its line.

    Example: balie calendar check office.yaml --at 2026-12-25T10:00
    """
    from balie.cli.calendar_show import run_check

    run_check(files, at, days)


@calendar_app.command("put")
def calendar_put(files: Files, handoff: Handoff = HANDOFF_ADDRESS) -> None:
    """Store calendars, each in place of the one of its id; queues that use it follow at once.

    All files are read first: when one has a mistake, none is stored.

    Example: balie calendar put office.yaml
    """
    from balie.cli.calendar_calls import run_put

    asyncio.run(run_put(handoff, files))


@calendar_app.command("list")
def calendar_list(handoff: Handoff = HANDOFF_ADDRESS, as_json: Json = False) -> None:
    """List the calendars, whether they are open now, and which queues use them."""
    from balie.cli.calendar_calls import run_list

    asyncio.run(run_list(handoff, as_json=as_json))


@calendar_app.command("show")
def calendar_show(
    calendar: CalendarId, days: Days = 14, handoff: Handoff = HANDOFF_ADDRESS, as_json: Json = False
) -> None:
    """Show whether a calendar is open now, and its hours on the days to come.

    Example: balie calendar show office --days 7
    """
    from balie.cli.calendar_calls import run_show

    asyncio.run(run_show(handoff, calendar, days, as_json=as_json))


@calendar_app.command("attach")
def calendar_attach(calendar: CalendarId, queues: Queues, handoff: Handoff = HANDOFF_ADDRESS) -> None:
    """Let queues be open when a calendar says so.

    Example: balie calendar attach office service webshop
    """
    from balie.cli.calendar_calls import run_attach

    asyncio.run(run_attach(handoff, calendar, queues))


@calendar_app.command("detach")
def calendar_detach(queues: Queues, handoff: Handoff = HANDOFF_ADDRESS) -> None:
    """Let queues be open always, without a calendar."""
    from balie.cli.calendar_calls import run_attach

    asyncio.run(run_attach(handoff, "", queues))


@calendar_app.command("delete")
def calendar_delete(
    calendars: Annotated[list[str], typer.Argument(metavar="CALENDAR", help="Calendars that no queue uses.")],
    handoff: Handoff = HANDOFF_ADDRESS,
) -> None:
    """Delete calendars."""
    from balie.cli.calendar_calls import run_delete

    asyncio.run(run_delete(handoff, calendars))
