"""The commands, their arguments and their help. What they do is in the module of the same name."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from balie.cli.bench_faq import bench_faq_app
from balie.cli.bench_nlu import bench_app
from balie.cli.bench_route import bench_route_app
from balie.cli.calendar import calendar_app
from balie.cli.console import console
from balie.cli.desk import SAMPLE, Desk
from balie.cli.encoder import encoder_app
from balie.cli.encoder_options import EncoderFolder
from balie.cli.eval import eval_app
from balie.cli.faq import faq_app
from balie.cli.nlu import nlu_app
from balie.cli.route import route_app
from balie.cli.settings import CliSettings
from balie.cli.simulate import simulate
from balie.cli.suite import Addresses
from balie.cli.supervise import desk_app

if TYPE_CHECKING:
    from balie.cli.up import Plan

_EPILOG = """A first look, in three terminals: `balie up`, then `balie chat`, then `balie agent`."""

app = typer.Typer(
    help="Balie: a customer-messaging desk of four gRPC services. It understands a message, answers what it can vouch for, "
    "and hands the rest to a person.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
bench_app.add_typer(bench_faq_app)
bench_app.add_typer(bench_route_app)
app.add_typer(bench_app, name="bench")
app.add_typer(calendar_app, name="calendar")
app.add_typer(desk_app, name="desk")
app.add_typer(encoder_app, name="encoder")
app.add_typer(eval_app, name="eval")
app.add_typer(faq_app, name="faq")
app.add_typer(nlu_app, name="nlu")
app.add_typer(route_app, name="route")
app.command()(simulate)

Gateway = Annotated[str, typer.Option(envvar="BALIE_GATEWAY", help="Address of the gateway, host:port.")]
DeskFolder = Annotated[
    Path,
    typer.Option(
        "--desk",
        help="Folder with faq, intents, keywords, follow_ups, desk and demo, maybe calendars; default: the sample ferry line.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder for databases and the trained model.", show_default="the user's data folder"
    ),
]
FreePorts = Annotated[
    bool, typer.Option("--free-ports", help="Listen on free ports instead of 50051 to 50054.")
]
Logs = Annotated[bool, typer.Option("--logs/--no-logs", help="Show the services' logs.")]


@app.command()
def up(
    desk: DeskFolder = SAMPLE,
    data: Data = None,
    encoder: EncoderFolder = None,
    free_ports: FreePorts = False,
    logs: Logs = True,
    play: Annotated[
        bool, typer.Option("--play", help="Play the desk's demo once everything is ready.")
    ] = False,
) -> None:
    """Start the four services on this machine, with SQLite, and stay up until Ctrl-C.

    The first start trains the intents and takes some seconds more. A service that falls is started again.
    """
    from balie.cli.up import up as run

    asyncio.run(run(_plan(desk, data, encoder, free_ports=free_ports, logs=logs), demo=play))


@app.command()
def demo(desk: DeskFolder = SAMPLE, encoder: EncoderFolder = None, logs: Logs = False) -> None:
    """Start the suite in a folder of its own, play the desk's demo, and stop.

    Exits with 1 when a turn did not end as the demo file says.
    """
    import tempfile

    from balie.cli.up import run_demo

    with tempfile.TemporaryDirectory(prefix="balie-demo-") as data:
        outcome = asyncio.run(run_demo(_plan(desk, Path(data), encoder, free_ports=True, logs=logs)))
    if outcome.mistakes:
        raise typer.Exit(1)


@app.command()
def chat(
    gateway: Gateway = "127.0.0.1:50051",
    contact: Annotated[str, typer.Option("--as", help="Who writes: a contact's id.")] = "terminal",
    language: Annotated[
        str, typer.Option(help="The contact's language, such as nl; told from the text otherwise.")
    ] = "",
    conversation: Annotated[str, typer.Option(help="A conversation to go on with.")] = "",
) -> None:
    """Chat with the desk as a customer. Reads from a pipe as well."""
    from balie.cli.chat import chat as run

    asyncio.run(run(gateway, contact, language=language, conversation_id=conversation))


@app.command()
def agent(
    name: Annotated[str, typer.Argument(metavar="AGENT", help="Who works: an agent's id.")] = "",
    gateway: Gateway = "127.0.0.1:50051",
    handoff: Annotated[
        str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")
    ] = "127.0.0.1:50054",
) -> None:
    """Work at the desk as a person, in several chats at once: take offers, use suggested answers, reply, pass on, hand back.

    At a terminal with a status of all chats below the prompt; reads from a pipe as well.
    """
    from balie.cli.agent.run import run_desk

    asyncio.run(run_desk(gateway, handoff, name or Desk(SAMPLE).first_agent))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a customer would write.")],
    gateway: Gateway = "127.0.0.1:50051",
    wait: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for the answer.")] = 10.0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was understood, found and decided, and why.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the replies and the turn as JSON.")] = False,
) -> None:
    """Ask one question and print the answer. Exits with 1 when none came in time."""
    from balie.cli.ask import ask as run

    if not asyncio.run(run(gateway, question, wait_seconds=wait, explain=explain, as_json=json)):
        raise typer.Exit(1)


@app.command()
def fill(
    desk: DeskFolder = SAMPLE,
    faq: Annotated[
        str, typer.Option(envvar="BALIE_FAQ", help="Address of FAQ, host:port.")
    ] = "127.0.0.1:50053",
    handoff: Annotated[
        str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")
    ] = "127.0.0.1:50054",
) -> None:
    """Give a running suite a desk's knowledge, calendars, queues, people and canned replies. Doing it again changes nothing.

    `balie up` does this by itself. Exits with 1 when an entry was refused.
    """
    from balie.cli.filling import fill_suite

    if asyncio.run(fill_suite(desk, faq, handoff)):
        raise typer.Exit(1)


@app.command()
def figures(
    queues: Annotated[
        list[str] | None, typer.Argument(metavar="QUEUE", help="Ids of queues; all of them otherwise.")
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            help="From when on, such as 2026-11-01 or 2026-11-01T09:00, by the zone's clock.",
            show_default="a day before the end",
        ),
    ] = "",
    until: Annotated[
        str, typer.Option(help="Up to when, that moment itself left out.", show_default="now")
    ] = "",
    by: Annotated[
        Literal["hour", "day"] | None, typer.Option(help="Parts of the period to show as well.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the IANA database.")] = "UTC",
    handoff: Annotated[
        str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")
    ] = "127.0.0.1:50054",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how the desk did: what was asked for, how long it took, what was promised, and what contacts thought of it.

    Example: balie figures service --since 2026-11-01 --until 2026-12-01 --by day --zone Europe/Amsterdam
    """
    from balie.cli.figures import Wanted, run_figures

    asyncio.run(run_figures(handoff, Wanted(tuple(queues or ()), since, until, by, zone), as_json=json))


