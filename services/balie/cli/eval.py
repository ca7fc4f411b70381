"""`balie eval`: what engines and retrievers are worth. What a command does is in its own module."""

from pathlib import Path
from typing import Annotated

import typer

from balie.cli.encoder_options import AsJson, EncoderFolder, folder_of
from balie.cli.eval_faq_command import eval_faq, eval_faq_table
from balie.cli.eval_options import Delta, MaxWrong, expected_share
from balie.cli.eval_policy_command import eval_policy
from balie.cli.extras import libraries_of
from balie.cli.nlu_options import EngineOptions, Lang, Languages, OosLabels, options_of, tags_of

eval_app = typer.Typer(
    help="Measure what is understood and what is found, on messages and questions of your own.",
    no_args_is_help=True,
)


@eval_app.command("nlu")
def eval_nlu(
    train: Annotated[
        list[Path],
        typer.Option(help="File or folder of examples to learn from; may be repeated.", exists=True),
    ],
    test: Annotated[
        list[Path] | None,
        typer.Option(help="File or folder of messages to judge; may be repeated.", exists=True),
    ] = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            help="File or folder of examples to learn the thresholds from; may be repeated.",
            show_default="held-out rankings of what is learned from",
            exists=True,
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Cross-validate on `--train` in so many parts instead of judging `--test`.")
    ] = 0,
    engine: Annotated[str, typer.Option(help="The engine's name.", show_default="the service's own")] = "",
    option: EngineOptions = None,
    max_wrong: MaxWrong = 0.05,
    max_wrong_delta: Delta = 0.1,
    out_of_scope: Annotated[
        float | None,
        typer.Option(
            "--out-of-scope",
            "--expected-out-of-scope",
            help="Share of customers' messages that no intent is meant by.",
            show_default="that of the examples",
            callback=expected_share,
        ),
    ] = None,
    languages: Languages = "nl,de,en",
    lang: Lang = "",
    oos_label: OosLabels = None,
    encoder: EncoderFolder = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder to keep vectors in, so that another run need not encode again."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a page with plots and all errors into.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an engine as the service does, judge messages that it has not seen, and show what it is worth.

    Files are Rasa's YAML, JSON Lines of `{"text", "label", "lang"}`, CSV, or Balie's own YAML; the label `oos` is what is
    out of scope. Every headline figure comes with its 95 % interval.

    `accuracy` is over all messages, with out of scope as a class of its own: a message in scope is right when it is
    accepted with the right intent, one out of scope when it is not accepted. `in_scope_accuracy` is of the best intent
    of messages in scope, accepted or not, and so does not depend on thresholds; `macro_f1` is of the same.
    `oos_recall_at_5` is the share of out of scope that is refused when 5 % of in scope may be. docs/nlu-evaluation.md
    says the others.

    Example: balie eval nlu --train train.jsonl --test test.jsonl --report report

    Example: balie eval nlu --train examples.yaml --folds 5 --out-of-scope 0.2 --json
    """
    if bool(test) == bool(folds):
        raise typer.BadParameter("name either --test or --folds")
    if folds and folds < 2:
        raise typer.BadParameter("--folds takes 2 at least")
    with libraries_of("nlu"):
        from balie.cli.eval_nlu import Asked, run_eval
        from balie.nlu.calibrating import Promise
        from balie.nlu.engines.registry import DEFAULT_ENGINE
        from balie.nlu.evaluation.running import Plan

    asked = Asked(
        plan=Plan(
            train=tuple(train),
            test=tuple(test or ()),
            valid=tuple(valid or ()),
            folds=folds,
            languages=tags_of(languages),
            language=lang,
            oos_labels=oos_label,
        ),
        engine=engine or DEFAULT_ENGINE,
        options=options_of(option or ()),
        promise=Promise(max_wrong=max_wrong, delta=max_wrong_delta, expected_out_of_scope=out_of_scope),
        encoder=folder_of(encoder),
        cache=cache,
        report=report,
    )
    run_eval(asked, as_json=as_json)


@eval_app.command("handoff")
def eval_handoff(
    test: Annotated[
        list[Path],
        typer.Option(help="File or folder of messages to judge; may be repeated.", exists=True),
    ],
    label: Annotated[str, typer.Option(help="Label of requests for a person.")] = "human",
    by: Annotated[
        str,
        typer.Option(help="Field of the rows to tell figures apart by as well, such as source (JSON Lines)."),
    ] = "",
    languages: Languages = "nl,de,en",
    lang: Lang = "",
    as_json: AsJson = False,
) -> None:
    """Judge by labelled messages how well NLU hears that a customer asks for a person.

    Files are those of `balie eval nlu`; rows with the label `human` are requests for a person, all others are none.
    docs/signals.md says what counts as one. Several files are told apart, too. Nothing is learned from such messages: what
    is told of one source is told of a source left out.

    Example: balie eval handoff --test requests.jsonl --json

    Example: balie eval handoff --test requests.jsonl --test everyday.jsonl --by source
    """
    with libraries_of("nlu"):
        from balie.cli.eval_handoff import run_eval_handoff

    run_eval_handoff(test, tags_of(languages), language=lang, label=label, by=by, as_json=as_json)


@eval_app.command("nlu-table")
def eval_nlu_table(
    data: Annotated[Path, typer.Option(help="Folder of the evaluation data, with `intents` in it.")],
    document: Annotated[
        Path | None,
        typer.Option(
            help="Document to write the tables into, between two marks.", show_default="standard output"
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A row to work out; may be repeated.", show_default="all")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Work rows out that are kept, too.")] = False,
    work: Annotated[
        Path, typer.Option(help="Folder of vectors, judged messages and results, so that a run can go on.")
    ] = Path("var/nlu-evaluation"),
    engine: Annotated[str, typer.Option(help="The engine's name.", show_default="the service's own")] = "",
    option: EngineOptions = None,
    max_wrong: MaxWrong = 0.05,
    max_wrong_delta: Delta = 0.1,
    encoder: EncoderFolder = None,
) -> None:
    """Run an engine on the public sets, and write the tables that stand in docs/nlu-evaluation.md.

    Sets with all examples and with ten of each intent, beside what others published, and the promise on a hundred
    random halves of what was judged. Rows that are kept are not worked out again, unless the files, the engine, the
    promise or the encoder changed. Exits with 1 when a row misses what is wanted of it.

    Example: balie eval nlu-table --data ../shared/data --document docs/nlu-evaluation.md

    Example: balie eval nlu-table --data ../shared/data --only askubuntu --only webapplications
    """
    with libraries_of("nlu"):
        from balie.cli.eval_table import Order, run_table
        from balie.nlu.calibrating import Promise
        from balie.nlu.engines.registry import DEFAULT_ENGINE

    order = Order(
        data=data,
        work=work,
        document=document,
        only=only or (),
        anew=anew,
        engine=engine or DEFAULT_ENGINE,
        options=options_of(option or ()),
        promise=Promise(max_wrong=max_wrong, delta=max_wrong_delta),
        encoder=folder_of(encoder),
    )
    run_table(order)


eval_app.command("faq")(eval_faq)
eval_app.command("faq-table")(eval_faq_table)
eval_app.command("policy")(eval_policy)
