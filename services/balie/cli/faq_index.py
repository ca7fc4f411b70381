"""`balie faq index`: the index of a collection, on the replica that answers."""

import asyncio
from typing import Annotated

import typer

index_app = typer.Typer(help="Indexes of collections, on the replica that answers.", no_args_is_help=True)

Collection = Annotated[str, typer.Argument(help="The collection.")]
Faq = Annotated[str, typer.Option(envvar="BALIE_FAQ", help="Address of FAQ, host:port.")]
Json = Annotated[bool, typer.Option("--json", help="Print the index as JSON.")]

_ADDRESS = "127.0.0.1:50053"


@index_app.command("show")
def index_show(collection: Collection, faq: Faq = _ADDRESS, as_json: Json = False) -> None:
    """Show what an index holds, how, and whether another one is being built."""
    from balie.cli.faq_index_calls import run_show

    asyncio.run(run_show(faq, collection, as_json=as_json))


@index_app.command("rebuild")
def index_rebuild(collection: Collection, faq: Faq = _ADDRESS, as_json: Json = False) -> None:
    """Build an index anew from the store, with a bar, and show it. The old one serves until the new one is whole.

    The service goes on when this command is stopped; given again, it joins the rebuild that is under way.
    """
    from balie.cli.faq_index_calls import run_rebuild

    asyncio.run(run_rebuild(faq, collection, as_json=as_json))
