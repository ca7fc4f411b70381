"""`balie desk`: what a supervisor sees of queues, agents and handoffs, and what they can do about it."""

import asyncio
from typing import Annotated

import typer

desk_app = typer.Typer(
    help="The desk as a supervisor sees it: queues, agents and handoffs; pass a handoff on, pause a queue.",
    no_args_is_help=True,
)

HANDOFF_ADDRESS = "127.0.0.1:50054"

Handoff = Annotated[str, typer.Option(envvar="BALIE_HANDOFF", help="Address of handoff, host:port.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]
Queues = Annotated[list[str], typer.Argument(metavar="QUEUE", help="Ids of queues.", show_default=False)]


@desk_app.command("queues")
def desk_queues(handoff: Handoff = HANDOFF_ADDRESS, as_json: Json = False) -> None:
    """List the queues: who waits, for how long, and whether they are paused."""
    from balie.cli.supervise_show import run_queues

    asyncio.run(run_queues(handoff, as_json=as_json))


@desk_app.command("agents")
def desk_agents(handoff: Handoff = HANDOFF_ADDRESS, as_json: Json = False) -> None:
    """List the agents: whether they are there, what their chats weigh, and what they may have."""
    from balie.cli.supervise_show import run_agents

    asyncio.run(run_agents(handoff, as_json=as_json))


@desk_app.command("handoffs")
def desk_handoffs(
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state", help="Only in this state; may be given again.", show_default="all that are open"
        ),
    ] = None,
    queue: Annotated[str, typer.Option("--queue", help="Only of this queue.", show_default="all")] = "",
    agent: Annotated[str, typer.Option("--agent", help="Only of this agent.", show_default="all")] = "",
    handoff: Handoff = HANDOFF_ADDRESS,
    as_json: Json = False,
) -> None:
    """List handoffs, those asked for longest ago first: how each stands, how long it waits, what was promised.

    Example: balie desk handoffs --queue service --state queued
    """
    from balie.cli.supervise_show import Wanted, run_handoffs

    wanted = Wanted(states=tuple(state or ()), queue=queue, agent=agent)
    asyncio.run(run_handoffs(handoff, wanted, as_json=as_json))


@desk_app.command("transfer")
def desk_transfer(
    handoff_id: Annotated[
        str, typer.Argument(metavar="HANDOFF", help="A handoff's id, or its end.", show_default=False)
    ],
    to_queue: Annotated[
        str, typer.Option("--to-queue", help="Queue it goes to.", show_default="stays in its own")
    ] = "",
    to_agent: Annotated[
        str, typer.Option("--to-agent", help="Agent it goes to.", show_default="anybody of the queue")
    ] = "",
    note: Annotated[str, typer.Option("--note", help="What the next agent should know.")] = "",
    handoff: Handoff = HANDOFF_ADDRESS,
) -> None:
    """Pass a handoff on to another queue or agent, whoever has it. It waits ahead of those asked for later.

    Example: balie desk transfer 9f3a --to-agent jonas --note "Speaks German only"
    """
    from balie.cli.supervise_calls import run_transfer

    if not to_queue and not to_agent:
        raise typer.BadParameter("name a queue, an agent or both.", param_hint="--to-queue or --to-agent")
    asyncio.run(run_transfer(handoff, handoff_id, to_queue=to_queue, to_agent=to_agent, note=note))


@desk_app.command("pause")
def desk_pause(queues: Queues, handoff: Handoff = HANDOFF_ADDRESS) -> None:
    """Offer nothing from queues for now. Who waits there waits on, and so do deadlines and promises."""
    from balie.cli.supervise_calls import run_pause

    asyncio.run(run_pause(handoff, queues, paused=True))


@desk_app.command("unpause")
def desk_unpause(queues: Queues, handoff: Handoff = HANDOFF_ADDRESS) -> None:
    """Offer what waits in queues again."""
    from balie.cli.supervise_calls import run_pause

    asyncio.run(run_pause(handoff, queues, paused=False))
