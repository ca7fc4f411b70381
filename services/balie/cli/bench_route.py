"""`balie bench route`: its arguments and its help."""

import asyncio
from typing import Annotated

import typer

from balie.cli.bench_options import AsJson, Docs, end
from balie.cli.extras import libraries_of

bench_route_app = typer.Typer()


@bench_route_app.command("route")
def bench_route(
    handoffs: Annotated[
        list[int] | None,
        typer.Option(
            "--open",
            min=1,
            help="Open handoffs of a desk; repeat it for more desks. Without it 100 and 10000.",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of each measurement.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Time of one measurement.")] = 3.0,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Measure the router alone at 1 and 16 turns in flight, with few and with many open handoffs at the desk.

    Half of the handoffs are chats of agents who are full, half wait in ten queues; every turn is a new one, stored before it
    is answered. The desks take turns, so that a slow moment of the machine meets them all.

    Example: balie bench route --open 100 --open 10000
    """
    with libraries_of("cli"):
        from balie.cli.bench.route.figures import shown
        from balie.cli.bench.route.run import Plan, run
        from balie.cli.processes import until_stopped

    report = asyncio.run(until_stopped(run(Plan(handoffs or [100, 10_000], rounds, seconds))))
    end(shown(report), report.as_dict(), docs=(docs, "bench route"), as_json=as_json, failed=False)
