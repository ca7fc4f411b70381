"""`balie bench nlu`: its arguments and its help; `balie bench` itself is in `balie.cli.app`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.console import console
from balie.cli.encoder_options import EncoderFolder, folder_of
from balie.cli.extras import libraries_of
from balie.cli.nlu_options import EngineOptions, options_of

bench_app = typer.Typer()


@bench_app.command("nlu")
def bench_nlu(
    train: Annotated[
        Path,
        typer.Option(help="JSON Lines with `text` and `label` to learn from.", exists=True, dir_okay=False),
    ],
    messages: Annotated[
        Path | None,
        typer.Option(
            help="JSON Lines with `text`, and `label` where it is known, to send.",
            show_default="a fifth of --train, which is not learned",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="Engine that learns.")] = "ensemble",
    option: EngineOptions = None,
    lang: Annotated[str, typer.Option(help="Language of the messages.")] = "en",
    encoder: EncoderFolder = None,
    yardstick: Annotated[
        str | None, typer.Option(metavar="PYTHON", help="Interpreter with what the yardstick's script needs.")
    ] = None,
    script: Annotated[
        Path,
        typer.Option(help="The yardstick: started as SCRIPT TRAIN.jsonl PORT.", dir_okay=False),
    ] = Path("../shared/yardstick/server.py"),
    rounds: Annotated[int, typer.Option(min=1, help="Of each measurement.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Time of one measurement.")] = 3.0,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when a target is missed or was not measured.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure NLU alone at 1 and 16 messages in flight: with early exit, and with every message encoded.

    With --yardstick beside a script of sentence-transformers, FAISS and scikit-learn that learned the same messages; the
    ways take turns, so that a slow moment of the machine meets them all.

    Example: balie bench nlu --train ../shared/data/intents/banking77/train.jsonl --yardstick .venv-oracle/bin/python
    """
    if yardstick and not script.is_file():
        raise typer.BadParameter(f"{script} is no file", param_hint="--script")
    with libraries_of("cli"):
        from balie.cli.bench.nlu.figures import shown
        from balie.cli.bench.nlu.run import Plan, run
        from balie.cli.bench.nlu.server import Learning
        from balie.cli.bench.nlu.yardstick import Script
        from balie.cli.processes import until_stopped

    learning = Learning(folder_of(encoder), engine, options_of(option or ()), lang)
    rival = Script(yardstick, script) if yardstick else None
    report = asyncio.run(until_stopped(run(Plan(train, messages, learning, rival, rounds, seconds))))
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        console.print(shown(report))
    if check and report.missed:
        raise typer.Exit(1)
