"""`balie eval policy`: what a whole desk makes of messages. What it does is in modules of its own."""

from pathlib import Path
from typing import Annotated

import typer

from balie.cli.encoder_options import AsJson, EncoderFolder, folder_of
from balie.cli.eval_options import Delta, MaxWrong, expected_share
from balie.cli.extras import libraries_of
from balie.cli.nlu_options import EngineOptions, Lang, Languages, OosLabels, options_of, tags_of


def eval_policy(
    train: Annotated[
        list[Path],
        typer.Option(help="File or folder of examples to learn from; may be repeated.", exists=True),
    ],
    test: Annotated[
        list[Path],
        typer.Option(help="File or folder of messages to work out; may be repeated.", exists=True),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(help="Policy that decides (docs/routing.md).", show_default="the one that ships"),
    ] = None,
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
        typer.Option(help="Folder to keep trained models in, so that another policy can be tried at once."),
    ] = None,
    document: Annotated[
        Path | None, typer.Option(help="Document to write the tables into as well, between two marks.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train on examples, let a whole desk decide on messages that it has not seen, and show what becomes of them.

    NLU understands each message, the gateway's pipeline looks up what its intent leads to, and the policy decides, all by the
    services' own code in this process. Each intent leads to an FAQ entry of its own; no FAQ is searched. Files are those of
    `balie eval nlu`; the label `oos`, and an intent that was not learned, is out of scope. docs/policy-evaluation.md says the
    figures.

    Example: balie eval policy --train train.jsonl --test test.jsonl --out-of-scope 0.2

    Example: balie eval policy --train train.jsonl --test test.jsonl --policy night.yaml --cache var/models --json
    """
    with libraries_of("nlu"):
        from balie.cli.eval_policy import Asked, run_eval_policy
        from balie.cli.policy_evaluation.running import Plan
        from balie.cli.route_policy import read_policy
        from balie.handoff.routing.policy import Policy
        from balie.nlu.calibrating import Promise
        from balie.nlu.engines.registry import DEFAULT_ENGINE
        from balie.nlu.jobs import Task

    promise = Promise(max_wrong=max_wrong, delta=max_wrong_delta, expected_out_of_scope=out_of_scope)
    plan = Plan(
        train=tuple(train),
        test=tuple(test),
        task=Task(
            engine=engine or DEFAULT_ENGINE,
            options=options_of(option or ()),
            languages=tags_of(languages),
            promise=promise,
        ),
        policy=Policy(*read_policy(policy)) if policy else Policy.default(),
        language=lang,
        oos_labels=oos_label,
        cache=cache,
    )
    run_eval_policy(Asked(plan, folder_of(encoder), document), as_json=as_json)
