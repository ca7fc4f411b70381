"""`balie up` and `balie demo`: the suite on this machine, filled, shown, and stopped again."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from balie.cli.console import COLOURS, console, explain_failure, fail
from balie.cli.desk import Desk, DeskFolderWrong
from balie.cli.filling import fill_suite
from balie.cli.logview import LogView
from balie.cli.play import Outcome, play
from balie.cli.processes import ServiceFell
from balie.cli.suite import SERVICES, Addresses, Suite
from balie.encoders.build import ensure as ensure_encoder
from balie.encoders.errors import EncoderUnavailable
from balie.encoders.settings import EncoderSettings

T = TypeVar("T")

_HINT = 'Try [bold]balie chat[/], [bold]balie agent[/] in another terminal, or [bold]balie ask "…" --explain[/]. Ctrl-C stops.'


@dataclass(frozen=True)
class Plan:
    """What to start, and where."""

    desk: Path
    data: Path
    encoder: Path
    addresses: Addresses
    show_logs: bool


async def up(plan: Plan, *, demo: bool) -> None:
    """Runs the suite until Ctrl-C or SIGTERM.

    Args:
        plan: what to start, and where.
        demo: whether to play the desk's conversations once it is ready.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    log = LogView(shown=plan.show_logs)
    async with _running(plan, stop, log) as suite:
        if suite is None:
            return
        if demo:
            with log.silent():
                if await _or_stop(_play(plan, suite.addresses), stop) is None:
                    return
        console.print(_HINT)
        await stop.wait()
        console.print("stopping", style="dim")


async def run_demo(plan: Plan) -> Outcome:
    """Starts the suite, plays the desk's conversations, stops it, and returns what came of them."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with _running(plan, stop, LogView(shown=plan.show_logs)) as suite:
        outcome = None if suite is None else await _or_stop(_play(plan, suite.addresses), stop)
    if outcome is None:
        fail("The demo was stopped.", code=130)
    return outcome


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Suite]:
    """Runs the filled suite for the length of a block, for commands that bring their own work, such as the bench."""
    async with _running(plan, asyncio.Event(), LogView(shown=plan.show_logs)) as suite:
        if suite is None:
            fail("The suite was stopped.")
        yield suite


@asynccontextmanager
async def _running(plan: Plan, stop: asyncio.Event, log: LogView) -> AsyncIterator[Suite | None]:
    """Starts, fills and shows the suite; yields nothing when it was told to stop before that was done."""
    _encoder(plan.encoder)
    try:
        suite = Suite(
            Desk(plan.desk),
            plan.data,
            plan.encoder,
            plan.addresses,
            on_line=log,
            on_restart=_fell,
        )
        desk = Desk(plan.desk)
    except DeskFolderWrong as error:
        fail(str(error))
    await suite.start()
    try:
        started = await _or_stop(_start(suite, desk), stop)
        yield suite if started else None
    finally:
        await suite.stop()


async def _start(suite: Suite, desk: Desk) -> bool:
    fallen = ""
    try:
        await _until_ready(suite)
    except* ServiceFell as group:
        fallen = str(group.exceptions[0])
    if fallen:  # raised here, because what is raised above would reach Typer inside a group
        fail(fallen)
    await fill_suite(desk.folder, suite.addresses.faq, suite.addresses.handoff)
    return True


async def _until_ready(suite: Suite) -> None:
    """Waits for all four, with a table that fills as they come."""
    ready: set[str] = set()
    with Live(console=console, refresh_per_second=10, transient=False) as live:

        def draw(service: str = "") -> None:
            ready.add(service)
            live.update(_table(suite, ready))

        draw()
        await suite.ready(draw)


def _table(suite: Suite, ready: set[str]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for column in ("service", "address", "process", "state"):
        table.add_column(column)
    for service in reversed(SERVICES):
        state = (
            Text("● ready", style="green")
            if service in ready
            else Spinner("dots", Text("starting", style="yellow"))
        )
        address = getattr(suite.addresses, service)
        table.add_row(Text(service, style=COLOURS[service]), address, str(suite.pid(service)), state)
    return table


async def _play(plan: Plan, addresses: Addresses) -> Outcome:
    desk = Desk(plan.desk)
    try:
        outcome = await play(addresses, desk.conversations(), desk.first_agent)
    except grpc.RpcError as error:
        explain_failure(error, addresses.gateway)
    if outcome.mistakes:
        console.print(
            f"✗ {len(outcome.mistakes)} of {outcome.steps} steps ended otherwise than written",
            style="bold red",
        )
    else:
        console.print(f"✓ all {outcome.steps} steps ended as written", style="bold green")
    return outcome


async def _or_stop(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """Returns what the work returns, or nothing when told to stop before it has."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return None


def _encoder(folder: Path) -> None:
    """Builds the encoder when it is not there; leaves a whole one, and one that was adapted or exported, as it is."""
    with Progress(
        TextColumn("  encoder    "),
        BarColumn(bar_width=32),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=1.0)
        try:
            ensure_encoder(
                folder,
                precision=EncoderSettings.load().precision,
                progress=lambda step, share: progress.update(task, description=step, completed=share),
            )
        except EncoderUnavailable as error:
            fail(str(error))


def _fell(service: str, code: int) -> None:
    console.print(f"{service} ended with {code}; it is started again", style="bold yellow")
