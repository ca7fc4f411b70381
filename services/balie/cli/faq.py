"""`balie faq`: the knowledge of the FAQ service. What a command does is in its own module."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from balie.cli.encoder_options import EncoderFolder, folder_of
from balie.cli.eval_options import Delta, MaxWrong
from balie.cli.extras import libraries_of
from balie.cli.faq_index import index_app
from balie.cli.faq_review import review_app

faq_app = typer.Typer(help="What the desk knows: questions and answers.", no_args_is_help=True)
faq_app.add_typer(index_app, name="index")
faq_app.add_typer(review_app, name="review")

Faq = Annotated[str, typer.Option(envvar="BALIE_FAQ", help="Address of FAQ, host:port.")]
FAQ_ADDRESS = "127.0.0.1:50053"
_PRUNES = ("delete", "archive")
_MODES = [[mode] for mode in _PRUNES]


class _Pruning(TyperCommand):
    """A command whose `--prune` may stand alone, which means `--prune delete`; Typer has no such option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Returns the arguments that are left, after reading these."""
        whole: list[str] = []
        for place, argument in enumerate(args):
            whole.append(argument)
            if argument == "--prune" and args[place + 1 : place + 2] not in _MODES:
                whole.append(_PRUNES[0])
        return super().parse_args(ctx, whole)


@faq_app.command("import", cls=_Pruning)
def faq_import(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Entries as YAML, JSON Lines or CSV, a FAQPage as JSON-LD, or a web page that holds one.",
            show_default=False,
        ),
    ],
    collection: Annotated[str, typer.Option(help="The collection to fill; it is made when it is not there.")],
    languages: Annotated[
        str,
        typer.Option(
            help="Its languages, best first.", show_default="as they are, or for a new one those of the files"
        ),
    ] = "",
    lang: Annotated[
        str, typer.Option(help="Language of texts for which a file names none.", show_default=False)
    ] = "",
    encoding: Annotated[
        str,
        typer.Option(
            help="Encoding of the files, such as windows-1252.", show_default="UTF-8, or UTF-16 with its mark"
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files and change nothing.")] = False,
    prune: Annotated[
        str,
        typer.Option(
            "--prune",
            help="Delete the collection's entries that are not in the files, or archive them with --prune archive.",
            metavar="[delete|archive]",
            show_default=False,
        ),
    ] = "",
    faq: Faq = FAQ_ADDRESS,
) -> None:
    """Import questions and answers. Importing the same files again changes nothing.

    All files are read to their end first: whatever is wrong is told with file and line, and nothing is written. Exits with 1
    then, and when the service refused an entry. Nothing is pruned unless every entry was taken.

    Example: balie faq import faq.csv --collection webshop --prune archive
    """
    if prune and prune not in _PRUNES:
        raise typer.BadParameter(
            f"{prune} is neither {' nor '.join(_PRUNES)}.",
            param_hint="--prune",
        )
    with libraries_of("faq"):
        from balie.cli.faq_import import Order, run_import

    order = Order(
        files=files,
        collection=collection,
        languages=tuple(filter(None, map(str.strip, languages.split(",")))),
        language=lang,
        encoding=encoding,
        dry_run=dry_run,
        prune=prune,
    )
    if asyncio.run(run_import(faq, order)):
        raise typer.Exit(1)


@faq_app.command("export")
def faq_export(
    collection: Annotated[str, typer.Option(help="The collection to read.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; it is there whole or not at all.", show_default="standard output"),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="jsonl|csv|yaml|jsonld",
            help="Format to write.",
            show_default="by the ending of --out, or jsonl",
        ),
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
    faq: Faq = FAQ_ADDRESS,
) -> None:
    """Export all entries of a collection. Importing what was exported changes nothing.

    Example: balie faq export --collection webshop --out faq.csv
    """
    with libraries_of("faq"):
        from balie.cli.faq_export import run_export

    run_export(faq, collection, out, to, replace=replace)


@faq_app.command("history")
def faq_history(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry's id.")],
    collection: Annotated[str, typer.Option(help="Its collection.")],
    limit: Annotated[int, typer.Option(min=1, max=500, help="Changes to show, the newest.")] = 20,
    faq: Faq = FAQ_ADDRESS,
) -> None:
    """Show who changed an entry, when, and what it held then; newest first.

    Example: balie faq history dogs --collection webshop
    """
    from balie.cli.faq_history import run_history

    asyncio.run(run_history(faq, collection, entry, limit))


@faq_app.command("restore")
def faq_restore(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry's id.")],
    revision: Annotated[int, typer.Argument(min=1, metavar="REVISION", help="A number that history shows.")],
    collection: Annotated[str, typer.Option(help="Its collection.")],
    faq: Faq = FAQ_ADDRESS,
) -> None:
    """Give an entry again what it held after an earlier change. That is a change too, and can be undone.

    Example: balie faq restore dogs 3 --collection webshop
    """
    from balie.cli.faq_history import run_restore

    asyncio.run(run_restore(faq, collection, entry, revision))


@faq_app.command("tune")
def faq_tune(
    entries: Annotated[
        list[Path],
        typer.Option(help="File of entries, of any kind that `balie faq import` reads; may be repeated."),
    ],
    queries: Annotated[
        list[Path],
        typer.Option(help="File of questions with the ids of the entries that answer them; may be repeated."),
    ],
    to: Annotated[
        Path | None, typer.Option(help="File to write the proposal into.", show_default="it is only shown")
    ] = None,
    tuned: Annotated[
        Path | None, typer.Option(help="An earlier proposal to start from.", show_default="what ships")
    ] = None,
    max_wrong: MaxWrong = 0.05,
    max_wrong_delta: Delta = 0.1,
    encoder: EncoderFolder = None,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep vectors in.")] = None,
) -> None:
    """Learn from questions of your customers how to weigh meaning and words, and how sure to be.

    Files are those of `balie eval faq`. The proposal is shown beside what is there, on questions that it did not learn from,
    and changes nothing until the service is told to use it.

    Example: balie faq tune --entries faq.yaml --queries asked.jsonl --to tuned.json
    """
    with libraries_of("nlu"):  # what learns comes with it
        from balie.cli.faq_tune import Order, run_tune
        from balie.faq.knowledge.files import Source

    run_tune(
        Order(
            entries=[Source(file) for file in entries],
            queries=[Source(file) for file in queries],
            max_wrong=max_wrong,
            delta=max_wrong_delta,
            encoder=folder_of(encoder),
            to=to,
            tuned=tuned,
            cache=cache,
        )
    )
