"""`balie faq`: the knowledge of the FAQ service. What a command does is in its own module."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.faq_index import index_app

faq_app = typer.Typer(help="The knowledge of the FAQ service.", no_args_is_help=True)
faq_app.add_typer(index_app, name="index")


@faq_app.command("import")
def faq_import(
    file: Annotated[Path, typer.Argument(help="YAML or JSON Lines of entries.", exists=True, dir_okay=False)],
    collection: Annotated[str, typer.Option(help="The collection to fill; it is made when it is not there.")],
    languages: Annotated[str, typer.Option(help="Its languages, best first.")] = "nl,de,en",
    faq: Annotated[
        str, typer.Option(envvar="BALIE_FAQ", help="Address of FAQ, host:port.")
    ] = "127.0.0.1:50053",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and change nothing.")] = False,
) -> None:
    """Import questions and answers. Importing the same file again changes nothing. Exits with 1 when an entry was refused."""
    from balie.cli.faq_import import run_import

    refused = asyncio.run(run_import(faq, file, collection, tuple(languages.split(",")), dry_run=dry_run))
    if refused:
        raise typer.Exit(1)
