"""`balie nlu`: training data and models of intents, and keywords. What a command does is in its own module."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.extras import libraries_of
from balie.cli.nlu_keywords import keywords_app
from balie.cli.nlu_options import (
    NLU_ADDRESS,
    EngineOptions,
    Lang,
    Languages,
    Nlu,
    OosLabels,
    TrainingFiles,
    Version,
    options_of,
    tags_of,
)

nlu_app = typer.Typer(
    help="What customers mean: training data and models of intents, and keywords.", no_args_is_help=True
)
nlu_app.add_typer(keywords_app, name="keywords")


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


@nlu_app.command("train")
def nlu_train(
    files: TrainingFiles,
    nlu: Nlu = NLU_ADDRESS,
    name: Annotated[str, typer.Option(help="What to call the model.")] = "",
    engine: Annotated[
        str, typer.Option(help="Engine that learns.", show_default="the service's choice")
    ] = "",
    option: EngineOptions = None,
    max_wrong: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Greatest share of wrong among matches.", show_default="the service's"
        ),
    ] = None,
    max_wrong_choice: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Greatest share of choices without the right one.",
            show_default="the service's",
        ),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Chance that a promise is broken.", show_default="the service's"),
    ] = None,
    expected_out_of_scope: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of customers' messages that no intent is meant by.",
            show_default="the service's, or that of the examples",
        ),
    ] = None,
    activate: Annotated[
        bool, typer.Option("--activate", help="Understand messages with the model once it is trained.")
    ] = False,
    languages: Languages = "nl,de,en",
    lang: Lang = "",
    oos_label: OosLabels = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the model as JSON.")] = False,
) -> None:
    """Train a model on a running NLU service, and show what it is worth. Exits with 1 when it could not be trained.

    The service goes on when this command is stopped, or when it is restarted itself; balie nlu watch finds the training
    again. Messages are understood meanwhile as before.

    Example: balie nlu train data/nlu.yml --activate
    """
    with libraries_of("nlu"):
        from balie.api.nlu.v1.model_pb2 import Promise
        from balie.cli.nlu_train import Order, run_train

    promise = Promise(
        max_wrong=max_wrong,
        max_wrong_choice=max_wrong_choice,
        delta=delta,
        expected_out_of_scope=expected_out_of_scope,
    )
    order = Order(
        files=files,
        languages=tags_of(languages),
        language=lang,
        oos_labels=oos_label,
        name=name,
        engine=engine,
        options=options_of(option or ()),
        promise=promise,
    )
    if not asyncio.run(run_train(nlu, order, activated=activate, as_json=as_json)):
        raise typer.Exit(1)


@nlu_app.command("watch")
def nlu_watch(
    version: Version,
    nlu: Nlu = NLU_ADDRESS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the model as JSON.")] = False,
) -> None:
    """Follow a training to its end, and show what the model is worth. Exits with 1 when it could not be trained."""
    with libraries_of("nlu"):
        from balie.cli.nlu_train import run_watch

    if not asyncio.run(run_watch(nlu, version, as_json=as_json)):
        raise typer.Exit(1)


@nlu_app.command("models")
def nlu_models(
    version: Annotated[
        str, typer.Argument(metavar="[VERSION]", help="A model to show in full.", show_default="all of them")
    ] = "",
    nlu: Nlu = NLU_ADDRESS,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the models, newest first, with what they are worth; an arrow stands beside the one in use."""
    from balie.cli.nlu_models import run_models

    asyncio.run(run_models(nlu, version, as_json=as_json))


@nlu_app.command("activate")
def nlu_activate(version: Version, nlu: Nlu = NLU_ADDRESS) -> None:
    """Understand messages with a model from now on. It is loaded and tested first; no message fails or waits."""
    from balie.cli.nlu_change import run_activate

    asyncio.run(run_activate(nlu, version))


@nlu_app.command("rollback")
def nlu_rollback(nlu: Nlu = NLU_ADDRESS) -> None:
    """Go back to the model that was in use before this one."""
    from balie.cli.nlu_change import run_rollback

    asyncio.run(run_rollback(nlu))


@nlu_app.command("cancel")
def nlu_cancel(version: Version, nlu: Nlu = NLU_ADDRESS) -> None:
    """Cancel a training."""
    from balie.cli.nlu_change import run_cancel

    asyncio.run(run_cancel(nlu, version))


@nlu_app.command("delete")
def nlu_delete(
    versions: Annotated[list[str], typer.Argument(metavar="VERSION", help="Models that are not in use.")],
    nlu: Nlu = NLU_ADDRESS,
) -> None:
    """Delete models, with the examples that they were trained from."""
    from balie.cli.nlu_change import run_delete

    asyncio.run(run_delete(nlu, versions))
