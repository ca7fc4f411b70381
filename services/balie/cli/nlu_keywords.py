"""`balie nlu keywords`: its commands and their arguments. What they do is in modules of their own."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.extras import libraries_of
from balie.cli.nlu_options import NLU_ADDRESS, Nlu

keywords_app = typer.Typer(
    help="Words, codes and names that say by themselves what a message is about.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@keywords_app.command("import")
def keywords_import(
    file: Annotated[
        Path, typer.Argument(help="YAML or JSON Lines of keywords.", exists=True, dir_okay=False)
    ],
    nlu: Nlu = NLU_ADDRESS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and change nothing.")] = False,
) -> None:
    """Import keywords. Importing the same file again changes nothing. Exits with 1 when a keyword was refused.

    Example: balie nlu keywords import articles.jsonl --dry-run
    """
    with libraries_of("nlu"):
        from balie.cli.nlu_keywords_import import run_import

    if asyncio.run(run_import(nlu, file, dry_run=dry_run)):
        raise typer.Exit(1)


@keywords_app.command("list")
def keywords_list(
    keyword: Annotated[
        str, typer.Argument(metavar="[ID]", help="A keyword to show.", show_default="all of them")
    ] = "",
    nlu: Nlu = NLU_ADDRESS,
    as_json: Json = False,
) -> None:
    """List the keywords, those of the service's file among them, or show one."""
    from balie.cli.nlu_keywords_show import run_list

    asyncio.run(run_list(nlu, keyword, as_json=as_json))


@keywords_app.command("find")
def keywords_find(
    text: Annotated[str, typer.Argument(help="What a customer would write.")],
    nlu: Nlu = NLU_ADDRESS,
    language: Annotated[
        str, typer.Option(help="Its language, such as nl; told from the text otherwise.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Show which keywords a text holds, by which rule, where, and what they point at. Exits with 1 when it holds none."""
    from balie.cli.nlu_keywords_show import run_find

    if not asyncio.run(run_find(nlu, text, language, as_json=as_json)):
        raise typer.Exit(1)


@keywords_app.command("delete")
def keywords_delete(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Keywords that were imported or written.")],
    nlu: Nlu = NLU_ADDRESS,
) -> None:
    """Delete keywords."""
    from balie.cli.nlu_keywords_show import run_delete

    asyncio.run(run_delete(nlu, ids))


@keywords_app.command("bench")
def keywords_bench(
    count: Annotated[
        list[int] | None,
        typer.Option(
            "--keywords", min=1, help="Size of a catalogue; may be repeated.", show_default="1000 and 100000"
        ),
    ] = None,
    messages: Annotated[
        list[Path] | None,
        typer.Option(help="JSON Lines with `text` and maybe `lang`, measured as well; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure what keywords cost on this machine: processor time to load and for each message, and memory."""
    with libraries_of("nlu"):
        from balie.cli.nlu_keywords_bench import run_bench

    run_bench(count or [1000, 100_000], messages or [], as_json=as_json)