@bench_app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    messages: Annotated[
        list[Path] | None,
        typer.Option(
            "--messages",
            help="JSON Lines with `text`; may be given again.",
            show_default="the sample desk's questions",
        ),
    ] = None,
    desk: DeskFolder = SAMPLE,
    encoder: EncoderFolder = None,
    seconds: Annotated[float, typer.Option(min=1, help="Time at each number in flight.")] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure the suite at 1, 16 and 64 messages in flight, beside the bare encoder and a bare gRPC echo."""
    if context.invoked_subcommand:
        return
    import contextlib
    import json as codec
    import sys
    import tempfile

    from balie.cli.bench.figures import shown
    from balie.cli.bench.run import run

    with tempfile.TemporaryDirectory(prefix="balie-bench-") as data, contextlib.ExitStack() as quiet:
        plan = _plan(desk, Path(data), encoder, free_ports=True, logs=False)
        if json:
            quiet.callback(setattr, console, "quiet", console.quiet)
            console.quiet = True
        report = asyncio.run(run(plan, messages or [], seconds=seconds))
    if json:
        sys.stdout.write(codec.dumps(report.as_dict(), indent=2) + "\n")
    else:
        console.print(shown(report))


def _plan(desk: Path, data: Path | None, encoder: Path | None, *, free_ports: bool, logs: bool) -> "Plan":
    from balie.cli.up import Plan

    settings = CliSettings.load()
    return Plan(
        desk=desk,
        data=data or settings.data_folder,
        encoder=encoder or settings.encoder_folder,
        addresses=Addresses.free() if free_ports else Addresses.usual(),
        show_logs=logs,
    )
