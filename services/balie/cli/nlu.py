"""`balie nlu`: training data and models of intents. What a command does is in its own module."""

from pathlib import Path
from typing import Annotated

import typer

from balie.cli.extras import libraries_of
from balie.cli.nlu_options import Lang, Languages, OosLabels, TrainingFiles, tags_of

nlu_app = typer.Typer(help="What customers mean: training data and models of intents.", no_args_is_help=True)


@nlu_app.command("validate")
def nlu_validate(
    files: TrainingFiles,
    languages: Languages = "nl,de,en",
    lang: Lang = "",
    oos_label: OosLabels = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(help="A check whose findings are not wanted, as --json names it; may be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show every finding, not the first few.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Find what is wrong with training data, or may be, with file and line. Exits with 1 on errors.

    Conflicting labels, near-duplicates across labels, wrong languages, labels with few examples, broken characters and
    more. Takes a second for a thousand examples, some ten for fifteen thousand.

    Example: balie nlu validate data/nlu.yml more.csv --languages nl,en
    """
    with libraries_of("nlu"):
        from balie.cli.nlu_validate import run_validate

    found_worse = run_validate(
        files,
        tags_of(languages),
        language=lang,
        oos_labels=oos_label,
        skip=skip or (),
        strict=strict,
        show_all=show_all,
        as_json=as_json,
    )
    if found_worse:
        raise typer.Exit(1)


@nlu_app.command("convert")
def nlu_convert(
    files: TrainingFiles,
    to: Annotated[str, typer.Option(help="Format to write.", metavar="jsonl|csv|rasa|yaml")],
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="standard output")] = None,
    languages: Annotated[
        str,
        typer.Option(
            "--languages",
            "-l",
            help="Languages that examples without one may be in, as tags.",
            show_default="none is told from the words",
        ),
    ] = "",
    lang: Lang = "",
    oos_label: OosLabels = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> None:
    """Write training data in another format: all examples of the files, in their order.

    What the format cannot hold is said, or refused: Rasa's synonyms and lookup tables are left out.

    Example: balie nlu convert data/nlu.yml --to jsonl --lang en --out examples.jsonl
    """
    with libraries_of("nlu"):
        from balie.cli.nlu_convert import run_convert

    run_convert(files, to, out, tags_of(languages), language=lang, oos_labels=oos_label, replace=replace)
