"""`balie route`: the policy that decides who speaks, what it decided and why, and what a changed one would decide."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

route_app = typer.Typer(
    help="Who speaks, and why: check a routing policy, try it on recorded turns, explain a decision.",
    no_args_is_help=True,
)

Handoff = Annotated[str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]

_ADDRESS = "127.0.0.1:50054"


@route_app.command("check")
def route_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy in YAML.", show_default=False)],
) -> None:
    """Read a policy, show its rules in their order, and name the version that decisions would carry.

    Exits with 1 when it cannot be used, and says on which line.
    """
    from balie.cli.route_policy import run_check

    run_check(file)


@route_app.command("show")
def route_show(
    version: Annotated[
        str, typer.Option("--version", help="A policy that was used.", show_default="the one in use")
    ] = "",
    handoff: Handoff = _ADDRESS,
) -> None:
    """Print the policy in use, or one that was used, as a file: a start for one of your own."""
    from balie.cli.route_policy import run_show

    asyncio.run(run_show(handoff, version))


@route_app.command("explain")
def route_explain(
    turn: Annotated[str, typer.Argument(metavar="TURN", help="A turn's id.", show_default=False)],
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Decide again by this file.", show_default=False)
    ] = None,
    version: Annotated[
        str,
        typer.Option(
            "--version", help="Decide again by a policy that was used.", show_default="the one that decided"
        ),
    ] = "",
    handoff: Handoff = _ADDRESS,
    as_json: Json = False,
) -> None:
    """Make a decision again, from what it was made from, and show what became of each rule."""
    from balie.cli.route_policy import run_explain

    asyncio.run(run_explain(handoff, turn, policy, version, as_json=as_json))


@route_app.command("replay")
def route_replay(
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="The policy to try.", show_default="the one in use"),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="How far back: a number and s, m, h or d, such as 7d.")
    ] = "1d",
    turns: Annotated[
        Path | None,
        typer.Option("--turns", help="Recorded turns to take in place of the service's.", show_default=False),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep the recorded turns in this file.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many turns.")] = 100_000,
    handoff: Handoff = _ADDRESS,
    as_json: Json = False,
) -> None:
    """Decide recorded turns again by a changed policy, and show what would be done otherwise. Nothing is changed by it.

    Exits with 1 when the policy cannot be used, and says on which line.
    """
    from balie.cli.route_replay import Wanted, run_replay

    wanted = Wanted(policy=policy, since=since, turns=turns, save=save, limit=limit, as_json=as_json)
    asyncio.run(run_replay(handoff, wanted))
